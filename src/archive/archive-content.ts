import { closeSync, constants, fstatSync, openSync, readFileSync, readSync, statSync } from "node:fs";
import { BerthError } from "../base/errors.ts";
import { hexOf, sha256Of } from "../oci/digest.ts";
import { invalidImage } from "../oci/document.ts";
import type { BlobStream, FetchOptions, RawDocument } from "../oci/transport.ts";
import type { Descriptor, Digest } from "../oci/types.ts";
import { maximumManifestSize } from "../oci/limits.ts";
import type { ArchiveFile, ArchiveFiles } from "./image-archive.ts";

const chunk = 1 << 20;

/** Opens only a regular file, without waiting for the other end of a fifo. */
export function openRegular(path: string): number {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  if (fstatSync(fd).isFile()) return fd;
  closeSync(fd);
  throw invalidImage(`${path} is not a regular file`);
}

/** A small document by its name in the archive; undefined when it is not there. Throws `invalid-image` over `limit` bytes. */
export function readSmall(files: ArchiveFiles, name: string, limit: number): Uint8Array | undefined {
  const file = files.locate(name);
  if (file === undefined) return undefined;
  if (file.size > limit) {
    throw invalidImage(`${name} of the archive has ${file.size} bytes, at most ${limit} are accepted`);
  }
  const fd = openRegular(file.path);
  try {
    return new Uint8Array(readFileSync(fd));
  } finally {
    closeSync(fd);
  }
}

async function* chunksOf(path: string, from: number, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  const fd = openRegular(path);
  try {
    for (let position = from; ; ) {
      signal?.throwIfAborted();
      const buffer = new Uint8Array(chunk);
      const count = readSync(fd, buffer, 0, chunk, position);
      if (count === 0) return;
      position += count;
      yield buffer.subarray(0, count);
      await new Promise((resolve) => setImmediate(resolve)); // others have their turn between two chunks
    }
  } finally {
    closeSync(fd);
  }
}

/** Where OCI layouts keep a blob (image-spec "image-layout.md"). */
export function blobName(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

/** Answers for content by digest from the files of an archive; `nameOf` says in which member it is. */
export class ArchiveContent {
  readonly #files: ArchiveFiles;
  readonly #nameOf: (digest: Digest) => string;

  constructor(files: ArchiveFiles, nameOf: (digest: Digest) => string = blobName) {
    this.#files = files;
    this.#nameOf = nameOf;
  }

  #file(digest: Digest): ArchiveFile {
    const file = this.#files.locate(this.#nameOf(digest));
    if (file === undefined) {
      throw new BerthError("not-found", `the archive does not hold ${digest}`, {
        hint: "it may hold only some platforms of the image; name one of them with --platform",
      });
    }
    return file;
  }

  takeBlob(descriptor: Descriptor): string | undefined {
    if (!this.#files.disposable) return undefined;
    const { path } = this.#file(descriptor.digest);
    return statSync(path, { throwIfNoEntry: false })?.isFile() ? path : undefined;
  }

  async fetchManifest(descriptor: Descriptor): Promise<RawDocument> {
    const file = this.#file(descriptor.digest);
    const bytes = readSmall(this.#files, this.#nameOf(descriptor.digest), maximumManifestSize);
    const actual = bytes && sha256Of(bytes);
    if (bytes === undefined || actual !== descriptor.digest || file.size !== descriptor.size) {
      throw new BerthError(
        "digest-mismatch",
        `manifest ${descriptor.digest} of ${descriptor.size} bytes is ${actual} of ${file.size} bytes in the archive`,
      );
    }
    return { descriptor, bytes };
  }

  async fetchBlob(descriptor: Descriptor, { offset = 0, signal }: FetchOptions): Promise<BlobStream> {
    return { offset, body: chunksOf(this.#file(descriptor.digest).path, offset, signal) };
  }
}
