import { readFileSync } from "node:fs";
import type { Engine } from "./engines.ts";

/** One line of the table. */
export interface Figure {
  readonly work: string;
  readonly ours: string;
  readonly theirs: string;
  /** Ours divided by theirs, where both are measured. */
  readonly ratio: number | undefined;
  readonly aim: string;
  readonly reached: boolean;
}

export interface LargeImage {
  /** A reference to pull. */
  readonly name: string;
  /** A directory that is an OCI image layout, where its tag is `latest`. */
  readonly layout: string;
}

export interface Bench {
  readonly berth: Engine;
  readonly podman: Engine;
  readonly buildah: Engine;
  /** An executable compiled by the same Bun that only prints a line. */
  readonly hello: string;
  /** Makes the large image available; starts the registry on first use. */
  readonly largeImage: () => Promise<LargeImage>;
  /** Name of the small image, in both stores. */
  readonly smallImage: string;
  /** The file that it was loaded from. */
  readonly imageArchive: string;
  readonly rounds: number;
  /** For further stores, on the file system of those of the engines. */
  readonly directory: string;
}

export const milliseconds = (value: number) => `${value < 100 ? value.toFixed(1) : value.toFixed(0)} ms`;

export function against(engine: Engine, work: string, aim: number, ours: number, theirs: number): Figure {
  const name = engine.name === "podman" ? work : `${work}, against ${engine.name}`;
  return { ...againstPodman(name, aim, ours, theirs), aim: `at most ${aim} of ${engine.name}` };
}

export function againstPodman(
  work: string,
  aim: number,
  ours: number,
  theirs: number,
  alternative?: number,
): Figure {
  const ratio = ours / theirs;
  return {
    work,
    ours: milliseconds(ours),
    theirs: milliseconds(theirs),
    ratio,
    aim: `at most ${aim} of podman${alternative === undefined ? "" : `, aiming at ${alternative} ms`}`,
    reached: ratio <= aim,
  };
}

/** Private bytes of a process: what it costs besides what it shares with others (proc(5), smaps_rollup). */
export function privateMemory(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
  let total = 0;
  for (const [, kilobytes] of text.matchAll(/^Private_\w+:\s+(\d+) kB$/gm)) total += Number(kilobytes) * 1024;
  return total;
}
