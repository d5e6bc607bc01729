import { shortDigest } from "../oci/digest.ts";
import type { ProgressListener, Pusher, TransferStatus } from "../oci/transport.ts";
import type { Descriptor, Digest, Reference } from "../oci/types.ts";
import type { Store } from "../store/store.ts";
import type { ImageRecord } from "../store/types.ts";
import { createLimiter } from "./limiter.ts";
import { openStoredImage, storedBytes } from "./stored-image.ts";
import { untilFailure } from "./until-failure.ts";

export interface PushImageRequest {
  readonly store: Store;
  readonly image: ImageRecord;
  /** With a tag. */
  readonly reference: Reference;
  readonly target: Pusher;
  /** Another repository of the same registry that has a blob, as its path. */
  readonly mountSource: (digest: Digest) => string | undefined;
  readonly onProgress?: ProgressListener;
  readonly signal?: AbortSignal;
}

/** Layers on their way at the same time, as many as Docker has. */
const concurrency = 5;

/**
 * Brings an image of the store to another end, byte for byte: layers and configuration in any order, and the manifest last,
 * because a registry wants what it names to be there. Answers the manifest's descriptor. The first failure ends all.
 */
export async function pushImage(request: PushImageRequest): Promise<Descriptor> {
  const { store, image, reference, target, onProgress } = request;
  using lease = store.lease();
  const { document, manifest, layers } = await openStoredImage(store, image, lease, request.signal);
  const limited = createLimiter(concurrency);
  const tell = (digest: Digest, status: TransferStatus) =>
    onProgress?.({ kind: "status", id: shortDigest(digest), digest, status });

  const push = async (blob: Descriptor, isLayer: boolean, signal: AbortSignal) => {
    const { digest, size: total } = blob;
    const id = shortDigest(digest);
    const mountFrom = request.mountSource(digest);
    const onBytes = (current: number) =>
      onProgress?.({ kind: "bytes", id, digest, status: "Pushing", current, total });
    signal.throwIfAborted();
    const done = await target.pushBlob(reference, blob, storedBytes(store, blob), {
      signal,
      ...(mountFrom === undefined ? {} : { mountFrom }),
      ...(isLayer ? { onBytes } : {}),
    });
    if (!isLayer) return;
    if (done.kind === "present") tell(digest, "Layer already exists");
    else tell(digest, done.kind === "mounted" ? `Mounted from ${done.from}` : "Pushed");
  };

  for (const { digest } of layers) tell(digest, "Preparing");
  for (const { digest } of layers.slice(concurrency)) tell(digest, "Waiting");
  await untilFailure(request.signal, (signal) => [
    ...layers.map((layer) => limited(() => push(layer, true, signal))),
    limited(() => push(manifest.config, false, signal)),
  ]);
  await target.pushManifest(reference, document, request.signal);
  return document.descriptor;
}
