import { BerthError } from "../base/errors.ts";
import { familiarString, formatReference, parseReference, withDefaultTag } from "../oci/reference.ts";
import { refuseReservedName } from "./reserved-names.ts";
import type { EngineContext } from "./context.ts";
import { findImage } from "./find-image.ts";
import { emitImageEvent } from "./image-event.ts";

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
  const name = withDefaultTag(reference);
  const id = store.transaction(() => {
    const image = findImage(store, source);
    store.names.set(formatReference(name), image.id);
    return image.id;
  });
  emitImageEvent(context, "tag", { id, name: familiarString(name) });
}
