import type { ImageConfig, ImageExecutionConfig } from "../../oci/types.ts";
import type { StageState } from "./types.ts";

export const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Where a stage begins that stands on an image; on scratch, `config` is undefined. */
export function stateOfImage(image: Pick<ImageConfig, "config" | "author"> | undefined): StageState {
  const given: ImageExecutionConfig = image?.config ?? { WorkingDir: "/" };
  const environment = given.Env ?? [];
  const hasPath = environment.some((entry) => entry.startsWith("PATH="));
  const { OnBuild: _, ...rest } = given;
  const config = { ...rest, Env: hasPath ? environment : [...environment, defaultPath] };
  return {
    config,
    ...(image?.author ? { author: image.author } : {}),
    variables: new Map(config.Env.map(cut)),
    args: [],
  };
}

/** Where a stage begins that stands on another stage: ONBUILD is not passed on, it was for this one. */
export function stateOfStage(state: StageState): StageState {
  const { OnBuild: _, ...config } = state.config;
  return { ...state, config };
}

function cut(entry: string): [string, string] {
  const at = entry.indexOf("=");
  return at === -1 ? [entry, ""] : [entry.slice(0, at), entry.slice(at + 1)];
}

/** Replaces a variable where it stands, or adds it at the end. */
export function withVariable(environment: readonly string[], name: string, value: string): string[] {
  const at = environment.findIndex((entry) => cut(entry)[0] === name);
  const entry = `${name}=${value}`;
  return at === -1 ? [...environment, entry] : environment.with(at, entry);
}
