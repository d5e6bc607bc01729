import type { ContainerPort } from "../oci/ports.ts";
import type { Digest } from "../oci/types.ts";
import type { Healthcheck } from "../oci/types.ts";
import type { ContainerRecord } from "../store/types.ts";
import type { MountOption, RunOptions } from "./run-options.ts";

/**
 * What the engine keeps of a container in `ContainerRecord.options`: all that a start needs, so that a container can be
 * started again when its image, its creator's environment and its creator are gone.
 */
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
  /** The one asked for, or the image's. */
  readonly stopSignal?: string;
  /** The ports that the image and `--expose` name. */
  readonly exposed?: readonly ContainerPort[];
  /** What was asked for, completed by the image; `Test` may be `NONE`. */
  readonly healthcheck?: Healthcheck;
  /** The image's `SHELL`. */
  readonly shell?: readonly string[];
  /** Those asked for and those of the image's `VOLUME`s, outer targets first. */
  readonly mounts: readonly SettledMount[];
}

/** A mount whose volume has its name, and is known to be the container's alone or not. */
export type SettledMount =
  | Exclude<MountOption, { kind: "volume" | "image" }>
  | (Extract<MountOption, { kind: "image" }> & {
      readonly imageId: Digest;
      /** Diff IDs, lowest first; they are kept for the container. */
      readonly layers: readonly Digest[];
    })
  | (Extract<MountOption, { kind: "volume" }> & { readonly name: string; readonly anonymous: boolean });

/** The engine's part of a record. */
export function optionsOf(container: Pick<ContainerRecord, "options">): ContainerOptions {
  return container.options as ContainerOptions;
}

/** A container that exists, as far as a start needs to know it (container-spec.ts). */
export interface StartableContainer {
  readonly id: string;
  readonly directory: string;
  readonly options: ContainerOptions;
  /** Diff IDs, lowest first. */
  readonly layers: readonly Digest[];
  readonly firstStart: boolean;
}
