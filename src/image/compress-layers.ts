import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { ParallelGzip } from "../archive/layer/parallel-gzip.ts";
import { mediaTypes } from "../oci/media-types.ts";
import type { Descriptor, Digest, Manifest } from "../oci/types.ts";
import type { Lease } from "../store/locks.ts";
import type { Store } from "../store/store.ts";
import type { ImageRecord } from "../store/types.ts";
import { openStoredImage, storedBytes } from "./stored-image.ts";

const compressedTypes: Readonly<Record<string, string>> = {
  [mediaTypes.ociLayer]: mediaTypes.ociLayerGzip,
  [mediaTypes.dockerLayer]: mediaTypes.dockerLayerGzip,
};

/**
 * The image as it travels: layers that are plain tars, as those made here are, compressed with gzip. The store has these
 * instead from then on, so that the next push finds them. A manifest that a registry knows stays as it is, for the sake of its
 * digest; another one of the same image, as a build makes that was done again, does not.
 */
export async function compressLayers(
  store: Store,
  image: ImageRecord,
  signal?: AbortSignal,
): Promise<ImageRecord> {
  if (store.repositoryDigests.hasManifest(image)) return image;
  const replaced = new Map<Digest, Descriptor>();
  const compressed = await replacePlainLayers(store, image, replaced, signal);
  // Nothing is held any more, so that the plain ones can go where nobody else wants them.
  for (const digest of replaced.keys()) store.garbage.removeUnusedBlob(digest);
  return compressed;
}

async function replacePlainLayers(
  store: Store,
  image: ImageRecord,
  replaced: Map<Digest, Descriptor>,
  signal: AbortSignal | undefined,
): Promise<ImageRecord> {
  using lease = store.lease();
  const { document: stored, manifest: before, layers } = await openStoredImage(store, image, lease, signal);
  const read = { ...image, manifest: stored.descriptor };
  for (const layer of layers) {
    const mediaType = compressedTypes[layer.mediaType];
    if (mediaType === undefined) continue;
    const bytes = await compressBlob(store, layer.digest, mediaType, lease, signal);
    replaced.set(layer.digest, { ...layer, ...bytes });
  }
  if (replaced.size === 0) return read;
  const document: Manifest = {
    ...before,
    layers: before.layers.map((layer) => replaced.get(layer.digest) ?? layer),
  };
  const { mediaType } = read.manifest;
  const manifest: Descriptor = {
    mediaType,
    ...(await store.blobs.put(Buffer.from(JSON.stringify(document)), { lease })),
  };
  store.transaction(() => {
    store.images.replaceManifest(read, manifest, replaced);
    store.buildCache.replaceLayers(replaced);
  });
  return { ...image, manifest };
}

/** Compresses a blob of the store into another one, which `lease` holds. */
async function compressBlob(
  store: Store,
  digest: Digest,
  mediaType: string,
  lease: Lease,
  signal: AbortSignal | undefined,
): Promise<Descriptor> {
  using reserved = store.temporary.reserve("blob");
  const file = openSync(reserved.path, "wx", 0o600);
  const hash = new Bun.CryptoHasher("sha256");
  let size = 0;
  try {
    const gzip = new ParallelGzip((bytes) => {
      hash.update(bytes);
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
      size += bytes.length;
    });
    for await (const chunk of storedBytes(store, { digest })(0)) {
      signal?.throwIfAborted();
      await gzip.write(chunk);
    }
    await gzip.finish();
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  const descriptor: Descriptor = { mediaType, digest: `sha256:${hash.digest("hex")}`, size };
  await store.blobs.adopt(reserved.path, descriptor, { lease, ...(signal === undefined ? {} : { signal }) });
  return descriptor;
}
