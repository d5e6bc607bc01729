import { closeSync, createReadStream, openSync, writeSync } from "node:fs";
import { decompressArchive } from "../../archive/decompress-archive.ts";
import { isBerthError } from "../../base/errors.ts";
import type { Digest } from "../../oci/types.ts";
import { decompressors } from "../decompressors.ts";
import { type BuildTools, temporaryPath } from "./build-environment.ts";

const blockSize = 512;

/** Whether a file is a tar, compressed or not, by its content (BuildKit goes by content, too). */
export async function isArchive(build: BuildTools, path: string): Promise<boolean> {
  try {
    const tar = await tarIn(build, path);
    if (tar === undefined) return false;
    let head = Buffer.alloc(0);
    for await (const chunk of tar) {
      head = Buffer.concat([head, chunk]);
      if (head.length >= blockSize) break;
    }
    return isTarHeader(head);
  } catch (error) {
    if (isBerthError(error, "invalid-image", "unsupported")) return false;
    throw error;
  }
}

/** Unpacks an archive, hostile as it may be, into a new directory; its files have the owners that it says. */
export async function unpackArchive(build: BuildTools, path: string): Promise<string> {
  const { context, signal } = build;
  const plain = temporaryPath(build, "tar");
  const file = openSync(plain, "wx", 0o600);
  const hash = new Bun.CryptoHasher("sha256");
  try {
    for await (const chunk of (await tarIn(build, path)) ?? []) {
      signal.throwIfAborted();
      hash.update(chunk);
      for (let done = 0; done < chunk.length; ) done += writeSync(file, chunk, done);
    }
  } finally {
    closeSync(file);
  }
  const target = temporaryPath(build, "archive");
  const diffId: Digest = `sha256:${hash.digest("hex")}`;
  await context.unpacker.unpack({ blob: plain, diffId, target }, undefined, signal);
  return target;
}

/** The tar in a file; undefined for an empty one. */
function tarIn({ context }: BuildTools, path: string): Promise<AsyncIterable<Uint8Array> | undefined> {
  return decompressArchive(createReadStream(path), decompressors(context));
}

/** POSIX: the sum of the bytes of the header, its own field counted as blanks. */
function isTarHeader(head: Uint8Array): boolean {
  if (head.length < blockSize) return false;
  const field = Buffer.from(head.subarray(148, 156))
    .toString("latin1")
    .replace(/[\0 ]+$/, "")
    .trim();
  if (!/^[0-7]+$/.test(field)) return false;
  const sum = head
    .subarray(0, blockSize)
    .reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 0x20 : byte), 0);
  return Number.parseInt(field, 8) === sum;
}
