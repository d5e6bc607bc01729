/** What `image/` asks of `snapshot/`, which it does not know: layers into directories, and directories into layers. */
import type { Digest } from "./types.ts";

export interface UnpackRequest {
  /** The compressed blob. */
  readonly blob: string;
  /**
   * Where the blob is while it is received, and how many bytes are there, by and by; when the lengths end, it is whole. It may
   * move to `blob` any time.
   */
  readonly arriving?: { readonly path: string; readonly lengths: AsyncIterable<number> };
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

  /**
   * Gives the directories that a layer has without describing them the owner, mode and time that the layers below it
   * say, as unpacking one layer over the other does. `layers` are all unpacked layers of an image, lowest first. To be
   * called before the image can be used; again it does nothing.
   */
  complete(layers: readonly string[], signal?: AbortSignal): Promise<void>;
}

/** A layer as it is made: a tar, which is not compressed before it travels (image/compress-layers.ts). */
export interface WrittenLayer {
  readonly diffId: Digest;
  readonly size: number;
  /** There where it was made unpacked at the same time. */
  readonly unpacked?: UnpackResult;
}
