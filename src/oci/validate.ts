/** From foreign bytes to the documents of `types.ts` (image-spec 1.1 and Docker's schema 2), or an error. */
import { BerthError } from "../base/errors.ts";
import {
  digestAt,
  integerAt,
  invalidImage,
  type JsonObject,
  listAt,
  objectAt,
  parseJsonObject,
  present,
  refuseCaseTwins,
  stringAt,
  stringMapAt,
  stringsAt,
} from "./document.ts";
import { maximumManifestSize } from "./limits.ts";
import { isImageConfig, isIndex, isManifest, isSchema1 } from "./media-types.ts";
import type { Descriptor, ImageConfig, Index, Manifest, Platform } from "./types.ts";

export { parseImageConfig } from "./validate-config.ts";

export type ManifestOrIndex =
  | { readonly kind: "manifest"; readonly manifest: Manifest }
  | { readonly kind: "index"; readonly index: Index };

/** RFC 6838 section 4.2. */
const mediaTypeGrammar =
  /^[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}\/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}(\s*;.*)?$/;
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/**
 * Reads a manifest or an index. `contentType` is what the sender called it (a header or a descriptor's media
 * type); it must not contradict the document (CVE-2021-41190). Unknown types such as `application/json` say
 * nothing. Throws `invalid-image`, and `unsupported` for Docker's schema 1.
 */
export function parseManifestOrIndex(bytes: Uint8Array, contentType?: string): ManifestOrIndex {
  const document = parseJsonObject(bytes, "manifest", maximumManifestSize);
  const sent = contentType?.split(";")[0]?.trim().toLowerCase() ?? "";
  const own = mediaTypeAt(document.mediaType, "mediaType of the manifest");
  if (isSchema1(sent) || isSchema1(own ?? "") || document.schemaVersion === 1) {
    throw new BerthError("unsupported", "Docker image manifest version 2, schema 1 is not supported", {
      hint: "the image must be pushed again by a current tool, which writes schema 2 or an OCI manifest",
    });
  }
  refuseCaseTwins(document, documentFields, "manifest");
  if (document.schemaVersion !== 2) throw invalidImage("invalid manifest: schemaVersion must be 2");
  const known = (type: string) => isIndex(type) || isManifest(type);
  if (own !== undefined && own !== sent && known(sent)) {
    throw invalidImage(`invalid manifest: its mediaType is "${own}", but it was sent as "${sent}"`);
  }
  if (own !== undefined && !known(own)) {
    throw invalidImage(`invalid manifest: "${own}" is neither an image manifest nor an image index`);
  }
  const type = own ?? (known(sent) ? sent : undefined);
  const indexLike = isPresent(document.manifests);
  const manifestLike = isPresent(document.layers) || isPresent(document.config);
  if (indexLike && manifestLike) {
    throw invalidImage("invalid manifest: ambiguous document with both manifests and layers");
  }
  if (isPresent(document.fsLayers) || isPresent(document.history)) {
    throw invalidImage("invalid manifest: ambiguous document with fields of schema 1");
  }
  const asIndex = type === undefined ? indexLike : isIndex(type);
  if (asIndex ? manifestLike : indexLike) {
    throw invalidImage(`invalid manifest: the document is not the "${type}" that it is called`);
  }
  if (document.subject !== undefined && document.subject !== null) {
    parseDescriptor(document.subject, "subject of the manifest");
  }
  return asIndex
    ? { kind: "index", index: readIndex(document, own) }
    : { kind: "manifest", manifest: readManifest(document, own) };
}

const documentFields = [
  "schemaVersion",
  "mediaType",
  "artifactType",
  "config",
  "layers",
  "manifests",
  "annotations",
];

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function readManifest(document: JsonObject, mediaType: string | undefined): Manifest {
  return present<Manifest>({
    schemaVersion: 2,
    mediaType,
    artifactType: mediaTypeAt(document.artifactType, "artifactType of the manifest"),
    config: parseDescriptor(document.config, "config of the manifest"),
    layers: listAt(document.layers, "layers of the manifest").map((item, i) =>
      parseDescriptor(item, `layers[${i}] of the manifest`),
    ),
    annotations: stringMapAt(document.annotations, "annotations of the manifest"),
  });
}

