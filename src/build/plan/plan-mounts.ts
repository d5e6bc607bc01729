import { posix } from "node:path";
import { DockerfileError } from "../dockerfile-error.ts";
import { parseMount } from "../instructions/run-mount.ts";
import type { PlannedMount, Source } from "./types.ts";

export interface Surroundings {
  word(text: string): string;
  readonly workdir: string;
  from(name: string): Source;
}

/** The mounts of a RUN, with where they come from and absolute targets. Throws DockerfileError. */
export function planMounts(texts: readonly string[], { word, workdir, from }: Surroundings): PlannedMount[] {
  return texts.map((text) => {
    const { from: name, ...mount } = parseMount(text, word);
    const source: Source | undefined =
      name !== "" ? from(name) : mount.type === "bind" ? { kind: "context" } : undefined;
    if (mount.type === "secret" || mount.type === "ssh") return mount;
    const target = posix.resolve(workdir, mount.target);
    if (target === "/") throw new DockerfileError(`invalid mount target ${JSON.stringify(target)}`);
    const id = mount.type === "cache" && mount.id === "" ? posix.normalize(mount.target) : mount.id;
    return { ...mount, id, target, ...(source === undefined ? {} : { from: source }) };
  });
}
