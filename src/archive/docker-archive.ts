import { closeSync, readSync } from "node:fs";
import { invalidImage, objectAt, stringAt, stringsAt } from "../oci/document.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { sha256Of } from "../oci/digest.ts";
import type { Descriptor, Digest, Manifest } from "../oci/types.ts";
import { maximumManifestSize } from "../oci/limits.ts";
import { maximumConfigSize } from "../oci/validate-config.ts";
import { ArchiveContent, openRegular, readSmall } from "./archive-content.ts";
import type { ArchivedImage, ArchiveFiles, ImageArchive } from "./image-archive.ts";
import { recogniseCompression } from "./layer/decompress.ts";
import { memberName } from "./member-names.ts";
import { archivedName } from "./oci-layout.ts";

const layerTypes = {
  none: mediaTypes.ociLayer,
  gzip: mediaTypes.ociLayerGzip,
  zstd: mediaTypes.ociLayerZstd,
} as const;

/** Whether the files are what `docker save` writes. */
export function isDockerArchive(files: ArchiveFiles): boolean {
  return files.locate("manifest.json") !== undefined;
}

interface Item {
  readonly config: string;
  readonly tags: readonly string[];
  readonly layers: readonly string[];
}

/** `manifest.json`: one item for each image, with names of members (moby image/tarexport). */
function itemsOf(bytes: Uint8Array): Item[] {
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw invalidImage("manifest.json of the archive is not valid JSON", error);
  }
  if (!Array.isArray(document)) throw invalidImage("manifest.json of the archive is not a list");
  return document.map((value, index) => {
    const where = `manifest.json[${index}] of the archive`;
    const item = objectAt(value, where);
    const config = stringAt(item.Config, `Config in ${where}`);
    if (config === undefined) throw invalidImage(`invalid ${where}: it has no Config`);
    return {
      config,
      tags: stringsAt(item.RepoTags, `RepoTags in ${where}`) ?? [],
      layers: stringsAt(item.Layers, `Layers in ${where}`) ?? [],
    };
  });
}

/**
 * Reads an archive of `docker save`. It has no OCI manifest, so one is made: media types, digests and sizes of
 * configuration and layers as they are in the archive, no annotations, keys in a fixed order. The same archive
 * therefore always gives the same manifest digest. Layers are kept as they are; one that is not compressed has its
 * diff id as digest. Throws `invalid-image`.
 */
export function readDockerArchive(files: ArchiveFiles): ImageArchive {
  const bytes = readSmall(files, "manifest.json", maximumManifestSize);
  if (bytes === undefined) throw invalidImage("this is not a docker-archive: manifest.json is missing");
  const names = new Map<Digest, string>();
  const manifests = new Map<Digest, Uint8Array>();
  const layers = new Map<string, Descriptor>();

  const images = itemsOf(bytes).map((item): ArchivedImage => {
    const configBytes = readSmall(files, item.config, maximumConfigSize);
    if (configBytes === undefined) throw missing(item.config);
    const config = {
      mediaType: mediaTypes.ociConfig,
      digest: sha256Of(configBytes),
      size: configBytes.byteLength,
    };
    names.set(config.digest, item.config);
    const manifest: Manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config,
      layers: item.layers.map((name) => {
        const key = memberName(name);
        const layer = layers.get(key) ?? describeLayer(files, name);
        layers.set(key, layer);
        names.set(layer.digest, name);
        return layer;
      }),
    };
    const encoded = new TextEncoder().encode(JSON.stringify(manifest));
    const root = { mediaType: mediaTypes.ociManifest, digest: sha256Of(encoded), size: encoded.byteLength };
    manifests.set(root.digest, encoded);
    return { names: [...new Set(item.tags.map(archivedName))], references: item.tags, roots: [root] };
  });

  const content = new ArchiveContent(files, (digest) => names.get(digest) ?? "");
  return {
    images,
    takeBlob: (descriptor) => content.takeBlob(descriptor),
    async fetchManifest(_, descriptor) {
      const made = manifests.get(descriptor.digest);
      if (made === undefined) throw invalidImage(`the archive has no manifest ${descriptor.digest}`);
      return { descriptor, bytes: made };
    },
    fetchBlob: (_, descriptor, options = {}) => content.fetchBlob(descriptor, options),
  };
}

function missing(name: string) {
  return invalidImage(
    `${JSON.stringify(name.slice(0, 200))} is named in manifest.json, but is not in the archive`,
  );
}

function describeLayer(files: ArchiveFiles, name: string): Descriptor {
  const file = files.locate(name);
  if (file === undefined) throw missing(name);
  const fd = openRegular(file.path);
  try {
    const hasher = new Bun.CryptoHasher("sha256");
    const buffer = new Uint8Array(1 << 20);
    let mediaType: Descriptor["mediaType"] | undefined;
    for (let position = 0; ; ) {
      const count = readSync(fd, buffer, 0, buffer.byteLength, position);
      mediaType ??= layerTypes[recogniseCompression(buffer.subarray(0, Math.min(count, 512)))];
      if (count === 0) return { mediaType, digest: `sha256:${hasher.digest("hex")}`, size: position };
      hasher.update(buffer.subarray(0, count));
      position += count;
    }
  } finally {
    closeSync(fd);
  }
}
