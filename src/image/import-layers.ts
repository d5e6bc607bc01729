import { shortDigest } from "../oci/digest.ts";
import type { Fetcher, ProgressListener, TransferStatus } from "../oci/transport.ts";
import type { Descriptor, Digest, Reference } from "../oci/types.ts";
import type { LayerUnpacker } from "../oci/unpacker.ts";
import type { Lease } from "../store/locks.ts";
import type { Store } from "../store/store.ts";
import type { RemoveTree } from "../store/temporary.ts";
import { ArrivingBlob } from "./arriving-blob.ts";
import { createLimiter } from "./limiter.ts";

/** As Docker's `max-concurrent-downloads`. */
const defaultDownloads = 3;

/** What every import needs besides what it imports. */
export interface ImportTools {
  readonly store: Store;
  readonly source: Fetcher;
  readonly unpacker: LayerUnpacker;
  readonly removeTree: RemoveTree;
  /** Downloads at once; 3 if undefined. */
  readonly concurrency?: number;
  /** Refuses a layer that unpacks to more bytes than this. */
  readonly maximumLayerSize?: number;
  readonly onProgress?: ProgressListener;
  /** What could not be kept while unpacking, for a person. */
  readonly onNote?: (note: string) => void;
}

export interface LayerToImport {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
}

/**
 * Brings layers into the store, each as blob and as directory, and holds them in `lease`: several downloads at once,
 * each unpacked while it arrives, into a directory that is published only when the blob was verified. Blobs are kept
 * beside the directories, so that a push sends the same digests; hence a layer whose directory alone is there is still
 * fetched, but not unpacked again. The first failure stops the others and is thrown when they have stopped.
 */
export async function importLayers(
  repository: Reference,
  layers: readonly LayerToImport[],
  lease: Lease,
  tools: ImportTools,
  signal?: AbortSignal,
): Promise<void> {
  const { store } = tools;
  const say = (digest: Digest, status: TransferStatus) =>
    tools.onProgress?.({ kind: "status", id: shortDigest(digest), digest, status });

  const wanted = new Map(layers.map((layer) => [`${layer.descriptor.digest} ${layer.diffId}`, layer]));
  const missing: LayerToImport[] = [];
  for (const layer of wanted.values()) {
    const { digest, size } = layer.descriptor;
    const there =
      store.blobs.size(digest) === size &&
      (await store.layers.hold(layer.diffId, lease, signal)) &&
      (await store.blobs.hold(digest, lease, signal));
    say(digest, there ? "Already exists" : "Pulling fs layer");
    if (!there) missing.push(layer);
  }
  if (missing.length > 0) await importMissing(repository, missing, lease, tools, say, signal);
  await tools.unpacker.complete(
    layers.map(({ diffId }) => store.layers.path(diffId)),
    signal,
  );
}

