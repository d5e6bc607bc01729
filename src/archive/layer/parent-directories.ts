import { S } from "../../sys/kernel-numbers.ts";
import type { ByteString } from "../../sys/byte-string.ts";
import { E, type FileSyscalls, O } from "../../sys/file-syscalls.ts";
import type { PathParts } from "./entry-path.ts";
import { fileSystemError } from "./file-system-error.ts";
import { invalidEntry } from "./invalid-layer.ts";

const maximumOpen = 256;
/** The kernel takes no path longer than 4096 bytes, so nobody could use what is deeper. */
const maximumDepth = 2048;
const openFlags = O.PATH | O.DIRECTORY | O.NOFOLLOW;

/**
 * Opens the directories that entries are in, one part at a time from descriptors, and keeps the last used ones open.
 * A part that is a symbolic link is resolved by the kernel as if the root were `/`; nothing is ever followed out.
 */
export class ParentDirectories {
  readonly #calls: FileSyscalls;
  readonly #root: number;
  /** Open descriptors by exact path, least recently used first. */
  readonly #open = new Map<ByteString, number>();
  #last: { readonly key: ByteString; readonly fd: number } | undefined;

  readonly #make: (parent: number, parts: PathParts) => void;

  /** `make` makes a directory that no entry brought, also in the place of a whiteout. */
  constructor(calls: FileSyscalls, root: number, make: (parent: number, parts: PathParts) => void) {
    this.#calls = calls;
    this.#root = root;
    this.#make = make;
  }

  /**
   * A descriptor of the directory `parts`, open until the next call at least; made where it is missing.
   * `entry` is for messages.
   */
  open(parts: PathParts, entry: ByteString): number {
    if (parts.length === 0) return this.#root;
    const key = parts.join("/");
    if (this.#last?.key === key) return this.#last.fd;
    const known = this.#open.get(key);
    const fd = known ?? this.#walk(parts, entry);
    if (known !== undefined) {
      this.#open.delete(key);
      this.#open.set(key, fd);
    }
    this.#last = { key, fd };
    return fd;
  }

  /**
   * A new descriptor of the directory `parts`, for the caller to close, or undefined where there is none. Makes
   * nothing; links on the path are resolved inside the root.
   */
  lookUp(parts: PathParts): number | undefined {
    const known = this.#open.get(parts.join("/"));
    if (known !== undefined) return this.#calls.open(known, ".", O.PATH | O.DIRECTORY);
    let fd = this.#calls.open(this.#root, ".", O.PATH | O.DIRECTORY);
    for (const [index, part] of parts.entries()) {
      let next = this.#calls.open(fd, part, openFlags);
      if (next === E.NOTDIR || next === E.LOOP)
        next = this.#calls.openInRoot(this.#root, parts.slice(0, index + 1).join("/"), O.PATH | O.DIRECTORY);
      this.#calls.close(fd);
      if (next < 0) return undefined;
      fd = next;
    }
    return fd;
  }

  /** For when a directory or link was replaced, which may be on any path: closes all but the descriptor in use. */
  forget(inUse: number): void {
    for (const [key, fd] of this.#open) {
      if (fd === inUse) continue;
      this.#calls.close(fd);
      this.#open.delete(key);
    }
    if (this.#last?.fd !== inUse) this.#last = undefined;
  }

  close(): void {
    this.forget(-1);
  }

  #walk(parts: PathParts, entry: ByteString): number {
    if (parts.length > maximumDepth) throw invalidEntry(entry, `more than ${maximumDepth} directories deep`);
    let depth = parts.length - 1;
    let fd = this.#root;
    for (; depth > 0; depth--) {
      const known = this.#open.get(parts.slice(0, depth).join("/"));
      if (known === undefined) continue;
      fd = known;
      break;
    }
    let key = parts.slice(0, depth).join("/");
    for (const part of parts.slice(depth)) {
      depth++;
      key = key === "" ? part : `${key}/${part}`;
      fd = this.#step(fd, part, parts.slice(0, depth), key, entry);
      this.#keep(key, fd);
    }
    return fd;
  }

  #keep(key: ByteString, fd: number): void {
    this.#open.set(key, fd);
    if (this.#open.size <= maximumOpen) return;
    for (const [oldest, oldFd] of this.#open) {
      this.#calls.close(oldFd);
      this.#open.delete(oldest);
      if (this.#last?.fd === oldFd) this.#last = undefined;
      return;
    }
  }

  #step(parent: number, part: ByteString, parts: PathParts, key: ByteString, entry: ByteString): number {
    let fd = this.#calls.open(parent, part, openFlags);
    if (fd === E.NOTDIR || fd === E.LOOP) {
      const status = this.#calls.status(parent, part);
      const type = typeof status === "number" ? 0 : status.mode & S.IFMT;
      if (type === S.IFLNK) return this.#followLink(key, entry);
      if (type !== S.IFCHR) throw invalidEntry(entry, "its parent is not a directory");
      fd = E.NOENT;
    }
    if (fd === E.NOENT) {
      this.#make(parent, parts);
      fd = this.#calls.open(parent, part, openFlags);
    }
    if (fd < 0) throw fileSystemError("open the parent of", entry, fd);
    return fd;
  }

  #followLink(key: ByteString, entry: ByteString): number {
    const fd = this.#calls.openInRoot(this.#root, key, O.PATH | O.DIRECTORY);
    if (fd >= 0) return fd;
    throw invalidEntry(entry, "its parent is a symbolic link that leads to no directory inside the root");
  }
}
