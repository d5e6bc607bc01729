import { createGunzip, createZstdDecompress, constants as zlib } from "node:zlib";
import { BerthError, messageOf } from "../base/errors.ts";
import { invalidImage } from "../oci/document.ts";
import { recogniseCompression } from "./layer/decompress.ts";

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

function compressionOf(head: Uint8Array): "none" | "gzip" | "zstd" {
  try {
    return recogniseCompression(head);
  } catch (error) {
    if (!(error instanceof BerthError) || error.code !== "unsupported") throw error;
    const program = error.message.split(" ").at(-1); // "layer is compressed with xz"
    throw new BerthError("unsupported", `the archive is compressed with ${program}, which is not supported`, {
      hint: `decompress it first, with ${program} -d`,
    });
  }
}

/**
 * The tar inside a stream that may be gzip or zstd, told by its first bytes; undefined for an empty stream.
 * Throws `unsupported` for xz, bzip2 and lz4, `invalid-image` for damaged data.
 */
export async function decompressArchive(
  source: AsyncIterable<Uint8Array>,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  const { head, whole } = await peek(source);
  if (head.byteLength === 0) return undefined;
  const compression = compressionOf(head);
  if (compression === "none") return whole;
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