async function importMissing(
  repository: Reference,
  missing: readonly LayerToImport[],
  lease: Lease,
  tools: ImportTools,
  say: (digest: Digest, status: TransferStatus) => void,
  signal?: AbortSignal,
): Promise<void> {
  const { store, source } = tools;
  // How much a layer unpacks to nobody tells but an earlier time here; it is hardly ever less than what its blob has.
  const bytes = missing.reduce((sum, { descriptor, diffId }) => {
    const blob = store.blobs.missing(descriptor);
    const isHere = blob > 0 && source.takeBlob?.(descriptor) !== undefined;
    const unpacked = store.layers.has(diffId) ? 0 : (store.layers.size(diffId) ?? descriptor.size);
    return sum + (isHere ? 0 : blob) + unpacked;
  }, 0);
  store.blobs.requireSpace("the layers of this image", bytes);

  const concurrency = tools.concurrency ?? defaultDownloads;
  for (const { descriptor } of missing.slice(concurrency)) say(descriptor.digest, "Waiting");
  const download = createLimiter(concurrency);
  // Whatever arrives can be unpacked, however few processors there are: it waits for the network most of the time.
  const processors = process.getBuiltinModule("node:os").availableParallelism();
  const unpack = createLimiter(Math.max(processors, concurrency));
  const stop = new AbortController();
  const inner = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);

  const stopping = async (work: Promise<void>) => {
    try {
      await work;
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  };
  const outcomes = await Promise.allSettled(
    missing.map(async (layer) => {
      const arriving = new ArrivingBlob();
      let unpacking: Promise<void> | undefined;
      const startUnpacking = () => {
        unpacking ??= unpack(() => stopping(unpackLayer(layer, arriving, downloading, lease, tools, inner)));
        return unpacking;
      };
      const onBytes = (bytes: number) => {
        arriving.advance(bytes);
        if (bytes > 0) startUnpacking();
      };
      const downloading = download(() =>
        stopping(downloadLayer(repository, layer, onBytes, lease, tools, inner)),
      );
      try {
        await downloading;
      } catch (error) {
        await unpacking?.catch(() => {});
        throw error;
      }
      arriving.finish();
      say(layer.descriptor.digest, "Download complete");
      await startUnpacking();
      say(layer.descriptor.digest, "Pull complete");
    }),
  );
  signal?.throwIfAborted();
  // The reason of the abort is the first failure; the others only echo it.
  if (outcomes.some((outcome) => outcome.status === "rejected")) throw stop.signal.reason;
}

async function downloadLayer(
  repository: Reference,
  { descriptor }: LayerToImport,
  onBytes: (bytes: number) => void,
  lease: Lease,
  { store, source, onProgress }: ImportTools,
  signal: AbortSignal,
): Promise<void> {
  signal.throwIfAborted();
  const { digest, size: total } = descriptor;
  const id = shortDigest(digest);
  const file = store.blobs.has(digest) ? undefined : source.takeBlob?.(descriptor);
  if (file !== undefined) {
    await store.blobs.adopt(file, descriptor, { lease, signal });
    return;
  }
  await store.blobs.ingest(
    descriptor,
    (offset) => source.fetchBlob(repository, descriptor, { offset, signal }),
    {
      lease,
      signal,
      onProgress(current) {
        onBytes(current);
        onProgress?.({ kind: "bytes", id, digest, status: "Downloading", current, total });
      },
      onVerified: () => onProgress?.({ kind: "status", id, digest, status: "Verifying Checksum" }),
    },
  );
}

/**
 * Unpacks a layer, from its blob or from as much of it as is there while `downloading` lasts. The directory is published
 * when both have ended well.
 */
async function unpackLayer(
  { descriptor, diffId }: LayerToImport,
  arriving: ArrivingBlob,
  downloading: Promise<void>,
  lease: Lease,
  { store, unpacker, removeTree, maximumLayerSize, onProgress, onNote }: ImportTools,
  signal: AbortSignal,
): Promise<void> {
  const { digest, size: total } = descriptor;
  const unpack = (target: string, isArriving: boolean) =>
    unpacker.unpack(
      {
        blob: store.blobs.path(digest),
        ...(isArriving
          ? { arriving: { path: store.layout.partialBlob(digest), lengths: arriving.lengths() } }
          : {}),
        diffId,
        target,
        ...(maximumLayerSize === undefined ? {} : { maximumSize: maximumLayerSize }),
      },
      (current) => {
        if (!arriving.isWhole) return; // the download is what a person waits for
        onProgress?.({
          kind: "bytes",
          id: shortDigest(digest),
          digest,
          status: "Extracting",
          current,
          total,
        });
      },
      isArriving ? AbortSignal.any([signal, arriving.restarted]) : signal,
    );
  await store.layers.ensure(
    diffId,
    lease,
    async (target) => {
      const result = await unpack(target, !arriving.isWhole).catch(async (error) => {
        await downloading; // bytes that fail their check are the better reason
        if (!arriving.restarted.aborted) throw error;
        return unpack(target, false);
      });
      await downloading;
      for (const note of result.notes) onNote?.(note);
      return result.size;
    },
    removeTree,
    signal,
  );
}
