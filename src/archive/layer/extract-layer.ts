import { type Extract, extract as tarExtract } from "tar-stream";
import { BerthError } from "../../base/errors.ts";
import type { FileSyscalls } from "../../sys/file-syscalls.ts";
import { decompress, type LengthBeyond } from "./decompress.ts";
import { ExtractionNotes } from "./extraction-notes.ts";
import { invalidLayer } from "./invalid-layer.ts";
import { layerEntryFrom } from "./layer-entry.ts";
import { LayerWriter } from "./layer-writer.ts";
import type { OwnerPolicy } from "./owner-policy.ts";
import { TarGuard } from "./tar-guard.ts";

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

/** Documented options that the package's types leave out: names as bytes, and headers of the time before POSIX. */
const parserOptions = { filenameEncoding: "latin1", allowUnknownFormat: true, highWaterMark: 16384 };

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
    await readEntries(options, writer);
    writer.finish();
  } finally {
    writer.close();
  }
  return { size: writer.size, notes: notes.lines() };
}

async function readEntries(options: ExtractLayerOptions, writer: LayerWriter): Promise<void> {
  const hash = new Bun.CryptoHasher("sha256");
  const parser = tarExtract(parserOptions);
  const closed = new Promise<void>((resolve, reject) => {
    parser.on("error", (error) =>
      reject(error instanceof BerthError ? error : invalidLayer(error.message, error)),
    );
    parser.on("close", resolve);
  });
  // Awaited below; an error that comes before must not count as unhandled.
  closed.catch(() => {});
  let full = false;
  const guard = new TarGuard((bytes) => {
    full = !parser.write(bytes);
  });
  writeEntries(parser, guard, writer);

  let read = 0;
  const count = (bytes: number) => {
    read += bytes;
    options.onProgress?.(read);
  };
  const source = decompress(options.blob, count, options.lengthBeyond);
  for await (const chunk of source) {
    hash.update(chunk);
    if (guard.ended) continue;
    guard.push(chunk);
    if (full) await Promise.race([drained(parser), closed]);
    full = false;
  }
  guard.finish();
  parser.end(null);
  await closed;
  const actual = `sha256:${hash.digest("hex")}`;
  if (actual !== options.diffId)
    throw new BerthError(
      "digest-mismatch",
      `layer unpacks to ${actual}, but the image promises ${options.diffId}`,
    );
}

function drained(parser: Extract): Promise<void> {
  return new Promise((resolve) => parser.once("drain", resolve));
}

/** Passes what the parser finds to the writer; whatever the writer throws becomes the parser's error. */
function writeEntries(parser: Extract, guard: TarGuard, writer: LayerWriter): void {
  const attempt = (action: () => void): boolean => {
    try {
      action();
      return true;
    } catch (error) {
      parser.destroy(error instanceof Error ? error : new Error(String(error)));
      return false;
    }
  };
  parser.on("entry", (header, content, next) => {
    content.on("error", () => {}); // always the parser's own error, which is reported there
    const started = attempt(() => {
      const facts = guard.entries.shift();
      if (facts === undefined || (header.type !== "directory" && header.size !== facts.storedSize))
        throw invalidLayer(`the header of "${header.name}" can be read in two ways`);
      writer.begin(layerEntryFrom(header.name, header.linkname ?? "", facts));
    });
    if (!started) return;
    const end = () => {
      if (attempt(() => writer.end())) next();
    };
    if (header.size === 0 || header.type === "directory") {
      // Not at once: the parser would call itself for each of a thousand empty files in a row.
      content.resume();
      queueMicrotask(end);
    } else {
      content.on("data", (bytes) => {
        if (bytes instanceof Uint8Array) attempt(() => writer.write(bytes));
      });
      content.on("end", end);
    }
  });
}
