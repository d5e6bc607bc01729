import { createReadStream, statSync } from "node:fs";
import type { ArchivedImage, ImageArchive } from "../archive/image-archive.ts";
import { openArchive } from "../archive/open-archive.ts";
import { openOciLayout } from "../archive/oci-layout.ts";
import { BerthError, messageOf } from "../base/errors.ts";
import type { CopySource } from "../image/copy-image.ts";
import { openStoredImage, storedBytes } from "../image/stored-image.ts";
import { hostPlatform, selectPlatform } from "../oci/platform.ts";
import { formatReference, parseReference } from "../oci/reference.ts";
import type { ProgressListener } from "../oci/transport.ts";
import type { Platform, Reference } from "../oci/types.ts";
import type { EngineContext } from "./context.ts";
import { decompressors } from "./decompressors.ts";
import { lookUpImage, storedName } from "./find-image.ts";
import type { Place } from "./place.ts";
import { openRegistries, type RegistryChoice } from "./registry-access.ts";

export interface OpenedSource extends CopySource, AsyncDisposable {
  /** Canonical, with a tag: what the image is called there; undefined where that is no name. */
  readonly name: string | undefined;
}

export interface OpenSourceOptions extends RegistryChoice {
  /** Chooses where an archive lists one manifest for each platform. */
  readonly platform?: Platform;
  readonly onProgress?: ProgressListener;
  readonly signal?: AbortSignal;
}

/** Archives do not ask where content comes from. */
const nameless: Reference = { domain: "localhost", path: "unnamed" };

/** Opens the image at a place for reading; nothing goes through the store. Throws `not-found` and what the place throws. */
export async function openSource(
  context: EngineContext,
  place: Place,
  options: OpenSourceOptions = {},
): Promise<OpenedSource> {
  const { signal } = options;
  if (place.kind === "registry") {
    const { reference } = place;
    const source = openRegistries(context, options, options.onProgress);
    const root = await source.resolve(reference, signal);
    const name = reference.tag === undefined ? undefined : formatReference(reference);
    return { source, repository: reference, root, name, async [Symbol.asyncDispose]() {} };
  }
  if (place.kind === "store") return openStored(context, place.name, signal);
  if (place.kind === "oci") return fromArchive(openOciLayout(place.path), place, options);
  const { store, snapshotter } = context;
  const spool = store.temporary.reserve("spool");
  const { path } = spool;
  const remove = async () => {
    await snapshotter.removeTree(path);
    spool[Symbol.dispose]();
  };
  try {
    statSync(place.path);
    const stream = createReadStream(place.path, { highWaterMark: 1 << 20 });
    const archive = await openArchive(stream, path, decompressors(context), signal);
    if (archive === undefined) throw new BerthError("invalid-argument", `${place.path} is empty`);
    return { ...(await fromArchive(archive, place, options)), [Symbol.asyncDispose]: remove };
  } catch (error) {
    await remove();
    if (error instanceof BerthError) throw error;
    throw new BerthError("not-found", `cannot read ${place.path}: ${messageOf(error)}`, { cause: error });
  }
}

async function openStored(
  context: EngineContext,
  text: string,
  signal: AbortSignal | undefined,
): Promise<OpenedSource> {
  const store = context.store.isWritable() ? context.store : context.readingStore;
  const found = lookUpImage(store, await storedName(context, store, text));
  const lease = store.lease();
  const { document } = await openStoredImage(store, found.image, lease, signal);
  const isTagged = found.by === "reference" && found.reference.digest === undefined;
  return {
    repository: isTagged ? found.reference : nameless,
    root: document,
    name: isTagged ? formatReference(found.reference) : undefined,
    source: {
      async fetchManifest(_, descriptor) {
        throw new BerthError("not-found", `manifest ${descriptor.digest} is not in the store`);
      },
      async fetchBlob(_, descriptor, { offset = 0 } = {}) {
        return { offset, body: storedBytes(store, descriptor)(offset) };
      },
    },
    async [Symbol.asyncDispose]() {
      lease[Symbol.dispose]();
    },
  };
}

async function fromArchive(
  archive: ImageArchive,
  place: Place & { kind: "oci" | "oci-archive" | "docker-archive" },
  { platform = hostPlatform(), signal }: OpenSourceOptions,
): Promise<OpenedSource> {
  const { names, roots } = chosenImage(archive, place.path, place.reference);
  const descriptor = roots.length === 1 ? roots[0]! : selectPlatform(roots, platform);
  if (descriptor === undefined)
    throw new BerthError("not-found", `${place.path} has no image for this platform`);
  const [name] = names;
  const repository = name === undefined ? nameless : parseReference(name);
  const root = await archive.fetchManifest(repository, descriptor, signal);
  return { source: archive, repository, root, name, async [Symbol.asyncDispose]() {} };
}

function chosenImage({ images }: ImageArchive, path: string, reference: string | undefined): ArchivedImage {
  if (reference === undefined) {
    const [only] = images;
    if (only !== undefined && images.length === 1) return only;
    throw new BerthError(
      images.length === 0 ? "not-found" : "invalid-argument",
      `${path} holds ${images.length} images`,
      {
        hint: `name one of them after a colon: ${images.flatMap(({ references }) => references).join(", ")}`,
      },
    );
  }
  const found =
    images.find(({ references }) => references.includes(reference)) ??
    images.find(({ names }) => names.includes(canonicalName(reference)));
  if (found !== undefined) return found;
  throw new BerthError("not-found", `${path} holds no image called ${reference}`);
}

function canonicalName(text: string): string {
  try {
    return formatReference(parseReference(text));
  } catch {
    return "";
  }
}
