import type { StorageDriver } from "../base/configuration.ts";
import type { WrittenLayer } from "../oci/unpacker.ts";
import type { ByteString } from "../sys/byte-string.ts";
import type { RootMount } from "../sys/root-mount.ts";

export type { LayerUnpacker, UnpackRequest, UnpackResult, WrittenLayer } from "../oci/unpacker.ts";

export interface RootRequest {
  readonly driver: StorageDriver;
  /** Layer directories, lowest first. */
  readonly layers: readonly string[];
  /** The container's own directory; `upper`, `work` and `merged` are made inside, as the driver needs them. */
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

/** A tree of files that grew on layers. */
export interface GrownTree {
  /** Its directory: the upper one of an overlay, or a whole tree that began as a copy of the layers. */
  readonly directory: string;
  readonly form: "upper" | "whole";
  /** The layers below, lowest first. */
  readonly layers: readonly string[];
}

export interface FileChange {
  readonly kind: "added" | "changed" | "deleted";
  /** From the root, without a slash in front. */
  readonly path: ByteString;
}

export interface TreeDifference {
  readonly changes: readonly FileChange[];
  /** Bytes of the regular files that were added or changed. */
  readonly size: number;
}

/** Where a new layer goes; nothing of it exists yet. */
export interface LayerTarget {
  /** The blob's file. */
  readonly output: string;
  /** The unpacked layer. */
  readonly directory: string;
}

export interface LayerRequest extends LayerTarget {
  readonly tree: GrownTree;
  /** Whose the new files are that root made: whoever it stood for, where there is one id. */
  readonly maker?: { readonly uid: number; readonly gid: number };
  /** Nothing in the layer is dated later (SOURCE_DATE_EPOCH), in seconds since 1970. */
  readonly latest?: number;
}

export interface SquashRequest extends LayerTarget {
  /** Lowest first. */
  readonly layers: readonly string[];
  /** So many of them, from the lowest, stay as they are. */
  readonly base: number;
  /** As of a LayerRequest. */
  readonly latest?: number;
}

/** Reads what containers have on disk, whoever its files belong to. Containers may run meanwhile. */
export interface TreeReader {
  difference(tree: GrownTree, signal?: AbortSignal): Promise<TreeDifference>;
  /** Writes what has changed as a layer, blob and directory, and syncs them. */
  writeLayer(request: LayerRequest, signal?: AbortSignal): Promise<WrittenLayer>;
  /** Writes one layer that stands for all layers above the base, blob and directory, and syncs them. */
  squash(request: SquashRequest, signal?: AbortSignal): Promise<WrittenLayer>;
  /** A tar of everything in layers, lowest first, seen as one tree. */
  archive(layers: readonly string[], signal?: AbortSignal): AsyncGenerator<Uint8Array>;
}
