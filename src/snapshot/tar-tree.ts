import { S } from "../sys/kernel-numbers.ts";
import { readSync } from "node:fs";
import { fileSystemError } from "../archive/layer/file-system-error.ts";
import type { SparseSegment } from "../archive/layer/sparse-map.ts";
import { storedSize, tarBlock, type TarEntry, tarHeader, tarPadding } from "../archive/layer/tar-header.ts";
import type { ByteString } from "../sys/byte-string.ts";
import type { FileStatus } from "../sys/file-status.ts";
import { E, type FileSyscalls } from "../sys/file-syscalls.ts";
import { isWhiteout } from "./directory-stack.ts";
import { type FileMetadata, metadataOf, openIfThere, openToRead, plainMetadata } from "./file-metadata.ts";
import type { MadeEntry, TreeChange, TreeEntry } from "./tree-entry.ts";

export interface TarTreeOptions {
  /** Nothing is dated later than this (SOURCE_DATE_EPOCH), in seconds since 1970. */
  readonly latest?: number;
  /** Leave out what is gone, or something else, when its turn comes, as in a container that runs; else it is an error. */
  readonly skipGone?: boolean;
}

/** Fewer bytes of holes than this are written as zeros, which every tar reader understands. */
const leastHoles = 1024 * 1024;
const readSize = 1024 * 1024;

type Entry = TreeChange | MadeEntry | ({ readonly kind?: undefined } & TreeEntry);

/**
 * A tar (POSIX pax) of entries: a tree, or the changes that make a layer, with the whiteouts of the OCI image
 * specification. Owners are the true ones, times whole seconds. Sockets are left out; hard links are kept as far as both
 * names are entries. The same entries give the same bytes. Each piece is valid until the next one is asked for.
 */
export function* tarTree(
  calls: FileSyscalls,
  entries: Iterable<Entry>,
  options: TarTreeOptions = {},
): Generator<Uint8Array> {
  const tar = new TarTree(calls, options);
  for (const entry of entries) yield* tar.entry(entry);
  yield Buffer.alloc(2 * tarBlock);
}

class TarTree {
  readonly #calls: FileSyscalls;
  readonly #latest: number;
  readonly #skipGone: boolean;
  /** The first name of each file that has several, by device and inode. */
  readonly #links = new Map<string, ByteString>();
  readonly #buffer = Buffer.allocUnsafeSlow(readSize);

  constructor(calls: FileSyscalls, { latest, skipGone = false }: TarTreeOptions) {
    this.#calls = calls;
    this.#skipGone = skipGone;
    this.#latest = latest ?? Number.POSITIVE_INFINITY;
  }

  *entry(entry: Entry): Generator<Uint8Array> {
    if (entry.kind === "opaque") yield mark([...entry.path, ".wh..wh..opq"]);
    else if (entry.kind === "deleted") {
      const whiteout = [...entry.path.slice(0, -1), `.wh.${entry.path.at(-1)}`];
      if (!entry.byOpaque) yield mark(whiteout);
    } else if (entry.kind === "made") yield* this.#made(entry);
    else yield* this.#file(entry);
  }

