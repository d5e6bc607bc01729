import type { Descriptor, Digest, Platform, Reference } from "../../src/oci/types.ts";

export interface ImageSpec {
  /** Repository; `library/app` unless told. */
  readonly name?: string;
  /** `latest` unless told. */
  readonly tag?: string;
  /** The bytes of each layer as they are sent, lowest first. */
  readonly layers: readonly Uint8Array[];
  /** Merged over `{architecture: "amd64", os: "linux", rootfs}`; diff ids are those of the unpacked layers. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** `oci` unless told. */
  readonly mediaTypes?: "oci" | "docker";
  /** How all layers are compressed, for their media type and diff ids; found by magic number unless told. */
  readonly compression?: "none" | "gzip" | "zstd";
  /** Puts the tag on an index that names the image once for each platform. */
  readonly index?: readonly Platform[];
}

export interface AddedImage {
  /** By tag. */
  readonly reference: Reference;
  /** Of the image's own manifest. */
  readonly manifestDigest: Digest;
  readonly manifest: Descriptor;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly index?: Descriptor;
}

interface Target {
  addBlob(bytes: Uint8Array): Digest;
  addManifest(
    name: string,
    bytes: Uint8Array,
    mediaType: string,
    tag?: string,
  ): { reference: Reference; descriptor: Descriptor };
}

export function sha256(bytes: Uint8Array): Digest {
  return `sha256:${new Bun.CryptoHasher("sha256").update(bytes).digest("hex")}`;
}

const types = {
  oci: {
    manifest: "application/vnd.oci.image.manifest.v1+json",
    index: "application/vnd.oci.image.index.v1+json",
    config: "application/vnd.oci.image.config.v1+json",
    layer: { none: "", gzip: "+gzip", zstd: "+zstd" },
    layerBase: "application/vnd.oci.image.layer.v1.tar",
  },
  docker: {
    manifest: "application/vnd.docker.distribution.manifest.v2+json",
    index: "application/vnd.docker.distribution.manifest.list.v2+json",
    config: "application/vnd.docker.container.image.v1+json",
    layer: { none: "", gzip: ".gzip", zstd: ".zstd" },
    layerBase: "application/vnd.docker.image.rootfs.diff.tar",
  },
} as const;

/** Writes config, layers, manifest and index of an image into a registry. */
export function buildImage(spec: ImageSpec, target: Target): AddedImage {
  const family = types[spec.mediaTypes ?? "oci"];
  const name = spec.name ?? "library/app";
  const tag = spec.tag ?? "latest";
  const diffIds: Digest[] = [];
  const layers = spec.layers.map((bytes): Descriptor => {
    const compression = spec.compression ?? compressionOf(bytes);
    diffIds.push(sha256(unpacked(bytes, compression)));
    const mediaType = family.layerBase + family.layer[compression];
    return { mediaType, digest: target.addBlob(bytes), size: bytes.length };
  });
  const configBytes = encode({
    architecture: "amd64",
    os: "linux",
    config: {},
    rootfs: { type: "layers", diff_ids: diffIds },
    history: diffIds.map((_, index) => ({ created_by: `layer ${index + 1}` })),
    ...spec.config,
  });
  const config = {
    mediaType: family.config,
    digest: target.addBlob(configBytes),
    size: configBytes.length,
  };
  const manifestBytes = encode({ schemaVersion: 2, mediaType: family.manifest, config, layers });
  const indexed = spec.index !== undefined;
  const { descriptor } = target.addManifest(name, manifestBytes, family.manifest, indexed ? undefined : tag);
  const image = { manifestDigest: descriptor.digest, manifest: descriptor, config, layers };
  if (spec.index === undefined) {
    const { reference } = target.addManifest(name, manifestBytes, family.manifest, tag);
    return { ...image, reference };
  }
  const manifests = spec.index.map((platform) => ({ ...descriptor, platform }));
  const indexBytes = encode({ schemaVersion: 2, mediaType: family.index, manifests });
  const index = target.addManifest(name, indexBytes, family.index, tag);
  return { ...image, reference: index.reference, index: index.descriptor };
}

function encode(document: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(document));
}

function compressionOf(bytes: Uint8Array): "none" | "gzip" | "zstd" {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return "gzip";
  return bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd ? "zstd" : "none";
}

function unpacked(bytes: Uint8Array, compression: "none" | "gzip" | "zstd"): Uint8Array {
  if (compression === "gzip") return Bun.gunzipSync(new Uint8Array(bytes));
  return compression === "zstd" ? Bun.zstdDecompressSync(new Uint8Array(bytes)) : bytes;
}
