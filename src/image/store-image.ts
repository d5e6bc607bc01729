import { mediaTypes } from "../oci/media-types.ts";
import type { Descriptor, Digest, ImageConfig, Manifest } from "../oci/types.ts";
import type { Lease } from "../store/locks.ts";
import type { Store } from "../store/store.ts";
import type { ImageRecord } from "../store/types.ts";

/** An image that was made here. */
export interface NewImage {
  readonly config: ImageConfig;
  /** Lowest first, as many as the configuration has diff ids; blobs and directories of the store. */
  readonly layers: readonly Descriptor[];
  /** Canonical names with a tag that it gets; whatever had them loses them. */
  readonly names: readonly string[];
}

/** The documents of an image that has no record. */
export interface WrittenImage {
  readonly descriptor: Descriptor;
  readonly manifest: Manifest;
}

/** Writes configuration and OCI manifest for layers of the store. `lease` alone holds all of it. */
export async function writeImage(
  store: Store,
  image: Pick<NewImage, "config" | "layers">,
  lease: Lease,
): Promise<WrittenImage> {
  const put = async (mediaType: string, document: object): Promise<Descriptor> => ({
    mediaType,
    ...(await store.blobs.put(Buffer.from(JSON.stringify(document)), { lease })),
  });
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: await put(mediaTypes.ociConfig, image.config),
    layers: image.layers.map(ociLayer),
  };
  return { descriptor: await put(mediaTypes.ociManifest, manifest), manifest };
}

/**
 * Makes an image of layers that are in the store: writes configuration and OCI manifest, and shows it under its names.
 * `lease` holds the layers. The same configuration and layers give the same image.
 */
export async function storeImage(store: Store, image: NewImage, lease: Lease): Promise<ImageRecord> {
  const { config, names } = image;
  const { descriptor, manifest } = await writeImage(store, image, lease);
  const id = manifest.config.digest;
  const now = new Date().toISOString();
  const record: ImageRecord = {
    id,
    manifest: descriptor,
    config,
    size: config.rootfs.diff_ids.reduce((sum, diffId) => sum + (store.layers.size(diffId) ?? 0), 0),
    addedAt: now,
  };
  const blobs: Digest[] = [id, descriptor.digest, ...manifest.layers.map(({ digest }) => digest)];
  store.transaction(() => {
    store.images.put(record, blobs);
    for (const name of names) store.names.set(name, record);
  });
  return store.images.require(id);
}

const ociTypes: Readonly<Record<string, string>> = {
  [mediaTypes.dockerLayer]: mediaTypes.ociLayer,
  [mediaTypes.dockerLayerGzip]: mediaTypes.ociLayerGzip,
  [mediaTypes.dockerLayerZstd]: mediaTypes.ociLayerZstd,
};

/** A layer of an image in Docker's format, by the name that its bytes have in OCI's. */
function ociLayer(layer: Descriptor): Descriptor {
  return { ...layer, mediaType: ociTypes[layer.mediaType] ?? layer.mediaType };
}
