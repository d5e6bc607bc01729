import { expect, test } from "bun:test";
import { compressLayers } from "../../../src/image/compress-layers.ts";
import { storeImage } from "../../../src/image/store-image.ts";
import { openStoredImage } from "../../../src/image/stored-image.ts";
import { mediaTypes } from "../../../src/oci/media-types.ts";
import type { Store } from "../../../src/store/store.ts";
import { digestOf } from "../../support/records.ts";
import { temporaryStore } from "../../support/temporary-store.ts";

const name = "docker.io/library/made:latest";

async function madeHere(store: Store) {
  using lease = store.lease();
  const layer = { mediaType: mediaTypes.ociLayer, ...(await store.blobs.put(Buffer.from("tar"), { lease })) };
  const config = {
    architecture: "amd64",
    os: "linux",
    rootfs: { type: "layers", diff_ids: [digestOf("tar")] },
  } as const;
  return storeImage(store, { config, layers: [layer], names: [name] }, lease);
}

test("whoever knows the image from before its layers were compressed reads what it has now", async () => {
  using temporary = temporaryStore();
  const { store } = temporary;
  const before = await madeHere(store);
  const compressed = await compressLayers(store, before);
  expect(compressed.manifest.digest).not.toBe(before.manifest.digest);
  expect(store.blobs.has(digestOf("tar"))).toBe(false);
  using lease = store.lease();
  const { document, layers } = await openStoredImage(store, before, lease);
  expect(document.descriptor).toEqual(compressed.manifest);
  expect(layers.map(({ mediaType }) => mediaType)).toEqual([mediaTypes.ociLayerGzip]);
  expect((await compressLayers(store, before)).manifest).toEqual(compressed.manifest);
});

test("an image that is removed meanwhile is compressed for nobody, and leaves nothing behind", async () => {
  using temporary = temporaryStore();
  const { store } = temporary;
  const image = await madeHere(store);
  const work = compressLayers(store, image);
  store.images.delete(image.id); // between its first step and its last
  const { manifest } = await work;
  expect(manifest.digest).not.toBe(image.manifest.digest);
  expect(store.images.list()).toEqual([]);
  expect(store.images.isBlobUsed(manifest.digest)).toBe(false);
});

test("a manifest that a registry knows stays as it is, one that it does not know becomes the same again", async () => {
  using temporary = temporaryStore();
  const { store } = temporary;
  const known = await compressLayers(store, await madeHere(store));
  const { id: imageId, manifest } = known;
  store.repositoryDigests.add({ repository: "host/a", digest: manifest.digest, imageId, manifest });
  const again = await madeHere(store);
  expect(again.id).toBe(imageId);
  expect((await compressLayers(store, again)).manifest).toEqual(manifest);
  const plain = await madeHere(store);
  store.repositoryDigests.add({
    repository: "host/a",
    digest: plain.manifest.digest,
    imageId,
    manifest: plain.manifest,
  });
  expect(await compressLayers(store, plain)).toEqual(plain);
});
