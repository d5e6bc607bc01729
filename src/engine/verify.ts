import { treeFingerprint } from "../archive/tree-fingerprint.ts";
import { BerthError, messageOf } from "../base/errors.ts";
import { familiarString, parseReference } from "../oci/reference.ts";
import type { Fetcher } from "../oci/transport.ts";
import type { Digest, Manifest, Reference } from "../oci/types.ts";
import { maximumManifestSize } from "../oci/limits.ts";
import { parseManifestOrIndex } from "../oci/validate.ts";
import { hashFile } from "../store/hash-file.ts";
import type { ImageRecord } from "../store/types.ts";
import type { EngineContext } from "./context.ts";
import { importIntoStore, sweepStore } from "./import-into-store.ts";
import { currentContainers } from "./reconcile-containers.ts";
import { openRegistries } from "./registry-access.ts";

/** One thing that is wrong. */
export interface Problem {
  readonly kind: "database" | "blob" | "layer";
  /** Empty for the database. */
  readonly digest: Digest | "";
  /** `is missing`, `is damaged` … */
  readonly what: string;
  /** The images that need it; none for what is left over. */
  readonly images: readonly ImageRecord[];
}

export interface VerifyOptions {
  readonly repair: boolean;
  /** Layers are only looked for, not unpacked again and compared. */
  readonly quick: boolean;
  onProblem(problem: Problem): void;
  /** An image is whole again, or why not. */
  onRepair(image: ImageRecord, failure?: unknown): void;
  readonly signal?: AbortSignal;
}

export interface Verified {
  readonly blobs: number;
  readonly layers: number;
  readonly images: number;
  readonly problems: number;
  /** Problems that are still there. */
  readonly remaining: number;
}

/**
 * Checks everything that the store holds: the database, every blob by its digest, every layer by unpacking its blob again and
 * comparing, and that every image has what it names. Repairs by fetching blobs from the registry that gave them, and by
 * unpacking layers again; layers of running containers are left alone.
 */
export async function verify(context: EngineContext, options: VerifyOptions): Promise<Verified> {
  const { signal } = options;
  const store = options.repair ? context.store : context.readingStore;
  const images = store.images.list();
  const problems: Problem[] = [];
  const report = (problem: Problem) => {
    problems.push(problem);
    options.onProblem(problem);
  };
  const need = new Map<Digest, ImageRecord[]>();
  const needs = (digest: Digest, image: ImageRecord) =>
    need.set(digest, [...(need.get(digest) ?? []), image]);
  for (const image of images)
    for (const digest of [...store.images.blobsOf(image.id), ...image.config.rootfs.diff_ids])
      needs(digest, image);

  for (const fault of store.databaseFaults())
    report({ kind: "database", digest: "", what: fault, images: [] });
  const blobs = new Set(store.garbage.blobsOnDisk());
  const damaged = new Set<Digest>();
  for (const digest of blobs) {
    signal?.throwIfAborted();
    if (hashFile(store.blobs.path(digest)) === digest) continue;
    damaged.add(digest);
    report({ kind: "blob", digest, what: "is damaged", images: need.get(digest) ?? [] });
    await pause();
  }
  for (const image of images) {
    for (const digest of store.images.blobsOf(image.id)) {
      if (blobs.has(digest)) continue;
      blobs.add(digest); // once for all images
      damaged.add(digest);
      report({ kind: "blob", digest, what: "is missing", images: need.get(digest) ?? [] });
    }
  }
  const layers = new Set<Digest>();
  for (const image of images) {
    const blobOf = layerBlobs(context, image, damaged);
    for (const [index, diffId] of image.config.rootfs.diff_ids.entries()) {
      if (layers.has(diffId)) continue;
      layers.add(diffId);
      signal?.throwIfAborted();
      const what = await layerFault(context, diffId, blobOf?.[index], options);
      if (what !== undefined) report({ kind: "layer", digest: diffId, what, images: need.get(diffId) ?? [] });
    }
  }
  const remaining =
    problems.length === 0 || !options.repair ? problems.length : await repair(context, problems, options);
  return {
    blobs: blobs.size,
    layers: layers.size,
    images: images.length,
    problems: problems.length,
    remaining,
  };
}

const pause = () => new Promise((resolve) => setImmediate(resolve));

