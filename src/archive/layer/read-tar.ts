import { type Extract, extract as tarExtract } from "tar-stream";
import { BerthError } from "../../base/errors.ts";
import { invalidLayer } from "./invalid-layer.ts";
import { type LayerEntry, layerEntryFrom } from "./layer-entry.ts";
import { TarGuard } from "./tar-guard.ts";

/** Who takes the entries of a tar, one after the other: `begin`, `write` for each piece of content, `end`. */
export interface EntryWriter {
  begin(entry: LayerEntry): void;
  write(bytes: Uint8Array): void;
  end(): void;
}

/** Documented options that the package's types leave out: names as bytes, and headers of the time before POSIX. */
const parserOptions = { filenameEncoding: "latin1", allowUnknownFormat: true, highWaterMark: 16384 };

/**
 * Passes what is in an uncompressed tar to `writer`, in one pass with flat memory, and reads `source` to its end. Throws
 * `invalid-image` for what is malformed, and what the writer throws.
 */
export async function readTar(source: AsyncIterable<Uint8Array>, writer: EntryWriter): Promise<void> {
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

  for await (const chunk of source) {
    if (guard.ended) continue;
    guard.push(chunk);
    if (full) await Promise.race([drained(parser), closed]);
    full = false;
  }
  guard.finish();
  parser.end(null);
  await closed;
}

function drained(parser: Extract): Promise<void> {
  return new Promise((resolve) => parser.once("drain", resolve));
}

/** Passes what the parser finds to the writer; whatever the writer throws becomes the parser's error. */
function writeEntries(parser: Extract, guard: TarGuard, writer: EntryWriter): void {
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
