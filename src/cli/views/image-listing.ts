import type { ImageSummary } from "../../engine/images.ts";
import { type ImageCellOptions, imageCells } from "./image-cells.ts";
import { columnsOf, type RawListing } from "./listing.ts";

const headers = {
  Containers: "CONTAINERS",
  CreatedAt: "CREATED AT",
  CreatedSince: "CREATED",
  Digest: "DIGEST",
  ID: "IMAGE ID",
  Repository: "REPOSITORY",
  SharedSize: "SHARED SIZE",
  Size: "SIZE",
  Tag: "TAG",
  UniqueSize: "UNIQUE SIZE",
};

const cuts = {
  Repository: { from: "start", atLeast: 12 },
  Tag: { from: "end", atLeast: 8 },
  Digest: { from: "end", atLeast: 16 },
  CreatedSince: { from: "end", atLeast: 11 },
} as const;

/** `images`: Docker's classic table. */
export function imageListing(
  options: ImageCellOptions & { readonly digests: boolean },
): RawListing<ImageSummary> {
  const digest = options.digests ? ["Digest"] : [];
  return {
    typeName: "*formatter.imageContext",
    columns: columnsOf(headers, (image: ImageSummary) => imageCells(image, options)),
    table: ["Repository", "Tag", ...digest, "ID", "CreatedSince", "Size"],
    ...(options.truncate ? { cuts } : {}),
    raw: [
      "repository: {{.Repository}}",
      "tag: {{.Tag}}",
      ...(options.digests ? ["digest: {{.Digest}}"] : []),
      "image_id: {{.ID}}",
      "created_at: {{.CreatedAt}}",
      "virtual_size: {{.Size}}",
      "",
    ].join("\n"),
  };
}
