import type { ImageArchiveFormat } from "../../archive/write-image-archive.ts";
import type { RunOptions } from "../run-options.ts";

/** What `build` was asked for; parsed by the CLI. */
export interface BuildOptions {
  /** A directory, `-` for stdin, or a URL. */
  readonly context: string;
  readonly workingDirectory: string;
  readonly stdin: () => AsyncIterable<Uint8Array>;
  /** `-f`, as typed: relative to the working directory for a local context, to the context otherwise; `-` is stdin. */
  readonly dockerfile?: string;
  readonly tags: readonly string[];
  /** Where the result goes; to be an image of the store, if nothing else was asked for. */
  readonly outputs: readonly BuildOutput[];
  readonly labels: Readonly<Record<string, string>>;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly platform?: string;
  readonly noCache: boolean;
  /** Stages whose steps are not looked for in the cache. */
  readonly noCacheFilter: readonly string[];
  /** Images whose layers may be reused, as they were built with `inlineCache`. */
  readonly cacheFrom: readonly string[];
  /** Whether the image tells how its layers were made. */
  readonly inlineCache: boolean;
  /** Whether one layer stands for all that the build has made. */
  readonly squash: boolean;
  readonly pull: boolean;
  readonly network: "default" | "none" | "host";
  readonly storageDriver?: string;
  readonly secrets: readonly SecretSource[];
  /** Agent sockets by id. */
  readonly ssh: Readonly<Record<string, string>>;
  /** Directories, images (`docker-image://`) or URLs by name. */
  readonly contexts: Readonly<Record<string, string>>;
  /** For every RUN. */
  readonly surroundings: RunSurroundings;
}

/** `--output`. An image has the tags of the build as names, unless it says others. */
export type BuildOutput =
  | { readonly kind: "image"; readonly names?: readonly string[] }
  | { readonly kind: ImageArchiveFormat; readonly names?: readonly string[]; readonly write: WriteBytes }
  /** The files alone. */
  | { readonly kind: "tar"; readonly write: WriteBytes }
  /** A directory of the host, absolute; what else is in it stays. */
  | { readonly kind: "local"; readonly directory: string };

/** Ends when everything is where it belongs. */
export type WriteBytes = (bytes: AsyncIterable<Uint8Array>) => Promise<void>;

/** What a RUN finds as a container of `run` with these options does. */
export type RunSurroundings = Pick<RunOptions, "hostname" | "names" | "limits" | "sharedMemorySize">;

/** `--secret`: where a secret comes from. */
export type SecretSource =
  | { readonly id: string; readonly file: string }
  | { readonly id: string; readonly variable: string };
