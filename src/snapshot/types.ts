import type { StorageDriver } from "../base/configuration.ts";
import type { RootMount } from "../sys/root-mount.ts";

export type { LayerCompression, LayerUnpacker, UnpackRequest, UnpackResult } from "../oci/unpacker.ts";

export interface RootRequest {
  readonly driver: StorageDriver;
  /** Layer directories, lowest first. */
  readonly layers: readonly string[];
  /** The container's own directory; `upper`, `work` and `merged` are made inside. */
  readonly directory: string;
  /** The writable layer need not survive a crash of the machine. */
  readonly volatile: boolean;
}

/** Stacks layers. It returns what to mount and never mounts. */
export interface Snapshotter {
  prepareRoot(request: RootRequest): Promise<RootMount>;
  /** Removes a tree whose files may belong to mapped ids or be mode 000. Missing is fine. */
  removeTree(path: string): Promise<void>;
}
