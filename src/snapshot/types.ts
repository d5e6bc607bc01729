import type { StorageDriver } from "../base/configuration.ts";
import type { Digest } from "../oci/types.ts";
import type { RootMount } from "../sys/root-mount.ts";

export type LayerCompression = "none" | "gzip" | "zstd";

export interface UnpackRequest {
  /** The compressed blob, already verified. */
  readonly blob: string;
  readonly compression: LayerCompression;
  /** The unpacked tar must have this digest, or the result is discarded. */
  readonly diffId: Digest;
  /** A directory that does not exist yet, in the store's `tmp/`. The caller renames it into place. */
  readonly target: string;
  /** Refuse to write more bytes than this. */
  readonly maximumSize?: number;
}

export interface UnpackResult {
  /** Bytes of file content. */
  readonly size: number;
  /** What could not be kept, for a person: "device node dev/sda skipped". At most a handful, then a count. */
  readonly notes: readonly string[];
}

/** Turns layers into directories. Runs a worker inside a user namespace, so that owners can be real. */
export interface LayerUnpacker {
  unpack(
    request: UnpackRequest,
    onProgress?: (compressedBytesRead: number) => void,
    signal?: AbortSignal,
  ): Promise<UnpackResult>;
}

export interface RootRequest {
  readonly driver: StorageDriver;
  /** Layer directories, lowest first. */
  readonly layers: readonly string[];
  /** The container's own directory; `upper`, `work` and `merged` are made inside. Undefined: a root without a writable layer. */
  readonly directory?: string;
  /** The writable layer need not survive a crash of the machine. */
  readonly volatile: boolean;
}

/** Stacks layers. It returns what to mount and never mounts. */
export interface Snapshotter {
  prepareRoot(request: RootRequest): Promise<RootMount>;
  /** Removes a tree whose files may belong to mapped ids or be mode 000. Missing is fine. */
  removeTree(path: string): Promise<void>;
}