/** The blobs of an image's layers, lowest first; undefined where its manifest cannot be read. */
function layerBlobs(
  { readingStore: store }: EngineContext,
  { manifest }: ImageRecord,
  damaged: ReadonlySet<Digest>,
): readonly (Digest | undefined)[] | undefined {
  if (damaged.has(manifest.digest)) return undefined;
  const bytes = store.blobs.read(manifest.digest, maximumManifestSize);
  const parsed = parseManifestOrIndex(bytes, manifest.mediaType);
  const layers: Manifest["layers"] = parsed.kind === "manifest" ? parsed.manifest.layers : [];
  return layers.map(({ digest }) => (damaged.has(digest) ? undefined : digest));
}

async function layerFault(
  context: EngineContext,
  diffId: Digest,
  blob: Digest | undefined,
  { quick, signal }: VerifyOptions,
): Promise<string | undefined> {
  const { readingStore: store } = context;
  if (!store.layers.has(diffId)) return "is missing";
  if (quick || blob === undefined || !context.store.isWritable()) return undefined;
  using fresh = context.store.temporary.reserve("verify");
  const removeTree = () => context.snapshotter.removeTree(fresh.path);
  try {
    const request = { blob: store.blobs.path(blob), diffId, target: fresh.path };
    await context.unpacker.unpack(request, undefined, signal);
    const fingerprint = (path: string) => treeFingerprint(context.treeReader.archive([path], signal));
    const same = (await fingerprint(store.layers.path(diffId))) === (await fingerprint(fresh.path));
    return same ? undefined : "is not what its blob holds";
  } finally {
    await removeTree();
  }
}

/** Takes away what is wrong, and brings each image that needs it here again; how many problems remain. */
async function repair(
  context: EngineContext,
  problems: readonly Problem[],
  { onRepair, signal }: VerifyOptions,
): Promise<number> {
  const { store, snapshotter } = context;
  await sweepStore(context);
  const running = new Set<Digest>();
  for (const { imageId, state } of await currentContainers(context))
    if (["running", "paused", "restarting"].includes(state.status)) running.add(imageId);
  const broken = new Map<Digest, ImageRecord>();
  const failed = new Set<Digest>();
  for (const { kind, digest, images } of problems) {
    for (const image of images) broken.set(image.id, image);
    if (digest === "" || kind === "database") continue;
    const busy = kind === "layer" && images.some(({ id }) => running.has(id));
    const isThere = kind === "blob" ? store.blobs.has(digest) : store.layers.has(digest);
    const gone =
      !busy &&
      (!isThere ||
        (kind === "blob"
          ? store.garbage.discardBlob(digest)
          : await store.garbage.discardLayer(digest, (path) => snapshotter.removeTree(path))));
    if (gone) continue;
    for (const { id } of images) failed.add(id);
  }
  for (const image of broken.values()) {
    try {
      if (failed.has(image.id)) throw new BerthError("conflict", "a container or another berth uses it");
      await bringAgain(context, image, signal);
      onRepair(image);
    } catch (error) {
      failed.add(image.id);
      onRepair(image, error);
    }
  }
  return problems.filter(({ kind, images }) => kind === "database" || images.some(({ id }) => failed.has(id)))
    .length;
}

/** Imports an image once more from where it came; what is there and right is not fetched. */
async function bringAgain(
  context: EngineContext,
  image: ImageRecord,
  signal: AbortSignal | undefined,
): Promise<void> {
  const places = [
    ...context.store.repositoryDigests.of(image.id).map(({ repository }) => repository),
    ...context.store.names.of(image.id),
  ];
  const failures: string[] = [];
  for (const source of [undefined, ...places.map(parseReference)]) {
    try {
      await importIntoStore(context, {
        origin: { kind: "descriptor", descriptor: image.manifest, repository: source ?? nowhere },
        source: source === undefined ? nothing : openRegistries(context),
        names: [],
        rememberDigest: false,
        ...(signal === undefined ? {} : { signal }),
      });
      return;
    } catch (error) {
      if (signal?.aborted) throw error;
      if (source !== undefined) failures.push(`${familiarString(source)}: ${messageOf(error)}`);
    }
  }
  throw new BerthError(
    "not-found",
    `no registry gives what is missing${failures.map((each) => `; ${each}`).join("")}`,
    {
      hint: "pull, load or build the image again",
    },
  );
}

const nowhere: Reference = { domain: "localhost", path: "unnamed" };

/** For what is all here, and needs only to be unpacked. */
const nothing: Fetcher = {
  async fetchManifest(_, { digest }) {
    throw new BerthError("not-found", `manifest ${digest} is not here`);
  },
  async fetchBlob(_, { digest }) {
    throw new BerthError("not-found", `blob ${digest} is not here`);
  },
};
