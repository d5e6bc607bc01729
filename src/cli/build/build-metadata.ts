import type { BuildResult } from "../../engine/build/export-result.ts";

/** The JSON of `--metadata-file`, with buildx's keys; nothing is in it without an image. */
export function buildMetadata(result: BuildResult | undefined): string {
  if (result === undefined) return "{}\n";
  const { imageId, names, manifest } = result;
  const { mediaType, digest, size } = manifest;
  const metadata = {
    "containerimage.config.digest": imageId,
    "containerimage.descriptor": { mediaType, digest, size },
    "containerimage.digest": digest,
    ...(names.length === 0 ? {} : { "image.name": names.join(",") }),
  };
  return `${JSON.stringify(metadata, undefined, 2)}\n`;
}
