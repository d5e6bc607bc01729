import type { BuildResult } from "../../engine/build.ts";

/** The JSON of `--metadata-file`, with buildx's keys. */
export function buildMetadata({ imageId, names, manifest }: BuildResult): string {
  const { mediaType, digest, size } = manifest;
  const metadata = {
    "containerimage.config.digest": imageId,
    "containerimage.descriptor": { mediaType, digest, size },
    "containerimage.digest": digest,
    ...(names.length === 0 ? {} : { "image.name": names.join(",") }),
  };
  return `${JSON.stringify(metadata, undefined, 2)}\n`;
}
