import { closeSync, createReadStream, openSync, readSync, writeSync } from "node:fs";
import { decompressArchive } from "../../archive/decompress-archive.ts";
import { BerthError, isBerthError } from "../../base/errors.ts";
import type { Digest } from "../../oci/types.ts";
import { type BuildTools, temporaryPath } from "./build-environment.ts";

const blockSize = 512;

/** Programs that decompress what berth does not itself, by the first bytes that tell. */
const programs = [
  { name: "xz", magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a] },
  { name: "bzip2", magic: [0x42, 0x5a, 0x68] },
] as const;

/** Whether a file is a tar, compressed or not, by its content (BuildKit goes by content, too). */
export async function isArchive(path: string): Promise<boolean> {
  try {
    const tar = await tarIn(path);
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
    for await (const chunk of (await tarIn(path)) ?? []) {
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
async function tarIn(path: string): Promise<AsyncIterable<Uint8Array> | undefined> {
  const head = headOf(path);
  const program = programs.find(({ magic }) => magic.every((byte, index) => head[index] === byte));
  if (program === undefined) return decompressArchive(createReadStream(path));
  return decompressedBy(program.name, path);
}

async function* decompressedBy(program: string, path: string): AsyncGenerator<Uint8Array> {
  if (Bun.which(program) === null)
    throw new BerthError(
      "unsupported",
      `an archive is compressed with ${program}, and the program ${program} is not installed`,
    );
  const child = Bun.spawn([program, "-dc"], { stdin: Bun.file(path), stdout: "pipe", stderr: "ignore" });
  try {
    yield* child.stdout;
    if ((await child.exited) !== 0)
      throw new BerthError("invalid-image", `cannot decompress the archive (${program})`);
  } finally {
    child.kill();
  }
}

function headOf(path: string): Uint8Array {
  const file = openSync(path, "r");
  try {
    const head = Buffer.alloc(16);
    return head.subarray(0, readSync(file, head));
  } finally {
    closeSync(file);
  }
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
