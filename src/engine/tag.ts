import { familiarString, formatReference } from "../oci/reference.ts";
import type { EngineContext } from "./context.ts";
import { findImage, storedName } from "./find-image.ts";
import { emitImageEvent } from "./image-event.ts";
import { newImageName } from "./new-image-name.ts";

/** Puts the name `target` on the image `source`; whatever had the name before loses it, as with Docker. */
export async function tagImage(context: EngineContext, source: string, target: string): Promise<void> {
  const { store } = context;
  const name = newImageName(target);
  const known = await storedName(context, store, source);
  const id = store.transaction(() => {
    const image = findImage(store, known);
    store.names.set(formatReference(name), image);
    return image.id;
  });
  emitImageEvent(context, "tag", { id, name: familiarString(name) });
}
