import { BerthError } from "../base/errors.ts";
import { formatReference, parseReference, withDefaultTag } from "../oci/reference.ts";
import { refuseReservedName } from "./reserved-names.ts";
import type { EngineContext } from "./context.ts";
import { findImage } from "./find-image.ts";

/** Puts the name `target` on the image `source`; whatever had the name before loses it, as with Docker. */
export async function tagImage(context: EngineContext, source: string, target: string): Promise<void> {
  const reference = parseReference(target);
  if (reference.digest !== undefined) {
    throw new BerthError("invalid-reference", "refusing to create a tag with a digest reference");
  }
  if (reference.path === "library/sha256") {
    throw new BerthError(
      "invalid-reference",
      "refusing to create an ambiguous tag using digest algorithm as name",
    );
  }
  refuseReservedName(reference);
  const { store } = context;
  store.transaction(() => {
    store.names.set(formatReference(withDefaultTag(reference)), findImage(store, source).id);
  });
}
