import { renameSync } from "node:fs";
import { mediaTypes } from "../oci/media-types.ts";
import type { Descriptor, Digest } from "../oci/types.ts";
import type { LayerUnpacker, WrittenLayer } from "../oci/unpacker.ts";
import type { Lease } from "../store/locks.ts";
import type { Store } from "../store/store.ts";
import type { RemoveTree } from "../store/temporary.ts";

export interface LayerTools {
  readonly store: Store;
  readonly unpacker: LayerUnpacker;
  readonly removeTree: RemoveTree;
  /** What could not be kept while unpacking, for a person. */
  readonly onNote?: (note: string) => void;
}

/** A layer of the store, as a configuration and a manifest name it. */
export interface StoredLayer {
  readonly diffId: Digest;
  readonly descriptor: Descriptor;
}

/** The diff id of a tar without entries; Docker writes no layer for it. */
export const emptyDiffId: Digest = "sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef";

/**
 * Takes a new layer into the store, as blob and as directory, and holds both in `lease`. `write` makes its file and, where
 * it unpacks at the same time, its directory; neither exists before. What is not unpacked then is unpacked here, like any
 * layer that comes from elsewhere. Undefined for a layer without entries.
 */
export async function addLayer(
  { store, unpacker, removeTree, onNote }: LayerTools,
  lease: Lease,
  write: (target: { readonly output: string; readonly directory: string }) => Promise<WrittenLayer>,
  signal?: AbortSignal,
): Promise<StoredLayer | undefined> {
  store.prepare();
  using file = store.temporary.reserve("blob");
  using directory = store.temporary.reserve("tree");
  try {
    const { diffId, size, unpacked } = await write({ output: file.path, directory: directory.path });
    if (diffId === emptyDiffId) return undefined;
    const descriptor = { mediaType: mediaTypes.ociLayer, digest: diffId, size };
    const held = signal === undefined ? { lease } : { lease, signal };
    await store.blobs.adopt(file.path, descriptor, held);
    const unpack = async (target: string) => {
      if (unpacked !== undefined) renameSync(directory.path, target);
      const request = { blob: store.blobs.path(diffId), diffId, target };
      const result = unpacked ?? (await unpacker.unpack(request, undefined, signal));
      for (const note of result.notes) onNote?.(note);
      return result.size;
    };
    await store.layers.ensure(diffId, lease, unpack, removeTree, signal);
    return { diffId, descriptor };
  } finally {
    await removeTree(file.path);
    await removeTree(directory.path);
  }
}
