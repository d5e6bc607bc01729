import type { Digest, ImageConfig } from "../../src/oci/types.ts";
import type { ContainerRecord, ImageRecord } from "../../src/store/types.ts";

/** The digest of a text or of bytes. */
export function digestOf(content: string | Uint8Array): Digest {
  return `sha256:${new Bun.CryptoHasher("sha256").update(content).digest("hex")}`;
}

/** An image record whose id, manifest and layers are derived from `name`. */
export function imageRecord(name: string, layers: readonly string[] = [`${name}-layer`]): ImageRecord {
  const config: ImageConfig = {
    architecture: "amd64",
    os: "linux",
    rootfs: { type: "layers", diff_ids: layers.map((layer) => digestOf(layer)) },
  };
  return {
    id: digestOf(`${name}-config`),
    manifest: {
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      digest: digestOf(`${name}-manifest`),
      size: 10,
    },
    config,
    size: 100,
    addedAt: "2026-01-02T03:04:05.000Z",
  };
}

/** A container of an image, with an id that begins with `idPrefix`. */
export function containerRecord(name: string, image: ImageRecord, idPrefix = ""): ContainerRecord {
  return {
    id: (idPrefix + digestOf(name).slice("sha256:".length)).slice(0, 64),
    name,
    imageId: image.id,
    image: "example",
    createdAt: "2026-01-02T03:04:05.000Z",
    command: ["true"],
    labels: { a: "b" },
    options: { anything: [1, 2] },
    state: { status: "created" },
  };
}
