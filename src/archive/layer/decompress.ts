import { readSync } from "node:fs";
import {
  createGunzip,
  createZstdDecompress,
  type Gunzip,
  constants as zlib,
  type ZstdDecompress,
} from "node:zlib";
import { BerthError, messageOf } from "../../base/errors.ts";
import { invalidLayer } from "./invalid-layer.ts";

export type Compression = "none" | "gzip" | "zstd";

/** Big enough that a call across threads is cheap, small enough that memory stays flat. */
const outputChunk = 1024 * 1024;
const inputChunk = 256 * 1024;
/** 128 MiB, what zstd itself allows unless asked (`--long=27`); a frame may ask for 2 GiB. */
const maximumZstdWindowLog = 27;

const magics = [
  { name: "gzip", bytes: [0x1f, 0x8b] },
  { name: "zstd", bytes: [0x28, 0xb5, 0x2f, 0xfd] },
  { name: "xz", bytes: [0xfd, 0x37, 0x7a, 0x58, 0x5a] },
  { name: "bzip2", bytes: [0x42, 0x5a, 0x68] },
  { name: "lz4", bytes: [0x04, 0x22, 0x4d, 0x18] },
] as const;

function isTarHeader(head: Uint8Array): boolean {
  return head.length >= 262 && Buffer.from(head).toString("latin1", 257, 262) === "ustar";
}

/** What the first bytes say that bytes are compressed with. */
export function compressionOf(head: Uint8Array): Compression | (typeof magics)[number]["name"] {
  const skippableZstd =
    head.length >= 4 &&
    (head[0]! & 0xf0) === 0x50 &&
    head[1] === 0x2a &&
    head[2] === 0x4d &&
    head[3] === 0x18;
  if (skippableZstd) return "zstd";
  const found = magics.find(({ bytes }) => bytes.every((byte, index) => head[index] === byte));
  return isTarHeader(head) || found === undefined ? "none" : found.name;
}

/**
 * What the first bytes of a blob say; media types are often wrong, and Docker goes by the content too. Throws
 * `unsupported` for compressions that image layers do not have.
 */
export function recogniseCompression(head: Uint8Array): Compression {
  const found = compressionOf(head);
  if (found === "none" || found === "gzip" || found === "zstd") return found;
  throw new BerthError("unsupported", `layer is compressed with ${found}`, {
    hint: "layers can be gzip, zstd or not compressed; convert the image with skopeo copy",
  });
}

/**
 * How long a file is that is still being written: resolves when it is known to be longer than `position`, and to infinity
 * when it is whole, so that its end is where reading ends.
 */
export type LengthBeyond = (position: number) => Promise<number>;

const isWhole: LengthBeyond = async () => Number.POSITIVE_INFINITY;

/** What is left to read from a descriptor, in chunks of its own. */
async function* rawChunks(
  fd: number,
  head: Buffer,
  onRead: (bytes: number) => void,
  lengthBeyond: LengthBeyond,
): AsyncGenerator<Buffer> {
  if (head.length > 0) {
    onRead(head.length);
    yield head;
  }
  for (let position = head.length; ; ) {
    const length = await lengthBeyond(position);
    const chunk = Buffer.allocUnsafeSlow(Math.min(inputChunk, length - position));
    const count = readSync(fd, chunk, 0, chunk.length, null);
    if (count === 0) return;
    position += count;
    onRead(count);
    yield chunk.subarray(0, count);
  }
}

async function readHead(fd: number, lengthBeyond: LengthBeyond): Promise<Buffer> {
  const head = Buffer.allocUnsafeSlow(512);
  let filled = 0;
  while (filled < head.length) {
    const length = await lengthBeyond(filled);
    const count = readSync(fd, head, filled, Math.min(head.length, length) - filled, null);
    if (count === 0) break;
    filled += count;
  }
  return head.subarray(0, filled);
}

/** Feeds a decoder from a descriptor as fast as it takes it; decoding happens on a thread of the pool. */
async function feed(decoder: Gunzip | ZstdDecompress, source: AsyncIterable<Buffer>): Promise<void> {
  for await (const chunk of source) {
    if (decoder.destroyed) return;
    if (decoder.write(chunk)) continue;
    await new Promise<void>((resolve) => {
      const settle = () => {
        decoder.off("drain", settle).off("close", settle);
        resolve();
      };
      decoder.on("drain", settle).on("close", settle);
    });
  }
  decoder.end();
}

/**
 * The decompressed bytes of a blob, read from the current offset of `fd`. `onRead` is told compressed bytes.
 * Throws `invalid-image` for data that is damaged, truncated or not what it seems.
 */
export async function* decompress(
  fd: number,
  onRead: (bytes: number) => void,
  lengthBeyond: LengthBeyond = isWhole,
): AsyncGenerator<Uint8Array> {
  const head = await readHead(fd, lengthBeyond);
  const compression = recogniseCompression(head);
  const source = rawChunks(fd, head, onRead, lengthBeyond);
  if (compression === "none") {
    yield* source;
    return;
  }
  const decoder =
    compression === "gzip"
      ? createGunzip({ chunkSize: outputChunk })
      : createZstdDecompress({
          chunkSize: outputChunk,
          params: { [zlib.ZSTD_d_windowLogMax]: maximumZstdWindowLog },
        });
  const fed = feed(decoder, source).catch((error) => decoder.destroy(error));
  try {
    for await (const chunk of decoder) yield chunk;
    await fed;
  } catch (error) {
    throw invalidLayer(`cannot decompress ${compression}: ${messageOf(error)}`, error);
  } finally {
    decoder.destroy();
  }
}
