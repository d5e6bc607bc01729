import { type ImageArchiveFormat, writeImageArchive } from "../archive/write-image-archive.ts";
import { openStoredImage, storedBytes } from "../image/stored-image.ts";
import { parseAnyReference, parseReference, repositoryName } from "../oci/reference.ts";
import type { Digest, Reference } from "../oci/types.ts";
import type { Store } from "../store/store.ts";
import type { ImageRecord } from "../store/types.ts";
import { ensureBuiltinImage, isBuiltinReference } from "./builtin-image.ts";
import type { EngineContext } from "./context.ts";
import { lookUpImage, storedName } from "./find-image.ts";
import { emitImageEvent } from "./image-event.ts";

export interface SaveOptions {
  /** As typed: a name, an id, or a repository, which stands for all its tags. */
  readonly images: readonly string[];
  readonly format: ImageArchiveFormat;
  readonly signal?: AbortSignal;
}

/**
 * The bytes of an archive with these images; everything is looked for before the first byte. Throws `not-found`,
 * `invalid-reference`.
 */
export async function* save(context: EngineContext, options: SaveOptions): AsyncGenerator<Uint8Array> {
  const { signal, format } = options;
  const store = context.store.isWritable() ? context.store : context.readingStore;
  using lease = store.lease();
  const images = [];
  const ids: Digest[] = [];
  for (const [image, names] of await wantedImages(context, store, options.images)) {
    const { document, manifest } = await openStoredImage(store, image, lease, signal);
    ids.push(image.id);
    images.push({ root: document.descriptor, manifest, names });
  }
  yield* writeImageArchive({
    format,
    images,
    open: (digest) => storedBytes(store, { digest })(0),
    ...(signal === undefined ? {} : { signal }),
  });
  for (const id of ids) emitImageEvent(context, "save", { id, name: id });
}

/** Each manifest once, with the names by which it was asked for, in the order of the words. */
async function wantedImages(
  context: EngineContext,
  store: Store,
  words: readonly string[],
): Promise<readonly (readonly [ImageRecord, readonly Reference[]])[]> {
  const wanted = new Map<Digest, { image: ImageRecord; names: Map<string, Reference> }>();
  for (const text of words) {
    const word = await storedName(context, store, text);
    const name = nameOnly(word);
    if (name !== undefined && isBuiltinReference({ ...name, tag: name.tag ?? "latest" }))
      await ensureBuiltinImage(context);
    const tags = name === undefined || name.tag !== undefined ? [] : tagsOf(store, name);
    for (const each of tags.length > 0 ? tags : [word]) {
      const found = lookUpImage(store, each);
      const entry = wanted.get(found.image.manifest.digest) ?? { image: found.image, names: new Map() };
      if (found.by === "reference" && found.reference.digest === undefined)
        entry.names.set(`${repositoryName(found.reference)}:${found.reference.tag}`, found.reference);
      wanted.set(found.image.manifest.digest, entry);
    }
  }
  return [...wanted.values()].map(({ image, names }) => [image, [...names.values()]] as const);
}

/** The reference of a word that is no id and has no digest. */
function nameOnly(word: string): Reference | undefined {
  const parsed = parseAnyReference(word);
  return parsed.kind === "reference" && parsed.reference.digest === undefined ? parsed.reference : undefined;
}

function tagsOf(store: Store, reference: Reference): string[] {
  const repository = repositoryName(reference);
  return store.names
    .list()
    .map(({ name }) => name)
    .filter((name) => repositoryName(parseReference(name)) === repository);
}
