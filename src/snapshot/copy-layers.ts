import { S } from "../sys/kernel-numbers.ts";
import { fileSystemError } from "../archive/layer/file-system-error.ts";
import { removeTree } from "../archive/layer/remove-tree.ts";
import type { ByteString } from "../sys/byte-string.ts";
import type { FileStatus } from "../sys/file-status.ts";
import { E, type FileSyscalls, O } from "../sys/file-syscalls.ts";
import { isOpaque } from "./opaque.ts";
import { copyMetadata } from "./copy-metadata.ts";
import { copyContent } from "./copy-content.ts";

/** Where a name is: its directory, open, and the path for messages. */
interface Place {
  readonly fd: number;
  readonly path: readonly ByteString[];
}

/**
 * Copies unpacked layers, lowest first, over each other into the empty directory `target`, as an overlay mount of
 * them would look: whiteouts and opaque directories are applied and not copied. Owners, modes, times, extended
 * attributes, holes and hard links are kept. Layers and target are open directories.
 */
export function copyLayers(calls: FileSyscalls, layers: readonly number[], target: number): void {
  for (const layer of layers) new LayerCopy(calls, target).directory(layer, { fd: target, path: [] });
}

class LayerCopy {
  /** Where the first name of a file with several is in the target, by inode of the layer. */
  readonly #links = new Map<bigint, readonly ByteString[]>();

  constructor(
    private readonly calls: FileSyscalls,
    private readonly target: number,
  ) {}

  /** Copies what is in the directory `from`, then its own attributes. */
  directory(from: number, to: Place): void {
    const { calls } = this;
    if (isOpaque(calls, from)) this.#clear(to);
    const entries = calls.readDirectory(from);
    if (typeof entries === "number") throw fileSystemError("list", to.path.join("/"), entries);
    for (const { name } of entries) this.#entry(from, name, to);
    copyMetadata(calls, from, to.fd, this.#status(from, "", to.path), to.path);
  }

  #entry(from: number, name: ByteString, to: Place): void {
    const { calls } = this;
    const path = [...to.path, name];
    const status = this.#status(from, name, path);
    const type = status.mode & S.IFMT;
    if (type === S.IFDIR) {
      this.#subdirectory(from, name, to.fd, path);
      return;
    }
    removeTree(calls, to.fd, name);
    if (type === S.IFCHR && status.nodeMajor === 0 && status.nodeMinor === 0) return;
    if (status.links > 1 && this.#link(status, to.fd, name, path)) return;
    if (type === S.IFREG) this.#file(from, name, to.fd, status, path);
    else if (type === S.IFLNK) {
      const target = calls.readLink(from, name);
      if (typeof target === "number") throw fileSystemError("read the link", path.join("/"), target);
      this.#check("create symbolic link", path, calls.symbolicLink(target, to.fd, name));
      this.#nameMetadata(to.fd, name, status, path);
    } else if (type === S.IFIFO) {
      this.#check("create fifo", path, calls.makeNode(to.fd, name, status.mode));
      this.#nameMetadata(to.fd, name, status, path);
    }
  }

  #subdirectory(from: number, name: ByteString, to: number, path: readonly ByteString[]): void {
    const { calls } = this;
    const made = calls.makeDirectory(to, name, 0o700);
    if (made === E.EXIST) {
      const old = this.#status(to, name, path);
      if ((old.mode & S.IFMT) !== S.IFDIR) {
        removeTree(calls, to, name);
        this.#check("create directory", path, calls.makeDirectory(to, name, 0o700));
      }
    } else this.#check("create directory", path, made);
    const flags = O.RDONLY | O.DIRECTORY | O.NOFOLLOW;
    const source = this.#check("open", path, calls.open(from, name, flags));
    try {
      const target = this.#check("open", path, calls.open(to, name, flags));
      try {
        this.directory(source, { fd: target, path });
      } finally {
        calls.close(target);
      }
    } finally {
      calls.close(source);
    }
  }

  #file(from: number, name: ByteString, to: number, status: FileStatus, path: readonly ByteString[]): void {
    const { calls } = this;
    const source = this.#check("open", path, calls.open(from, name, O.RDONLY | O.NOFOLLOW));
    try {
      const flags = O.WRONLY | O.CREAT | O.EXCL | O.NOFOLLOW;
      const target = this.#check("create", path, calls.open(to, name, flags, 0o600));
      try {
        this.#check("copy", path, copyContent(calls, source, target, status));
        copyMetadata(calls, source, target, status, path);
      } finally {
        calls.close(target);
      }
    } finally {
      calls.close(source);
    }
  }

  /** True when the file was copied under another name already and now has this one too. */
  #link(status: FileStatus, to: number, name: ByteString, path: readonly ByteString[]): boolean {
    const { calls } = this;
    const first = this.#links.get(status.inode);
    if (first === undefined) {
      this.#links.set(status.inode, path);
      return false;
    }
    let directory = calls.open(this.target, ".", O.PATH | O.DIRECTORY);
    for (const part of first.slice(0, -1)) {
      const next = calls.open(directory, part, O.PATH | O.DIRECTORY | O.NOFOLLOW);
      calls.close(directory);
      directory = this.#check("open", first, next);
    }
    const result = calls.hardLink(directory, first.at(-1)!, to, name);
    calls.close(directory);
    this.#check("create hard link", path, result);
    return true;
  }

  #clear(to: Place): void {
    const entries = this.calls.readDirectory(to.fd);
    if (typeof entries === "number") throw fileSystemError("list", to.path.join("/"), entries);
    for (const { name } of entries) removeTree(this.calls, to.fd, name);
  }

  #nameMetadata(to: number, name: ByteString, status: FileStatus, path: readonly ByteString[]): void {
    const { calls } = this;
    this.#check("change the owner of", path, calls.changeOwnerAt(to, name, status.uid, status.gid));
    const dated = calls.setModifiedAt(to, name, status.modifiedSeconds, status.modifiedNanoseconds);
    this.#check("date", path, dated);
  }

  #status(directory: number, name: ByteString, path: readonly ByteString[]): FileStatus {
    const status = this.calls.status(directory, name);
    if (typeof status === "number") throw fileSystemError("read the status of", path.join("/"), status);
    return status;
  }

  #check(what: string, path: readonly ByteString[], result: number): number {
    if (result < 0) throw fileSystemError(what, path.join("/"), result);
    return result;
  }
}
