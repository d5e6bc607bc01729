import { S } from "../../sys/kernel-numbers.ts";
import { BerthError } from "../../base/errors.ts";
import { type ByteString, displayName } from "../../sys/byte-string.ts";
import { E, type FileSyscalls, O } from "../../sys/file-syscalls.ts";
import { fileSystemError } from "./file-system-error.ts";

/** So deep the descent holds descriptors; what is deeper is moved to the top first, so that no tree is too deep. */
const maximumDepth = 64;

/**
 * Removes whatever `name` in `directory` is. Works by descriptors only and follows no link. A mount below is not
 * entered but refused as `conflict`. A name that is not there is fine.
 */
export function removeTree(calls: FileSyscalls, directory: number, name: ByteString): void {
  const removed = calls.unlink(directory, name);
  if (removed === 0 || removed === E.NOENT) return;
  const status = calls.status(directory, name);
  if (status === E.NOENT) return;
  if (typeof status === "number") throw fileSystemError("remove", name, status);
  if ((status.mode & S.IFMT) !== S.IFDIR) throw fileSystemError("remove", name, removed);
  new Removal(calls, directory, name, status.device).run();
}

class Removal {
  #top = -1;
  #movedUp = 0;

  constructor(
    private readonly calls: FileSyscalls,
    private readonly directory: number,
    private readonly name: ByteString,
    private readonly device: string,
  ) {}

  run(): void {
    const { calls, name } = this;
    this.#top = this.#enter(this.directory, name, name);
    try {
      let movedBefore: number;
      do {
        movedBefore = this.#movedUp;
        this.#clear(this.#top, name, 0);
      } while (this.#movedUp > movedBefore);
    } finally {
      calls.close(this.#top);
    }
    this.#removeEmpty(this.directory, name, name);
  }

  #enter(parent: number, name: ByteString, path: ByteString): number {
    const flags = O.RDONLY | O.DIRECTORY | O.NOFOLLOW;
    let fd = this.calls.open(parent, name, flags);
    if (fd === E.ACCES && this.calls.unlockDirectory(parent, name) === 0)
      fd = this.calls.open(parent, name, flags);
    if (fd < 0) throw fileSystemError("open", path, fd);
    const status = this.calls.status(fd, "");
    if (typeof status !== "number" && !status.mountRoot && status.device === this.device) {
      if ((status.mode & 0o700) !== 0o700) this.calls.changeMode(fd, 0o700);
      return fd;
    }
    this.calls.close(fd);
    if (typeof status === "number") throw fileSystemError("read the status of", path, status);
    throw new BerthError("conflict", `cannot remove "${displayName(path)}": something is mounted there`);
  }

  #clear(fd: number, path: ByteString, depth: number): void {
    const entries = this.calls.readDirectory(fd);
    if (typeof entries === "number") throw fileSystemError("list", path, entries);
    for (const { name, isDirectory } of entries) {
      const inner = `${path}/${name}`;
      if (!isDirectory) {
        const result = this.calls.unlink(fd, name);
        if (result === 0 || result === E.NOENT) continue;
        if (result !== E.ISDIR) throw fileSystemError("remove", inner, result);
      }
      if (depth >= maximumDepth) this.#moveUp(fd, name, inner);
      else this.#removeDirectory(fd, name, inner, depth + 1);
    }
  }

  #removeDirectory(parent: number, name: ByteString, path: ByteString, depth: number): void {
    const fd = this.#enter(parent, name, path);
    try {
      this.#clear(fd, path, depth);
    } finally {
      this.calls.close(fd);
    }
    this.#removeEmpty(parent, name, path);
  }

  #removeEmpty(parent: number, name: ByteString, path: ByteString): void {
    const result = this.calls.removeDirectory(parent, name);
    if (result < 0 && result !== E.NOENT) throw fileSystemError("remove", path, result);
  }

  #moveUp(parent: number, name: ByteString, path: ByteString): void {
    for (;;) {
      const result = this.calls.rename(parent, name, this.#top, `.deep-${this.#movedUp++}`);
      if (result === 0) return;
      if (result !== E.NOTEMPTY && result !== E.EXIST && result !== E.NOTDIR)
        throw fileSystemError("remove", path, result);
    }
  }
}
