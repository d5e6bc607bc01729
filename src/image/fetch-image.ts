import { BerthError } from "../base/errors.ts";
import { maximumManifestSize } from "../oci/limits.ts";
import { hostPlatform } from "../oci/platform.ts";
import { repositoryName } from "../oci/reference.ts";
import type { RawDocument } from "../oci/transport.ts";
import type { Descriptor, Digest, Reference } from "../oci/types.ts";
import { checkLayers, parseImageConfig } from "../oci/validate.ts";
import { maximumConfigSize } from "../oci/validate-config.ts";
import { verifiedBytes } from "../oci/verified-bytes.ts";
import type { Lease } from "../store/locks.ts";
import type { ImageRecord } from "../store/types.ts";
import { checkPlatform } from "./check-platform.ts";
import { imageThere } from "./image-there.ts";
import type { ImportRequest, ImportResult } from "./import-request.ts";
import { importLayers } from "./import-layers.ts";
import { type SelectedManifest, selectManifest } from "./select-manifest.ts";
import { untilFailure } from "./until-failure.ts";

/**
 * The import of an image that is not known to be there: from the document that the source answered with, or the one of a
 * descriptor, to its record.
 */
export async function fetchImage(
  request: ImportRequest,
  root: RawDocument | Descriptor,
): Promise<ImportResult> {
  const { origin, store } = request;
  const repository = origin.kind === "reference" ? origin.reference : origin.repository;
  using lease = store.lease();
  const fetchDocument = (descriptor: Descriptor) => documentOf(request, repository, descriptor, lease);
  const document = "bytes" in root ? root : await fetchDocument(root);
  const { digest } = document.descriptor;
  const selected = await selectManifest(document, request.platform ?? hostPlatform(), fetchDocument);
  const there = imageThere(request, repository, selected, digest);
  if (there !== undefined) {
    checkPlatform(there.config, request.platform, repository);
    return { image: there, digest, upToDate: true };
  }
  return await fetchMissing(request, repository, digest, selected, lease); // the lease ends here
}

/** Fetches what the store has not got of an image, and makes it visible. */
async function fetchMissing(
  request: ImportRequest,
  repository: Reference,
  digest: Digest,
  selected: SelectedManifest,
  lease: Lease,
): Promise<ImportResult> {
  const { store, signal } = request;
  const { manifest } = selected;
  await request.onMissing?.();
  await using configuration = await configOf(request, repository, manifest.config, lease);
  const config = parseImageConfig(configuration.bytes);
  checkLayers(manifest, config);
  checkPlatform(config, request.platform, repository);

  const layers = manifest.layers.map((descriptor, index) => ({
    descriptor,
    diffId: config.rootfs.diff_ids[index]!, // checkLayers: as many as layers
  }));
  // Layers may be gigabytes, which nobody wants where the small documents cannot be kept.
  await untilFailure(signal, (inner) => [
    importLayers(repository, layers, lease, request, inner),
    configuration.stored,
    ...selected.path.map((document) => store.blobs.put(document.bytes, { lease })),
  ]);

  const { descriptor } = selected.document;
  const image: ImageRecord = {
    id: manifest.config.digest,
    manifest: { mediaType: descriptor.mediaType, digest: descriptor.digest, size: descriptor.size },
    config,
    size: layers.reduce((sum, { diffId }) => sum + (store.layers.size(diffId) ?? 0), 0),
    addedAt: new Date().toISOString(),
  };
  const blobs = [
    manifest.config.digest,
    ...manifest.layers.map((layer) => layer.digest),
    ...selected.path.map(({ descriptor }) => descriptor.digest),
  ];
  const changed = publish(request, repository, image, blobs, digest);
  return { image: store.images.require(image.id), digest, upToDate: !changed };
}

/** Makes the image visible under its names; whether anything became different by that. */
function publish(
  { store, names, rememberDigest }: ImportRequest,
  reference: Reference,
  image: ImageRecord,
  blobs: readonly Digest[],
  digest: Digest,
): boolean {
  return store.transaction(() => {
    let changed = store.images.get(image.id) === undefined;
    store.images.put(image, blobs);
    for (const name of names) {
      const before = store.images.getByName(name);
      if (before?.id === image.id && before.manifest.digest === image.manifest.digest) continue;
      store.names.set(name, image);
      changed = true;
    }
    if (rememberDigest) {
      const { id: imageId, manifest } = image;
      const entry = { repository: repositoryName(reference), digest, imageId, manifest };
      if (store.repositoryDigests.add(entry)) changed = true;
    }
    return changed;
  });
}

/** A manifest or index, from the store where it is there: what has the digest is the same everywhere. */
async function documentOf(
  { source, store, signal }: ImportRequest,
  repository: Reference,
  descriptor: Descriptor,
  lease: Lease,
): Promise<RawDocument> {
  if (await store.blobs.hold(descriptor.digest, lease, signal)) {
    const bytes = store.blobs.read(descriptor.digest, maximumManifestSize);
    if (bytes.byteLength === descriptor.size) return { descriptor, bytes };
    throw new BerthError(
      "digest-mismatch",
      `manifest ${descriptor.digest} has ${bytes.byteLength} bytes, but its descriptor promises ${descriptor.size}`,
    );
  }
  return source.fetchManifest(repository, descriptor, signal);
}

/**
 * The configuration, as soon as it is verified; `stored` is when it is in the store, so that nobody waits for the disk.
 * One process at a time fetches it. Disposal waits until nothing is written any more.
 */
async function configOf(
  { source, store, signal }: ImportRequest,
  repository: Reference,
  descriptor: Descriptor,
  lease: Lease,
): Promise<{ readonly bytes: Uint8Array; readonly stored: Promise<unknown> } & AsyncDisposable> {
  const abort = signal === undefined ? {} : { signal };
  const arrived = Promise.withResolvers<Uint8Array>();
  async function* told(body: AsyncIterable<Uint8Array>) {
    const parts: Uint8Array[] = [];
    for await (const part of verifiedBytes(body, descriptor)) {
      parts.push(part);
      yield part;
    }
    arrived.resolve(Buffer.concat(parts));
  }
  const open = async () => {
    const { body } = await source.fetchBlob(repository, descriptor, abort);
    return { offset: 0, body: told(body) };
  };
  const stored = store.blobs.ingest(descriptor, open, { lease, ...abort });
  const present = stored.then(() => store.blobs.read(descriptor.digest, maximumConfigSize));
  return {
    bytes: await Promise.race([arrived.promise, present]),
    stored,
    [Symbol.asyncDispose]: () => Promise.allSettled([stored]).then(() => undefined),
  };
}
