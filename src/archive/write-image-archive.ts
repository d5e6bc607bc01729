import { type Pack, pack } from "tar-stream";
import { hexOf } from "../oci/digest.ts";
import { mediaTypes } from "../oci/media-types.ts";
import { familiarName, familiarString, formatReference } from "../oci/reference.ts";
import type { Descriptor, Digest, Manifest, Reference } from "../oci/types.ts";
import { blobName } from "./archive-content.ts";

export const imageArchiveFormats = ["docker-archive", "oci-archive"] as const;
export type ImageArchiveFormat = (typeof imageArchiveFormats)[number];

/** One image for an archive. */
export interface ImageToArchive {
  readonly root: Descriptor;
  readonly manifest: Manifest;
  /** With tags; none for an image that was named by its id. */
  readonly names: readonly Reference[];
}

export interface ImageArchiveRequest {
  readonly format: ImageArchiveFormat;
  readonly images: readonly ImageToArchive[];
  /** The bytes of any blob that the images name, their manifests included. */
  readonly open: (digest: Digest) => AsyncIterable<Uint8Array>;
  readonly signal?: AbortSignal;
}

interface Member {
  readonly name: string;
  readonly size: number;
  readonly content: () => AsyncIterable<Uint8Array>;
}

/**
 * The bytes of a tar with images: an OCI image layout (image-spec "image-layout.md") and, as a docker-archive, beside it the
 * `manifest.json` and `repositories` of `docker save`, so that old and new readers find what they know. Blobs are in it
 * as they are, each once. The same images give the same bytes: members are sorted, times are 0, nobody owns them.
 */
export async function* writeImageArchive(request: ImageArchiveRequest): AsyncGenerator<Uint8Array> {
  const tar = pack();
  const writing = writeMembers(tar, membersOf(request), request.signal).catch((error) => tar.destroy(error));
  try {
    for await (const chunk of tar) yield chunk as Uint8Array;
    await writing;
  } finally {
    tar.destroy();
  }
}

function membersOf({ format, images, open }: ImageArchiveRequest): Member[] {
  const blobs = new Map<Digest, number>();
  for (const { root, manifest } of images)
    for (const { digest, size } of [root, manifest.config, ...manifest.layers]) blobs.set(digest, size);
  const document = (name: string, value: unknown): Member => {
    const bytes = Buffer.from(JSON.stringify(value));
    return {
      name,
      size: bytes.length,
      content: async function* () {
        yield bytes;
      },
    };
  };
  return [
    ...[...blobs]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([digest, size]) => ({ name: blobName(digest), size, content: () => open(digest) })),
    document("index.json", indexOf(images)),
    ...(format === "docker-archive" ? [document("manifest.json", dockerManifestOf(images))] : []),
    document("oci-layout", { imageLayoutVersion: "1.0.0" }),
    ...(format === "docker-archive" ? [document("repositories", repositoriesOf(images))] : []),
  ];
}

/** One descriptor for each name, with the annotations that containerd, Docker and buildx write. */
function indexOf(images: readonly ImageToArchive[]) {
  const manifests = images.flatMap(({ root, names }): Descriptor[] => {
    const { mediaType, digest, size } = root;
    if (names.length === 0) return [{ mediaType, digest, size }];
    return names.map((name) => ({
      mediaType,
      digest,
      size,
      annotations: {
        "io.containerd.image.name": formatReference(name),
        "org.opencontainers.image.ref.name": name.tag ?? "latest",
      },
    }));
  });
  return { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
}

/** moby image/tarexport: names of members by image; layers may be compressed. */
function dockerManifestOf(images: readonly ImageToArchive[]) {
  return images.map(({ manifest, names }) => ({
    Config: blobName(manifest.config.digest),
    RepoTags: names.length === 0 ? null : names.map(familiarString),
    Layers: manifest.layers.map(({ digest }) => blobName(digest)),
  }));
}

/** What readers before 2015 look at: repository → tag → the topmost layer. */
function repositoriesOf(images: readonly ImageToArchive[]) {
  const repositories: Record<string, Record<string, string>> = {};
  for (const { manifest, names } of images) {
    const top = manifest.layers.at(-1) ?? manifest.config;
    for (const name of names) {
      const repository = familiarName(name);
      repositories[repository] = { ...repositories[repository], [name.tag ?? "latest"]: hexOf(top.digest) };
    }
  }
  return repositories;
}

const epoch = new Date(0);

async function writeMembers(tar: Pack, members: readonly Member[], signal: AbortSignal | undefined) {
  for (const name of ["blobs/", "blobs/sha256/"])
    tar.entry({ name, type: "directory", mode: 0o755, mtime: epoch });
  for (const { name, size, content } of members) {
    let done: (() => void) | undefined;
    let failed: ((error: unknown) => void) | undefined;
    const ended = new Promise<void>((resolve, reject) => {
      done = resolve;
      failed = reject;
    });
    ended.catch(() => {}); // it is awaited below, and may fail before
    const entry = tar.entry({ name, size, mode: 0o644, mtime: epoch }, (error) =>
      error ? failed?.(error) : done?.(),
    );
    entry.on("error", (error) => failed?.(error));
    for await (const chunk of content()) {
      signal?.throwIfAborted();
      if (!entry.write(chunk))
        await Promise.race([ended, new Promise<void>((go) => entry.once("drain", go))]);
    }
    entry.end(new Uint8Array());
    await ended;
  }
  tar.finalize();
}
