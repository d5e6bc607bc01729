import { closeSync, mkdirSync, openSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { type Extract, extract } from "tar-stream";
import { BerthError, systemErrorCode } from "../base/errors.ts";
import { invalidImage } from "../oci/document.ts";
import type { ArchiveFile, ArchiveFiles } from "./image-archive.ts";
import { tarFaultOf } from "./layer/invalid-layer.ts";
import { TarGuard } from "./layer/tar-guard.ts";
import { memberName, symlinkTarget } from "./member-names.ts";

/** An image archive has a few files for each layer; this many are an attack on memory. */
const maximumMembers = 100_000;
/** Links that lead to links. */
const maximumLinks = 16;

type Entry = Extract extends AsyncIterable<infer Item> ? Item : never;

type Member =
  | { readonly kind: "file"; readonly file: ArchiveFile }
  | { readonly kind: "link"; readonly target: string };

/** The members of a tar archive that were written out, under numbers: no name of the archive reaches the host. */
export class SpooledFiles implements ArchiveFiles {
  readonly disposable = true;
  readonly #members = new Map<string, Member>();

  set(name: string, member: Member): void {
    const before = this.#members.get(name);
    if (before?.kind === "file") rmSync(before.file.path, { force: true }); // the later member wins, as in tar
    this.#members.set(name, member);
    if (this.#members.size > maximumMembers) {
      throw invalidImage(`the archive has more than ${maximumMembers} members`);
    }
  }

  locate(name: string): ArchiveFile | undefined {
    let member = this.#members.get(memberName(name));
    for (let links = 0; member?.kind === "link"; links++) {
      if (links === maximumLinks)
        throw invalidImage(`archive member ${JSON.stringify(name)} is a link without end`);
      member = this.#members.get(member.target);
    }
    return member?.file;
  }
}

/** The guard speaks of layers; here it read an archive of images. */
function archiveError(error: unknown): unknown {
  if (systemErrorCode(error) === "ENOSPC" || systemErrorCode(error) === "EDQUOT") {
    return new BerthError("no-space", "no space left on the disk to load the archive", {
      hint: "free some space, for example with `berth rmi`, and try again",
      cause: error,
    });
  }
  if (error instanceof BerthError ? error.code !== "invalid-image" : systemErrorCode(error) !== undefined)
    return error;
  return invalidImage(`cannot read the image archive: ${tarFaultOf(error)}`, error);
}

/**
 * Reads an uncompressed tar and writes its regular files into `directory`, which is made. Throws `invalid-image` for what
 * is no well-formed archive, and `no-space`.
 */
export async function spoolTar(
  tar: AsyncIterable<Uint8Array>,
  directory: string,
  signal?: AbortSignal,
): Promise<SpooledFiles> {
  mkdirSync(directory, { mode: 0o700 });
  const files = new SpooledFiles();
  const parser = extract();
  const fed = feed(tar, parser, signal);
  fed.catch(() => {}); // awaited below; one that comes before must not count as unhandled
  try {
    let count = 0;
    for await (const entry of parser) {
      const { name, type, linkname } = entry.header;
      if (type === "file" || type === "contiguous-file") {
        const path = join(directory, String(count++));
        files.set(memberName(name), { kind: "file", file: { path, size: await writeOut(entry, path) } });
        continue;
      }
      if (type === "symlink") {
        files.set(memberName(name), {
          kind: "link",
          target: symlinkTarget(memberName(name), linkname ?? ""),
        });
      } else if (type === "link") {
        files.set(memberName(name), { kind: "link", target: memberName(linkname ?? "") });
      }
      entry.resume();
    }
    await fed;
    return files;
  } catch (error) {
    parser.destroy();
    signal?.throwIfAborted();
    throw archiveError(error);
  }
}

/** Writes the content of one entry to a new file; its size in bytes. */
function writeOut(content: Entry, path: string): Promise<number> {
  const fd = openSync(path, "wx", 0o600);
  let size = 0;
  return new Promise<number>((resolve, reject) => {
    content.on("data", (chunk) => {
      try {
        if (!(chunk instanceof Uint8Array)) throw new TypeError("an archive gives bytes");
        let written = 0;
        while (written < chunk.byteLength) written += writeSync(fd, chunk, written);
        size += chunk.byteLength;
      } catch (error) {
        content.destroy(error instanceof Error ? error : new Error(String(error)));
      }
    });
    content.on("error", reject);
    content.on("close", () => resolve(size));
  }).finally(() => closeSync(fd));
}

/** Pushes the archive through the guard into the parser as fast as entries are consumed. */
async function feed(
  tar: AsyncIterable<Uint8Array>,
  parser: Extract,
  signal: AbortSignal | undefined,
): Promise<void> {
  let full = false;
  const guard = new TarGuard((bytes) => {
    full = !parser.write(bytes);
  });
  try {
    for await (const chunk of tar) {
      signal?.throwIfAborted();
      if (parser.destroyed) return;
      if (guard.ended) continue; // read to its end, so that who writes into the pipe is not cut off
      guard.push(chunk);
      guard.entries.length = 0; // what they say beyond tar-stream is not needed here
      if (full) await drained(parser);
      full = false;
    }
    guard.finish();
    parser.end(null);
  } catch (error) {
    parser.destroy(error instanceof Error ? error : new Error(String(error)));
    throw error;
  }
}

function drained(parser: Extract): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      parser.off("drain", settle).off("close", settle);
      resolve();
    };
    parser.on("drain", settle).on("close", settle);
  });
}
