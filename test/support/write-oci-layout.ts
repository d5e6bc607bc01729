import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Descriptor } from "../../src/oci/types.ts";
import { type AddedImage, buildImage, type ImageSpec, sha256 } from "./registry-image.ts";

/** Writes an image as an OCI image layout (image-spec "image-layout.md"), one ref name for its tag. */
export function writeOciLayout(directory: string, spec: ImageSpec): AddedImage {
  const blobs = join(directory, "blobs/sha256");
  mkdirSync(blobs, { recursive: true });
  const addBlob = (bytes: Uint8Array) => {
    const digest = sha256(bytes);
    writeFileSync(join(blobs, digest.slice("sha256:".length)), bytes);
    return digest;
  };
  const roots: (Descriptor & { annotations: Record<string, string> })[] = [];
  const image = buildImage(spec, {
    addBlob,
    addManifest(name, bytes, mediaType, tag) {
      const descriptor = { mediaType, digest: addBlob(bytes), size: bytes.length };
      if (tag !== undefined)
        roots.push({ ...descriptor, annotations: { "org.opencontainers.image.ref.name": tag } });
      return { reference: { domain: "localhost", path: name }, descriptor };
    },
  });
  writeFileSync(join(directory, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  writeFileSync(join(directory, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: roots }));
  return image;
}
