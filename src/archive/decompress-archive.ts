import { createGunzip, createZstdDecompress, constants as zlib } from "node:zlib";
import { BerthError, messageOf } from "../base/errors.ts";
import { invalidImage } from "../oci/document.ts";
import { compressionOf } from "./layer/decompress.ts";

/** 128 MiB, what zstd itself allows unless asked; a frame may ask for 2 GiB. */
const maximumZstdWindowLog = 27;
const headLength = 512;

/** The first bytes and a stream that begins with them. */
async function peek(
  source: AsyncIterable<Uint8Array>,
): Promise<{ head: Uint8Array; whole: AsyncIterable<Uint8Array> }> {
  const iterator = source[Symbol.asyncIterator]();
  let head = new Uint8Array(0);
  while (head.byteLength < headLength) {
    const next = await iterator.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  return {
    head,
    whole: (async function* () {
      if (head.byteLength > 0) yield head;
      try {
        for (let next = await iterator.next(); next.done !== true; next = await iterator.next())
          yield next.value;
      } finally {
        await iterator.return?.();
      }
    })(),
  };
}

/** The argv of the program that decompresses from stdin to stdout what this process cannot. */
export type Decompressors = (compression: "xz" | "bzip2") => readonly string[];

/**
 * The tar inside a stream that may be gzip, zstd, xz or bzip2, told by its first bytes; undefined for an empty stream.
 * Throws `unsupported` for lz4, `invalid-image` for damaged data.
 */
export async function decompressArchive(
  source: AsyncIterable<Uint8Array>,
  decompressors: Decompressors,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  const { head, whole } = await peek(source);
  if (head.byteLength === 0) return undefined;
  const compression = compressionOf(head);
  if (compression === "none") return whole;
  if (compression === "lz4")
    throw new BerthError("unsupported", "the archive is compressed with lz4, which is not supported", {
      hint: "decompress it first, with lz4 -d",
    });
  if (compression === "xz" || compression === "bzip2")
    return decompressedBy(decompressors(compression), whole, compression);
  const decoder =
    compression === "gzip"
      ? createGunzip({ chunkSize: 1 << 20 })
      : createZstdDecompress({
          chunkSize: 1 << 20,
          params: { [zlib.ZSTD_d_windowLogMax]: maximumZstdWindowLog },
        });
  return (async function* () {
    const fed = feed(whole, decoder).catch((error) => decoder.destroy(error));
    try {
      for await (const chunk of decoder) yield chunk;
      await fed;
    } catch (error) {
      throw invalidImage(`cannot decompress the archive (${compression}): ${messageOf(error)}`, error);
    } finally {
      decoder.destroy();
    }
  })();
}

async function* decompressedBy(
  program: readonly string[],
  source: AsyncIterable<Uint8Array>,
  compression: string,
): AsyncGenerator<Uint8Array> {
  const child = Bun.spawn([...program], { stdin: "pipe", stdout: "pipe", stderr: "ignore" });
  /** False when the program has ended; its status says why. */
  const taken = async (step: () => unknown) => {
    try {
      await step();
      return true;
    } catch {
      return false;
    }
  };
  const fed = (async () => {
    for await (const chunk of source)
      if (!(await taken(() => child.stdin.write(chunk))) || !(await taken(() => child.stdin.flush()))) return;
    await taken(() => child.stdin.end());
  })();
  fed.catch(() => child.kill()); // the reason is thrown below
  try {
    yield* child.stdout;
    await fed;
    if ((await child.exited) !== 0) throw invalidImage(`cannot decompress the archive (${compression})`);
  } finally {
    child.kill();
  }
}

async function feed(
  source: AsyncIterable<Uint8Array>,
  decoder: ReturnType<typeof createGunzip> | ReturnType<typeof createZstdDecompress>,
): Promise<void> {
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
