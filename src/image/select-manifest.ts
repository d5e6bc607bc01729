import { BerthError } from "../base/errors.ts";
import { isElsewhere, isLayer } from "../oci/media-types.ts";
import { formatPlatform, selectPlatform } from "../oci/platform.ts";
import type { RawDocument } from "../oci/transport.ts";
import type { Descriptor, Manifest, Platform } from "../oci/types.ts";
import { isImageManifest, parseManifestOrIndex } from "../oci/validate.ts";
import { maximumConfigSize } from "../oci/validate-config.ts";

/** Indexes within indexes; real ones have one level. */
export const maximumIndexDepth = 4;

export interface SelectedManifest {
  readonly document: RawDocument;
  readonly manifest: Manifest;
  /** All documents from the root to the manifest, which is the last. */
  readonly path: readonly RawDocument[];
}

/**
 * Goes from the document that a reference named to the manifest for `platform`, and refuses what can never become an
 * image here, before anything large is fetched. Throws `not-found` when no platform suits, `unsupported` for artifacts
 * and unknown layers, `invalid-image` for what is malformed.
 */
export async function selectManifest(
  root: RawDocument,
  platform: Platform,
  fetchDocument: (descriptor: Descriptor) => Promise<RawDocument>,
): Promise<SelectedManifest> {
  const path: RawDocument[] = [];
  for (let document = root; ; ) {
    path.push(document);
    const parsed = parseManifestOrIndex(document.bytes, document.descriptor.mediaType);
    if (parsed.kind === "manifest") {
      refuseUnusable(parsed.manifest);
      return { document, manifest: parsed.manifest, path };
    }
    if (path.length > maximumIndexDepth) throw tooDeep();
    const chosen = selectPlatform(parsed.index.manifests, platform);
    if (chosen === undefined) throw noMatchingManifest(platform, parsed.index.manifests);
    document = await fetchDocument(chosen);
  }
}

export function tooDeep(): BerthError {
  return new BerthError("invalid-image", `image indexes are nested more than ${maximumIndexDepth} deep`);
}

export function noMatchingManifest(platform: Platform, offered: readonly Descriptor[]): BerthError {
  const names = offered
    .flatMap((item) => (item.platform === undefined ? [] : [formatPlatform(item.platform)]))
    .filter((name) => !name.startsWith("unknown"));
  return new BerthError(
    "not-found",
    `no matching manifest for ${formatPlatform(platform)} in the manifest list entries`,
    names.length === 0 ? {} : { hint: `it is there for ${[...new Set(names)].slice(0, 12).join(", ")}` },
  );
}

function refuseUnusable(manifest: Manifest): void {
  if (!isImageManifest(manifest)) {
    const type = manifest.artifactType ?? manifest.config.mediaType;
    throw new BerthError("unsupported", `this is an artifact of type ${type}, not an image that can be run`);
  }
  if (manifest.config.size > maximumConfigSize) {
    throw new BerthError(
      "invalid-image",
      `the image configuration has ${manifest.config.size} bytes, at most ${maximumConfigSize} are accepted`,
    );
  }
  for (const layer of manifest.layers) {
    if (isElsewhere(layer)) {
      throw new BerthError(
        "unsupported",
        `layer ${layer.digest} is not distributable and must not be fetched from elsewhere`,
      );
    }
    if (!isLayer(layer.mediaType)) {
      throw new BerthError("unsupported", `layer ${layer.digest} has the unknown type ${layer.mediaType}`);
    }
  }
}