function readIndex(document: JsonObject, mediaType: string | undefined): Index {
  if (!Array.isArray(document.manifests)) {
    throw invalidImage("invalid image index: manifests is missing or not a list");
  }
  return present<Index>({
    schemaVersion: 2,
    mediaType,
    manifests: document.manifests.map((item, i) => parseDescriptor(item, `manifests[${i}] of the index`)),
    annotations: stringMapAt(document.annotations, "annotations of the index"),
  });
}

/**
 * Reads one descriptor; `where` names it in errors. Inline `data` is checked and left out: content always
 * comes from the blob. Throws `invalid-image`.
 */
export function parseDescriptor(value: unknown, where = "descriptor"): Descriptor {
  const object = objectAt(value, where);
  refuseCaseTwins(object, ["mediaType", "digest", "size", "platform", "urls"], where);
  const mediaType = mediaTypeAt(object.mediaType, `mediaType of ${where}`);
  if (mediaType === undefined) throw invalidImage(`invalid ${where}: it has no mediaType`);
  const size = integerAt(object.size, `size of ${where}`);
  if (size === undefined) throw invalidImage(`invalid ${where}: it has no size`);
  if (size < 0) throw invalidImage(`invalid ${where}: its size is negative (${size})`);
  const data = stringAt(object.data, `data of ${where}`);
  if (data !== undefined && !base64.test(data))
    throw invalidImage(`invalid ${where}: its data is not base64`);
  return present<Descriptor>({
    mediaType,
    digest: digestAt(object.digest, `digest of ${where}`),
    size,
    platform: platformAt(object.platform, `platform of ${where}`),
    annotations: stringMapAt(object.annotations, `annotations of ${where}`),
    urls: urlsAt(object.urls, `urls of ${where}`),
    artifactType: mediaTypeAt(object.artifactType, `artifactType of ${where}`),
  });
}

function mediaTypeAt(value: unknown, where: string): string | undefined {
  const text = stringAt(value, where);
  if (text === undefined || text === "") return undefined;
  if (!mediaTypeGrammar.test(text)) {
    throw invalidImage(`invalid ${where}: ${JSON.stringify(text.slice(0, 100))} is not a media type`);
  }
  return text;
}

function urlsAt(value: unknown, where: string): readonly string[] | undefined {
  const urls = stringsAt(value, where);
  const wrong = urls?.find((url) => !URL.canParse(url));
  if (wrong !== undefined) {
    throw invalidImage(`invalid ${where}: ${JSON.stringify(wrong.slice(0, 100))} is not a URL`);
  }
  return urls;
}

function platformAt(value: unknown, where: string): Platform | undefined {
  if (value === undefined || value === null) return undefined;
  const object = objectAt(value, where);
  const os = stringAt(object.os, `os in ${where}`) ?? "";
  const architecture = stringAt(object.architecture, `architecture in ${where}`) ?? "";
  const variant = stringAt(object.variant, `variant in ${where}`);
  if (os === "" && architecture === "" && (variant ?? "") === "") return undefined;
  if (os === "" || architecture === "") throw invalidImage(`invalid ${where}: it needs os and architecture`);
  return present<Platform>({
    os,
    architecture,
    variant: variant === "" ? undefined : variant,
    "os.version": stringAt(object["os.version"], `os.version in ${where}`),
    "os.features": stringsAt(object["os.features"], `os.features in ${where}`),
  });
}

/** Whether the manifest's configuration is an image's, by its media type; Docker once wrote octet-stream. */
export function isImageManifest(manifest: Manifest): boolean {
  const { mediaType } = manifest.config;
  if (manifest.artifactType !== undefined && !isImageConfig(mediaType)) return false;
  return isImageConfig(mediaType) || mediaType === "application/octet-stream";
}

/**
 * Checks that manifest and configuration speak of the same layers: one diff id for each, and no more history
 * entries with a layer than there are layers (Docker's rule). Throws `invalid-image`.
 */
export function checkLayers(manifest: Manifest, config: ImageConfig): void {
  const layers = manifest.layers.length;
  const diffIds = config.rootfs.diff_ids.length;
  if (layers !== diffIds) {
    throw invalidImage(
      `invalid image: the manifest has ${layers} layers, but the configuration has ${diffIds} diff ids`,
    );
  }
  const filled = (config.history ?? []).filter((entry) => entry.empty_layer !== true).length;
  if (filled > layers) throw invalidImage("invalid image: too many non-empty layers in History section");
}
