import type { Digest, ImageConfig } from "../oci/types.ts";
import type { EngineContext } from "./context.ts";
import { emitEvent } from "./events.ts";

/**
 * Tells that something happened to an image, with Docker's attributes: the labels of an image that is still there, and
 * a name. `actor` is what Docker calls it in this event: the id, or for a pull and a push the name with its tag. Where the
 * `config` is at hand, the store is not asked for it.
 */
export function emitImageEvent(
  context: EngineContext,
  action: "create" | "delete" | "import" | "load" | "pull" | "push" | "save" | "tag" | "untag",
  image: {
    readonly id: Digest;
    readonly name: string;
    readonly actor?: string;
    readonly config?: ImageConfig;
  },
): void {
  const config = image.config ?? context.readingStore.images.get(image.id)?.config;
  const labels = config?.config?.Labels;
  const attributes = { ...labels, name: image.name };
  emitEvent(context, { type: "image", action, id: image.actor ?? image.id, attributes });
}
