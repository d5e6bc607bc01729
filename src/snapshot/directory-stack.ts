import { S } from "../sys/kernel-numbers.ts";
import { fileSystemError } from "../archive/layer/file-system-error.ts";
import type { ByteString } from "../sys/byte-string.ts";
import type { FileStatus } from "../sys/file-status.ts";
import { E, type FileSyscalls, O } from "../sys/file-syscalls.ts";
import { isOpaque } from "./opaque.ts";

/** Where a name is visible: in this directory, which stays open as long as its stack. */
export interface Found {
  readonly directory: number;
  readonly status: FileStatus;
}

/** The device 0:0 hides the name in lower layers (overlayfs.rst). */
export function isWhiteout({ mode, nodeMajor, nodeMinor }: FileStatus): boolean {
  return (mode & S.IFMT) === S.IFCHR && nodeMajor === 0 && nodeMinor === 0;
}

export const isDirectory = ({ mode }: FileStatus) => (mode & S.IFMT) === S.IFDIR;

/**
 * One directory as several layers have it, highest first, seen as an overlay mount would show it. Names that begin with
 * `.wh.` are marks of fuse-overlayfs or would be taken for whiteouts in a tar, and are never content.
 */
export class DirectoryStack implements Disposable {
  readonly #calls: FileSyscalls;
  readonly #path: readonly ByteString[];
  /** Descriptors, highest first. */
  readonly #layers: readonly number[];
  /** Whether `#layers` are ours to close. */
  readonly #owned: boolean;

  private constructor(
    calls: FileSyscalls,
    path: readonly ByteString[],
    layers: readonly number[],
    owned: boolean,
  ) {
    this.#calls = calls;
    this.#path = path;
    this.#layers = layers;
    this.#owned = owned;
  }

  /** The roots of layers (open directories, highest first), which the caller closes. */
  static ofRoots(calls: FileSyscalls, roots: readonly number[]): DirectoryStack {
    return new DirectoryStack(calls, [], roots, false);
  }

  get isEmpty(): boolean {
    return this.#layers.length === 0;
  }

  /** The directory itself in the highest layer; undefined in an empty stack. */
  get top(): number | undefined {
    return this.#layers[0];
  }

  /** Visible names in the order of their bytes. */
  names(): ByteString[] {
    const hidden = new Set<ByteString>();
    const visible = new Set<ByteString>();
    for (const [index, layer] of this.#layers.entries()) {
      const lowest = index === this.#layers.length - 1;
      for (const name of this.#list(layer)) {
        if (hidden.has(name) || visible.has(name)) continue;
        const status = this.#calls.status(layer, name);
        if (typeof status === "number") continue; // removed since
        if (!isWhiteout(status)) visible.add(name);
        else if (!lowest) hidden.add(name);
      }
    }
    return [...visible].sort(byBytes);
  }

  /** Every name that a layer says something about, whiteouts too; for stacks of one. */
  rawNames(): ByteString[] {
    return this.#layers.flatMap((layer) => this.#list(layer)).sort(byBytes);
  }

  find(name: ByteString): Found | undefined {
    for (const directory of this.#layers) {
      const status = this.#calls.status(directory, name);
      if (status === E.NOENT) continue;
      if (typeof status === "number") throw this.#error("read the status of", name, status);
      return isWhiteout(status) ? undefined : { directory, status };
    }
    return undefined;
  }

  /** The directory `name` as far down as it can be seen; empty where it is no directory. */
  child(name: ByteString): DirectoryStack {
    const found: number[] = [];
    for (const layer of this.#layers) {
      const fd = this.#calls.open(layer, name, O.RDONLY | O.DIRECTORY | O.NOFOLLOW);
      if (fd === E.NOENT) continue;
      if (fd === E.NOTDIR || fd === E.LOOP) break;
      if (fd < 0) {
        for (const open of found) this.#calls.close(open);
        throw this.#error("open", name, fd);
      }
      found.push(fd);
      if (isOpaque(this.#calls, fd)) break;
    }
    return new DirectoryStack(this.#calls, [...this.#path, name], found, true);
  }

  [Symbol.dispose](): void {
    if (this.#owned) for (const fd of this.#layers) this.#calls.close(fd);
  }

  #list(layer: number): ByteString[] {
    const entries = this.#calls.readDirectory(layer);
    if (entries === E.NOENT) return []; // removed since
    if (typeof entries === "number") throw this.#error("list", "", entries);
    return entries.map(({ name }) => name).filter((name) => !name.startsWith(".wh."));
  }

  #error(what: string, name: ByteString, result: number): Error {
    return fileSystemError(what, [...this.#path, name].join("/"), result);
  }
}

function byBytes(a: ByteString, b: ByteString): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
