import { mediaTypes } from "../../src/oci/media-types.ts";
import type { Descriptor, Digest, ImageConfig, Platform } from "../../src/oci/types.ts";
import { digestOf } from "./records.ts";

/** An image that exists in memory only: every document and blob by digest. */
export interface MemoryImage {
  readonly root: Descriptor;
  readonly id: Digest;
  readonly layers: readonly Descriptor[];
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
}

export interface MemoryImageOptions {
  /** What each layer's tar "contains"; any bytes will do for a fake unpacker. */
  readonly layers: readonly (string | Uint8Array)[];
  readonly config?: Partial<ImageConfig>;
  readonly compression?: "none" | "gzip" | "zstd";
  readonly platform?: Platform;
  /** Replaces the true manifest before it is written. */
  readonly manifest?: (manifest: Record<string, unknown>) => Record<string, unknown>;
}

const layerTypes = {
  none: mediaTypes.ociLayer,
  gzip: mediaTypes.ociLayerGzip,
  zstd: mediaTypes.ociLayerZstd,
} as const;

function compress(bytes: Uint8Array<ArrayBuffer>, compression: "none" | "gzip" | "zstd"): Uint8Array {
  if (compression === "gzip") return Bun.gzipSync(bytes);
  if (compression === "zstd") return Bun.zstdCompressSync(bytes);
  return bytes;
}

/** Makes an image of one platform. */
export function memoryImage(options: MemoryImageOptions): MemoryImage {
  const { compression = "gzip", platform = { os: "linux", architecture: "amd64" } } = options;
  const blobs = new Map<Digest, Uint8Array>();
  const add = (mediaType: string, bytes: Uint8Array): Descriptor => {
    const digest = digestOf(bytes);
    blobs.set(digest, bytes);
    return { mediaType, digest, size: bytes.byteLength };
  };
  const contents = options.layers.map((layer) =>
    typeof layer === "string" ? new TextEncoder().encode(layer) : new Uint8Array(layer),
  );
  const layers = contents.map((bytes) => add(layerTypes[compression], compress(bytes, compression)));
  const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
  const config = add(
    mediaTypes.ociConfig,
    json({
      ...platform,
      rootfs: { type: "layers", diff_ids: contents.map((bytes) => digestOf(bytes)) },
      ...options.config,
    }),
  );
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers };
  const root = add(mediaTypes.ociManifest, json(options.manifest?.(manifest) ?? manifest));
  return { root: { ...root, platform }, id: config.digest, layers, blobs };
}

/** An index over several images. */
export function memoryIndex(images: readonly MemoryImage[]): MemoryImage {
  const manifests = images.map(({ root }) => root);
  const bytes = new TextEncoder().encode(
    JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }),
  );
  const digest = digestOf(bytes);
  const blobs = new Map(images.flatMap((image) => [...image.blobs]));
  blobs.set(digest, bytes);
  return {
    root: { mediaType: mediaTypes.ociIndex, digest, size: bytes.byteLength },
    id: digest,
    layers: [],
    blobs,
  };
}
