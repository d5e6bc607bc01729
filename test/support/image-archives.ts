import { pack } from "tar-stream";
import { hexOf } from "../../src/oci/digest.ts";
import type { MemoryImage } from "./memory-image.ts";
import { memoryImage } from "./memory-image.ts";

export interface TarMember {
  readonly name: string;
  readonly content?: string | Uint8Array;
  /** Makes it a symbolic link. */
  readonly symlink?: string;
  /** Makes it a hard link. */
  readonly link?: string;
}

/** A tar of the members in their order, names as they are. */
export async function tarOf(members: readonly TarMember[]): Promise<Uint8Array<ArrayBuffer>> {
  const writer = pack();
  const chunks: Uint8Array[] = [];
  const done = new Promise<void>((resolve, reject) => {
    writer.on("data", (chunk) => chunks.push(chunk as Uint8Array));
    writer.on("end", resolve);
    writer.on("error", reject);
  });
  for (const { name, content = "", symlink, link } of members) {
    const bytes = typeof content === "string" ? Buffer.from(content) : Buffer.from(content);
    if (symlink !== undefined) writer.entry({ name, type: "symlink", linkname: symlink });
    else if (link !== undefined) writer.entry({ name, type: "link", linkname: link });
    else writer.entry({ name }, bytes);
  }
  writer.finalize();
  await done;
  return new Uint8Array(Buffer.concat(chunks));
}

/** The members of an OCI image layout; `annotations` by index of the image. */
export function ociLayoutMembers(
  images: readonly MemoryImage[],
  annotations: readonly Record<string, string>[] = [],
): TarMember[] {
  const manifests = images.map(({ root }, index) => ({ ...root, annotations: annotations[index] ?? {} }));
  const blobs = new Map(images.flatMap((image) => [...image.blobs]));
  return [
    ...[...blobs].map(([digest, content]) => ({ name: `blobs/sha256/${hexOf(digest)}`, content })),
    { name: "index.json", content: JSON.stringify({ schemaVersion: 2, manifests }) },
    { name: "oci-layout", content: '{"imageLayoutVersion":"1.0.0"}' },
  ];
}

export interface DockerItem {
  readonly Config?: string;
  readonly RepoTags?: readonly string[] | null;
  readonly Layers?: readonly string[];
}

/** The members of an archive as `docker save` of old writes it, and the image that is in it. */
export function dockerArchiveMembers(
  layers: readonly string[],
  item: DockerItem = {},
): { members: TarMember[]; image: MemoryImage } {
  const image = memoryImage({ layers, compression: "none" });
  const config = `${hexOf(image.id)}.json`;
  const names = layers.map((_, index) => `layer${index}/layer.tar`);
  const manifest = [{ Config: config, RepoTags: ["example:1"], Layers: names, ...item }];
  return {
    image,
    members: [
      ...layers.map((content, index) => ({ name: names[index]!, content })),
      { name: config, content: image.blobs.get(image.id)! },
      { name: "repositories", content: '{"../../evil":{"latest":"x"}}' },
      { name: "manifest.json", content: JSON.stringify(manifest) },
    ],
  };
}

/** A stream of the bytes in small pieces. */
export async function* streamed(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size);
}
