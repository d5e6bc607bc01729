import type { ImageSummary } from "../../engine/images.ts";
import { humanDuration, humanSize } from "../output/units.ts";
import { goTimeString } from "./go-time.ts";
import { shortId } from "./short-id.ts";

/** Options of the `images` list that decide how a cell reads. */
export interface ImageCellOptions {
  readonly truncate: boolean;
  readonly now: Date;
}

/** What Go programs write that have no time to tell. */
const zeroTime = Date.parse("0001-01-01T00:00:00Z");

/** What `images` can show of one image, by the names that templates use (docker/cli formatter/image.go). */
export function imageCells(image: ImageSummary, { truncate, now }: ImageCellOptions) {
  const created = image.createdAt === undefined ? undefined : new Date(image.createdAt);
  return {
    Containers: () => String(image.containers),
    CreatedAt: () => (created === undefined ? "N/A" : goTimeString(created)),
    CreatedSince: () => {
      if (created === undefined || created.getTime() <= zeroTime) return "N/A";
      return `${humanDuration(now.getTime() - created.getTime())} ago`;
    },
    Digest: () => image.digest ?? "<none>",
    ID: () => (truncate ? shortId(image.id) : image.id),
    Repository: () => image.repository ?? "<none>",
    SharedSize: () => (image.sharedSize === undefined ? "N/A" : humanSize(image.sharedSize)),
    Size: () => humanSize(image.size),
    Tag: () => image.tag ?? "<none>",
    UniqueSize: () => (image.uniqueSize === undefined ? "N/A" : humanSize(image.uniqueSize)),
  };
}
