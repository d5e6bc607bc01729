import { copiedBytes } from "../image/copy-image.ts";
import { selectManifest } from "../image/select-manifest.ts";
import { hostPlatform } from "../oci/platform.ts";
import { familiarName, familiarString, parseReference } from "../oci/reference.ts";
import { checkLayers, parseImageConfig } from "../oci/validate.ts";
import type { EngineContext } from "./context.ts";
import type { DescribedImage } from "./described-image.ts";
import { openSource } from "./open-source.ts";
import type { Place } from "./place.ts";

/** Reads manifest and configuration of an image where it is, without bringing it here. Its size is that of the layers there. */
export async function readImage(
  context: EngineContext,
  place: Place,
  signal?: AbortSignal,
  platform = hostPlatform(),
): Promise<DescribedImage> {
  const options = signal === undefined ? {} : { signal };
  await using source = await openSource(context, place, options);
  const { root, repository, name } = source;
  const { document, manifest } = await selectManifest(root, platform, (descriptor) =>
    source.source.fetchManifest(repository, descriptor, signal),
  );
  const config = parseImageConfig(await copiedBytes(source, manifest.config, signal));
  checkLayers(manifest, config);
  const { mediaType, digest, size } = document.descriptor;
  return {
    id: manifest.config.digest,
    config,
    size: manifest.layers.reduce((sum, layer) => sum + layer.size, 0),
    manifest: { mediaType, digest, size },
    tags: name === undefined ? [] : [familiarString(parseReference(name))],
    digests: place.kind === "registry" ? [`${familiarName(repository)}@${root.descriptor.digest}`] : [],
  };
}
