import { BerthError } from "../../base/errors.ts";
import type { FileSyscalls } from "../../sys/file-syscalls.ts";
import { decompress, type LengthBeyond } from "./decompress.ts";
import { ExtractionNotes } from "./extraction-notes.ts";
import { LayerWriter } from "./layer-writer.ts";
import type { OwnerPolicy } from "./owner-policy.ts";
import { readTar } from "./read-tar.ts";

export interface ExtractLayerOptions {
  readonly calls: FileSyscalls;
  /** The blob, open for reading at its start. */
  readonly blob: number;
  /** For a blob that is still being written: see `decompress`. */
  readonly lengthBeyond?: LengthBeyond;
  /** `sha256:<hex>` of the uncompressed archive. */
  readonly diffId: string;
  /** An open empty directory. */
  readonly root: number;
  readonly owners: OwnerPolicy;
  readonly maximumSize?: number;
  /** Compressed bytes read so far. */
  readonly onProgress?: (bytes: number) => void;
}

export interface ExtractedLayer {
  /** Bytes of file content. */
  readonly size: number;
  readonly notes: readonly string[];
}

/**
 * Unpacks one layer below `root`: decompress, hash, check headers, parse, write, all in one pass with flat memory.
 * Throws `invalid-image` for what is malformed or hostile, `digest-mismatch` where the archive is not `diffId`; what
 * was written until then stays, for the caller to remove.
 */
export async function extractLayer(options: ExtractLayerOptions): Promise<ExtractedLayer> {
  const notes = new ExtractionNotes();
  const writer = new LayerWriter({
    calls: options.calls,
    root: options.root,
    owners: options.owners,
    notes,
    ...(options.maximumSize === undefined ? {} : { maximumSize: options.maximumSize }),
  });
  try {
    await readVerified(options, writer);
    writer.finish();
  } finally {
    writer.close();
  }
  return { size: writer.size, notes: notes.lines() };
}

async function readVerified(options: ExtractLayerOptions, writer: LayerWriter): Promise<void> {
  const hash = new Bun.CryptoHasher("sha256");
  let read = 0;
  const count = (bytes: number) => {
    read += bytes;
    options.onProgress?.(read);
  };
  const source = decompress(options.blob, count, options.lengthBeyond);
  await readTar(hashed(source, hash), writer);
  const actual = `sha256:${hash.digest("hex")}`;
  if (actual !== options.diffId)
    throw new BerthError(
      "digest-mismatch",
      `layer unpacks to ${actual}, but the image promises ${options.diffId}`,
    );
}

async function* hashed(
  source: AsyncIterable<Uint8Array>,
  hash: Bun.CryptoHasher,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    hash.update(chunk);
    yield chunk;
  }
}
