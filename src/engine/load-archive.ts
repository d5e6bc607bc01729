import type { ArchivedImage, ImageArchive } from "../archive/image-archive.ts";
import { openArchive } from "../archive/open-archive.ts";
import { BerthError } from "../base/errors.ts";
import { formatPlatform, hostPlatform, platformMatches, selectPlatform } from "../oci/platform.ts";
import { parseReference } from "../oci/reference.ts";
import type { ProgressListener } from "../oci/transport.ts";
import type { Descriptor, Digest, Platform, Reference } from "../oci/types.ts";
import type { ImageRecord } from "../store/types.ts";
import { refuseReservedName } from "./reserved-names.ts";
import type { EngineContext } from "./context.ts";
import { decompressors } from "./decompressors.ts";
import { importIntoStore, sweepStore } from "./import-into-store.ts";

export interface LoadArchiveOptions {
  readonly platform?: Platform;
  readonly onProgress?: ProgressListener;
  readonly signal?: AbortSignal;
  /** Whether names of `builtin.berth` may be given. */
  readonly allowReserved?: boolean;
}

export interface LoadedArchiveImage {
  readonly image: ImageRecord;
  /** Canonical */
  readonly names: readonly string[];
  /** Those of the names that another image had before, with its id. */
  readonly taken: readonly { readonly name: string; readonly from: Digest }[];
}

/** Archives do not ask where content comes from; a nameless image still needs a reference for messages. */
const nameless: Reference = { domain: "docker.io", path: "library/unnamed" };

/** Loads all images of a tar stream; undefined for an empty stream. */
export async function loadArchive(
  context: EngineContext,
  options: LoadArchiveOptions & { readonly stream: AsyncIterable<Uint8Array> },
): Promise<LoadedArchiveImage[] | undefined> {
  const { store, snapshotter } = context;
  if (!store.isWritable()) {
    throw new BerthError("read-only", `cannot load: ${context.directories.data} cannot be written`, {
      hint: "BERTH_ROOT can name a directory that you can write to",
    });
  }
  await sweepStore(context);
  using spool = store.temporary.reserve("spool");
  try {
    const archive = await openArchive(options.stream, spool.path, decompressors(context), options.signal);
    return archive && (await loadImages(context, archive, options));
  } finally {
    await snapshotter.removeTree(spool.path);
  }
}

/** Loads the images of an opened archive, each in full before it is visible. */
export async function loadImages(
  context: EngineContext,
  archive: ImageArchive,
  options: LoadArchiveOptions,
): Promise<LoadedArchiveImage[]> {
  const { platform, onProgress, signal } = options;
  if (!options.allowReserved) {
    for (const { names } of archive.images)
      for (const name of names) refuseReservedName(parseReference(name));
  }
  const loaded: LoadedArchiveImage[] = [];
  const wanted = archive.images.filter((image) => suits(image, archive.images.length, platform));
  if (wanted.length === 0) throw nothingToLoad(archive, platform);
  for (const { names, roots } of wanted) {
    const [name] = names;
    const repository = name === undefined ? nameless : parseReference(name);
    const before = names.map((taken) => ({ name: taken, from: context.store.names.get(taken) }));
    const { image } = await importIntoStore(context, {
      origin: { kind: "descriptor", descriptor: rootFor(roots, platform), repository },
      source: archive,
      names,
      rememberDigest: false,
      ...(platform === undefined ? {} : { platform }),
      ...(onProgress === undefined ? {} : { onProgress }),
      ...(signal === undefined ? {} : { signal }),
    });
    const taken = before.flatMap(({ name: own, from }) =>
      from === undefined || from === image.id ? [] : [{ name: own, from }],
    );
    loaded.push({ image, names, taken });
  }
  return loaded;
}

/** Nameless images for several platforms are mostly one image: only what can run here is taken. */
function suits(image: ArchivedImage, count: number, platform: Platform | undefined): boolean {
  if (image.names.length > 0 || image.platform === undefined || count === 1) return true;
  return platformMatches(image.platform, platform ?? hostPlatform());
}

function rootFor(roots: readonly Descriptor[], platform: Platform | undefined): Descriptor {
  const [only] = roots;
  if (only !== undefined && roots.length === 1) return only;
  const chosen = selectPlatform(roots, platform ?? hostPlatform());
  if (chosen !== undefined) return chosen;
  throw new BerthError(
    "not-found",
    `no matching manifest for ${formatPlatform(platform ?? hostPlatform())} in the archive`,
  );
}

function nothingToLoad({ images }: ImageArchive, platform: Platform | undefined): BerthError {
  if (images.length === 0) return new BerthError("invalid-image", "the archive holds no image");
  return new BerthError(
    "not-found",
    `no matching manifest for ${formatPlatform(platform ?? hostPlatform())} in the archive`,
  );
}
