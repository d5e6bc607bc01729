import { BerthError, isBerthError } from "../base/errors.ts";
import {
  familiarString,
  formatReference,
  parseAnyReference,
  repositoryName,
  withDefaultTag,
} from "../oci/reference.ts";
import type { Digest, Reference } from "../oci/types.ts";
import type { Store } from "../store/store.ts";
import type { ImageRecord } from "../store/types.ts";
import type { EngineContext } from "./context.ts";

/** How a text named an image: by (a prefix of) its id, or by a reference, which is then given with its tag or digest. */
export type FoundImage =
  | { readonly by: "id"; readonly image: ImageRecord }
  | { readonly by: "reference"; readonly image: ImageRecord; readonly reference: Reference };

/** The canonical name of a reference with a tag and without a digest. */
function byReference(store: Store, reference: Reference): ImageRecord | undefined {
  return reference.digest === undefined
    ? store.images.getByName(formatReference(reference))
    : store.images.getByRepositoryDigest(repositoryName(reference), reference.digest);
}

/**
 * The image that a person means, in Docker's order: a whole id, a name or `name@digest`, a unique prefix of an id.
 * Throws `not-found` (`No such image: x:latest`), `conflict` when a prefix fits several, `invalid-reference`.
 */
export function lookUpImage(store: Store, text: string): FoundImage {
  const parsed = parseAnyReference(text);
  if (parsed.kind === "digest") return { by: "id", image: byId(store, parsed.digest) };
  const reference = withDefaultTag(parsed.reference);
  const image = byReference(store, reference);
  if (image !== undefined) return { by: "reference", image, reference };
  const prefixed = store.images.getByPrefix(text);
  if (prefixed !== undefined) return { by: "id", image: prefixed };
  throw new BerthError("not-found", `No such image: ${familiarString(reference)}`);
}

function byId(store: Store, id: Digest): ImageRecord {
  const image = store.images.get(id);
  if (image === undefined) throw new BerthError("not-found", `No such image: ${id}`);
  return image;
}

/**
 * The name that the store has for what a person means: the text itself, or, where nothing is called so, what a short name
 * stands for (registries.conf), as a pull does. What is not here stays as it is, for whoever reports it.
 */
export async function storedName(context: EngineContext, store: Store, text: string): Promise<string> {
  try {
    lookUpImage(store, text);
    return text;
  } catch (error) {
    if (!isBerthError(error, "not-found")) throw error;
  }
  if (parseAnyReference(text).kind === "digest") return text;
  const { resolveName } = await import("./registries.ts");
  try {
    const { candidates } = resolveName(context, text);
    const known = candidates.find((candidate) => byReference(store, withDefaultTag(candidate)) !== undefined);
    return known === undefined ? text : formatReference(known);
  } catch {
    return text; // a registries.conf that cannot be read matters to whoever pulls
  }
}

/** `key=value` filters in which the values of `keys` name images as the store does; see `storedName`. */
export function withStoredNames(
  context: EngineContext,
  filters: readonly string[],
  keys: readonly string[],
): Promise<readonly string[]> {
  return Promise.all(
    filters.map(async (filter) => {
      const [, key = "", value = ""] = /^([^=]*)=(.*)$/s.exec(filter) ?? [];
      if (!keys.includes(key.trim().toLowerCase())) return filter;
      try {
        return `${key}=${await storedName(context, context.readingStore, value.trim())}`;
      } catch {
        return filter; // what is no name is for the filter to refuse
      }
    }),
  );
}

/** The image that a person means; see `lookUpImage`. */
export function findImage(store: Store, text: string): ImageRecord {
  return lookUpImage(store, text).image;
}
