import { BerthError } from "../base/errors.ts";
import type { Digest } from "../oci/types.ts";
import type { EngineContext } from "./context.ts";
import { findImage, storedName } from "./find-image.ts";
import { namesOf } from "./image-names.ts";

export interface HistoryRow {
  /** Only the newest row has one; the others were built elsewhere (`<missing>`). */
  readonly id?: Digest;
  /** ISO 8601 */
  readonly created?: string;
  readonly createdBy: string;
  /** Bytes of the layer, unpacked; 0 for steps without one. */
  readonly size: number;
  readonly comment: string;
  /** Familiar names of the image, on the newest row. */
  readonly tags: readonly string[];
}

/** The steps that made an image, newest first. Throws `not-found`. */
export async function imageHistory(
  context: EngineContext,
  reference: string,
): Promise<readonly HistoryRow[]> {
  const store = context.readingStore;
  const image = findImage(store, await storedName(context, store, reference));
  const layers = [...image.config.rootfs.diff_ids];
  const rows: HistoryRow[] = [];
  for (const entry of image.config.history ?? []) {
    let size = 0;
    if (entry.empty_layer !== true) {
      const layer = layers.shift();
      if (layer === undefined) {
        throw new BerthError("invalid-image", "too many non-empty layers in History section");
      }
      size = store.layers.size(layer) ?? 0;
    }
    rows.unshift({
      ...(entry.created === undefined ? {} : { created: entry.created }),
      createdBy: entry.created_by ?? "",
      size,
      comment: entry.comment ?? "",
      tags: [],
    });
  }
  const [newest, ...older] = rows;
  if (newest === undefined) return [];
  return [{ id: image.id, ...newest, tags: namesOf(store, image.id).tags.map(({ name }) => name) }, ...older];
}
