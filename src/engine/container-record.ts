import type { RunOptions } from "./run-options.ts";

/** What the engine keeps of a container in `ContainerRecord.options`, as version 1. */
export interface ContainerOptions {
  readonly version: 1;
  readonly run: RunOptions;
  readonly driver: string;
  readonly hostname: string;
  /** argv of the program: entrypoint and command as resolved. */
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly workdir: string;
  readonly user: string;
  /** As Docker's inspect shows them. */
  readonly mounts: readonly MountPoint[];
}

export interface MountPoint {
  readonly type: "bind" | "volume" | "tmpfs";
  readonly name?: string;
  readonly source: string;
  readonly destination: string;
  readonly readOnly: boolean;
  readonly propagation: string;
}
