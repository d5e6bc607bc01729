import { createReadStream } from "node:fs";
import { BerthError, isBerthError } from "../base/errors.ts";
import type { BlobBytes, RawDocument } from "../oci/transport.ts";
import type { Descriptor, Manifest } from "../oci/types.ts";
import { maximumManifestSize } from "../oci/limits.ts";
import { parseManifestOrIndex } from "../oci/validate.ts";
import type { Lease } from "../store/locks.ts";
import type { Store } from "../store/store.ts";
import type { ImageRecord } from "../store/types.ts";

/** An image of the store as it can be given away: the manifest's own bytes, and every blob that it names. */
export interface StoredImage {
  readonly document: RawDocument;
  readonly manifest: Manifest;
  /** Lowest first, each digest once. */
  readonly layers: readonly Descriptor[];
}

/**
 * Reads the manifest of an image and makes sure that everything it names is in the store, where `lease` holds it; a store
 * that cannot be written has nobody to hold against. Where a push has just given the image another manifest, that one
 * counts. Throws `not-found` for a blob that is gone, `digest-mismatch`.
 */
export async function openStoredImage(
  store: Store,
  image: ImageRecord,
  lease: Lease,
  signal?: AbortSignal,
): Promise<StoredImage> {
  try {
    return await readStoredImage(store, image, lease, signal);
  } catch (error) {
    if (!isBerthError(error, "not-found")) throw error;
    const now = store.images.get(image.id);
    if (now === undefined || now.manifest.digest === image.manifest.digest) throw error;
    return readStoredImage(store, now, lease, signal);
  }
}

async function readStoredImage(
  store: Store,
  image: ImageRecord,
  lease: Lease,
  signal: AbortSignal | undefined,
): Promise<StoredImage> {
  const writable = store.isWritable();
  const require = async ({ digest, size }: Descriptor) => {
    const there = writable ? await store.blobs.hold(digest, lease, signal) : store.blobs.has(digest);
    if (there && store.blobs.size(digest) === size) return;
    throw new BerthError("not-found", `blob ${digest} of image ${image.id} is not in the store`, {
      hint: "pull or load the image again",
    });
  };
  await require(image.manifest);
  const bytes = store.blobs.read(image.manifest.digest, maximumManifestSize);
  const parsed = parseManifestOrIndex(bytes, image.manifest.mediaType);
  if (parsed.kind !== "manifest")
    throw new BerthError("invalid-image", `the manifest of image ${image.id} is an index`);
  const { manifest } = parsed;
  const layers = [...new Map(manifest.layers.map((layer) => [layer.digest, layer])).values()];
  for (const blob of [manifest.config, ...layers]) await require(blob);
  return { document: { descriptor: image.manifest, bytes }, manifest, layers };
}

const readSize = 128 * 1024;

/** The bytes of a blob of the store, from an offset on. */
export function storedBytes(store: Store, { digest }: Pick<Descriptor, "digest">): BlobBytes {
  return (offset) => createReadStream(store.blobs.path(digest), { start: offset, highWaterMark: readSize });
}