  *#made({ path, content, modified, kind: _, ...metadata }: MadeEntry): Generator<Uint8Array> {
    const name = path.join("/");
    const common = { ...metadata, modified: Math.min(modified, this.#latest) };
    if (content === undefined) return yield tarHeader({ ...common, name: `${name}/`, type: "5", size: 0 });
    yield tarHeader({ ...common, name, type: "0", size: content.length });
    yield content;
    yield Buffer.alloc(tarPadding(content.length));
  }

  *#file(entry: TreeEntry): Generator<Uint8Array> {
    const { status, path, directory } = entry;
    const name = path.join("/");
    const plain = () => this.#common(plainMetadata(status), entry, name);
    const type = status.mode & S.IFMT;
    if (type === S.IFDIR) return yield* this.#directory(entry);
    if (type === S.IFSOCK || isWhiteout(status)) return;
    const link = this.#linkTo(status, name);
    if (link !== undefined) return yield tarHeader({ ...plain(), type: "1", target: link });
    switch (type) {
      case S.IFREG:
        return yield* this.#regular(entry, name);
      case S.IFLNK: {
        const target = this.#calls.readLink(directory, entry.name);
        if (this.#skipGone && (target === E.NOENT || target === E.INVAL)) return this.#forget(status);
        if (typeof target === "number") throw fileSystemError("read the link", name, target);
        return yield tarHeader({ ...plain(), type: "2", target });
      }
      case S.IFIFO:
        return yield tarHeader({ ...plain(), type: "6" });
      default: {
        const device = { major: status.nodeMajor, minor: status.nodeMinor };
        return yield tarHeader({ ...plain(), type: type === S.IFCHR ? "3" : "4", device });
      }
    }
  }

  *#directory(entry: TreeEntry): Generator<Uint8Array> {
    const name = entry.path.length === 0 ? "./" : `${entry.path.join("/")}/`;
    const fd = this.#open(entry, name);
    if (fd === undefined) return;
    try {
      const metadata = metadataOf(this.#calls, fd, entry.status);
      yield tarHeader({ ...this.#common(metadata, entry, name), type: "5" });
    } finally {
      this.#calls.close(fd);
    }
  }

  /** What was a regular file a moment ago may be something else by now, in a container that runs. */
  *#regular(entry: TreeEntry, name: ByteString): Generator<Uint8Array> {
    const fd = this.#open(entry, name);
    if (fd === undefined) return this.#forget(entry.status);
    try {
      const status = this.#calls.status(fd, "");
      if (typeof status === "number") throw fileSystemError("read the status of", name, status);
      if (this.#skipGone && (status.mode & S.IFMT) !== S.IFREG) return this.#forget(entry.status);
      if ((status.mode & S.IFMT) !== S.IFREG) throw fileSystemError("read", name, E.INVAL);
      const { size } = status;
      const common = {
        ...this.#common(metadataOf(this.#calls, fd, status), { ...entry, status }, name),
        size,
      };
      const sparse = sparseSegments(this.#calls, fd, status);
      const segments = sparse ?? [{ offset: 0, length: size }];
      yield tarHeader({ ...common, type: "0", ...(sparse === undefined ? {} : { sparse }) });
      for (const { offset, length } of segments) yield* this.#content(fd, offset, length);
      const padding = tarPadding(storedSize(segments));
      if (padding > 0) yield Buffer.alloc(padding);
    } finally {
      this.#calls.close(fd);
    }
  }

  #open({ directory, name }: TreeEntry, path: ByteString): number | undefined {
    return (this.#skipGone ? openIfThere : openToRead)(this.#calls, directory, name, path);
  }

  /** As many bytes as the header promised: zeros for what a file has lost meanwhile. */
  *#content(fd: number, offset: number, length: number): Generator<Uint8Array> {
    for (let done = 0; done < length; ) {
      const wanted = this.#buffer.subarray(0, Math.min(readSize, length - done));
      const count = readSync(fd, wanted, 0, wanted.length, offset + done);
      if (count === 0) wanted.fill(0);
      const piece = count === 0 ? wanted : wanted.subarray(0, count);
      yield piece;
      done += piece.length;
    }
  }

  #common(metadata: FileMetadata, { status, as }: TreeEntry, name: ByteString): Omit<TarEntry, "type"> {
    const modified = Math.min(Number(status.modifiedSeconds), this.#latest);
    return { ...(as === undefined ? metadata : as(metadata)), name, size: 0, modified };
  }

  /** The name that the same file had first; none for the first one. */
  #linkTo(status: FileStatus, name: ByteString): ByteString | undefined {
    if (status.links < 2) return undefined;
    const key = fileKey(status);
    const first = this.#links.get(key);
    if (first === undefined) this.#links.set(key, name);
    return first;
  }

  /** Its next name is the first one, then. */
  #forget(status: FileStatus): void {
    this.#links.delete(fileKey(status));
  }
}

const fileKey = ({ device, inode }: FileStatus) => `${device} ${inode}`;

function mark(path: readonly ByteString[]): Uint8Array {
  return tarHeader({ name: path.join("/"), type: "0", mode: 0o600, uid: 0, gid: 0, size: 0, modified: 0 });
}

/** The pieces of a file that has enough holes, ended by an empty one, as GNU tar wants it. */
function sparseSegments(
  calls: FileSyscalls,
  fd: number,
  { size, blocks }: FileStatus,
): readonly SparseSegment[] | undefined {
  if (size - blocks * 512 < leastHoles) return undefined;
  const segments: SparseSegment[] = [];
  for (let at = 0; at < size; ) {
    const offset = calls.seekData(fd, at);
    if (offset < 0) break; // nothing but a hole up to the end
    const hole = calls.seekHole(fd, offset);
    if (hole < 0) return undefined;
    const length = Math.min(hole, size) - offset;
    if (length > 0) segments.push({ offset, length });
    at = hole;
  }
  return [...segments, { offset: size, length: 0 }];
}
