import { BerthError } from "../base/errors.ts";
import type { ImageExecutionConfig } from "../oci/types.ts";
import { keptIds } from "./kept-identity.ts";
import type { RunOptions } from "./run-options.ts";

export interface ResolvedProcess {
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly workdir: string;
  readonly user: string;
}

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * What the container runs, from the image's configuration and the options, by Docker's rules: `--entrypoint` drops the
 * image's command too, words replace the command, the environment is the image's with the options' on top.
 */
export function resolveProcess(
  config: ImageExecutionConfig,
  options: RunOptions,
  hostname: string,
  caller: Readonly<Record<string, string | undefined>>,
): ResolvedProcess {
  const entrypoint =
    options.entrypoint === undefined ? (config.Entrypoint ?? []) : [options.entrypoint].filter(Boolean);
  const keepsCommand = options.command.length === 0 && options.entrypoint === undefined;
  const args = [...entrypoint, ...(keepsCommand ? (config.Cmd ?? []) : options.command)];
  if (args.length === 0) {
    throw new BerthError("invalid-argument", "no command specified", {
      hint: `the image names no command of its own; say one: berth run ${options.image} COMMAND`,
    });
  }
  const kept = keptIds(options);
  return {
    args,
    env: environment(config, options, hostname, caller),
    workdir: options.workdir ?? (config.WorkingDir || "/"),
    user: options.user ?? (kept ? `${kept.uid}:${kept.gid}` : (config.User ?? "")),
  };
}

function environment(
  config: ImageExecutionConfig,
  options: RunOptions,
  hostname: string,
  caller: Readonly<Record<string, string | undefined>>,
): string[] {
  const variables = new Map<string, string>([
    ["PATH", defaultPath],
    ["HOSTNAME", hostname],
    ...(options.terminal ? ([["TERM", "xterm"]] as const) : []),
  ]);
  for (const entry of config.Env ?? []) {
    const equals = entry.indexOf("=");
    if (equals > 0) variables.set(entry.slice(0, equals), entry.slice(equals + 1));
  }
  addVariables(variables, options.env, caller);
  return [...variables].map(([name, value]) => `${name}=${value}`);
}

/** `NAME=VALUE` of the command line, and `NAME`: the caller's value, and no variable where the caller has none. */
export function addVariables(
  variables: Map<string, string>,
  entries: readonly string[],
  caller: Readonly<Record<string, string | undefined>>,
): void {
  for (const entry of entries) {
    const equals = entry.indexOf("=");
    if (equals >= 0) {
      variables.set(entry.slice(0, equals), entry.slice(equals + 1));
      continue;
    }
    const value = caller[entry];
    if (value === undefined) variables.delete(entry);
    else variables.set(entry, value);
  }
}
