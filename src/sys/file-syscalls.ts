/**
 * File system calls relative to directory descriptors, for code that must not follow a path twice. Names are byte
 * strings. No call throws for what the kernel says: the result is a value of at least 0, or the negative errno, because
 * most callers have an ordinary answer to EEXIST or ENOENT and run 10^5 times.
 */
import { NR, O, RESOLVE } from "./kernel-numbers.ts";
import type { ByteString } from "./byte-string.ts";
import { directoryType, forEachEntry } from "./directory-entry.ts";
import { type FileStatus, fileStatusFrom } from "./file-status.ts";
import { AT_EMPTY_PATH, AT_FDCWD, mostAttempts } from "./libc.ts";
import { outcome, syscall } from "./system-call.ts";

export { AT_FDCWD, O, RESOLVE };

/** errno values that callers compare with, negated as the calls return them. */
export const E = {
  PERM: -1,
  NOENT: -2,
  SRCH: -3,
  INTR: -4,
  BADF: -9,
  AGAIN: -11,
  ACCES: -13,
  FAULT: -14,
  EXIST: -17,
  XDEV: -18,
  NOTDIR: -20,
  ISDIR: -21,
  INVAL: -22,
  NOSPC: -28,
  ROFS: -30,
  RANGE: -34,
  NAMETOOLONG: -36,
  NOSYS: -38,
  NOTEMPTY: -39,
  LOOP: -40,
  NODATA: -61,
  OPNOTSUPP: -95,
  DQUOT: -122,
} as const;

const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_REMOVEDIR = 0x200;
const UTIME_OMIT = 0x3ffffffen;

/** Longer than PATH_MAX, so that the kernel is the one to refuse. */
const scratchSize = 8192;
const firstName = Buffer.alloc(scratchSize);
const secondName = Buffer.alloc(scratchSize);
const how = new BigUint64Array(3);
const times = new BigInt64Array([0n, UTIME_OMIT, 0n, 0n]);
const statusBytes = new Uint8Array(256);
const status = new DataView(statusBytes.buffer);
const linkBuffer = Buffer.alloc(4096);
/** XATTR_SIZE_MAX, which is also XATTR_LIST_MAX. */
const attributeBuffer = Buffer.alloc(65536);
const entriesBuffer = Buffer.alloc(64 * 1024);

/** Puts a C string into a scratch buffer; false where the kernel could not see the whole name. */
function place(buffer: Buffer, name: ByteString): boolean {
  if (name.length >= scratchSize || name.includes("\0")) return false;
  buffer.write(name, 0, "latin1");
  buffer[name.length] = 0;
  return true;
}

function refusal(name: ByteString): number {
  return name.includes("\0") ? E.INVAL : E.NAMETOOLONG;
}

function setModified(seconds: bigint, nanoseconds: number): BigInt64Array {
  times[2] = seconds;
  times[3] = BigInt(nanoseconds);
  return times;
}

/** Writes everything, continuing after short writes and EINTR. 0 or the negative errno. */
function writeFully(bytes: Uint8Array, once: (rest: Uint8Array, done: number) => number): number {
  let done = 0;
  while (done < bytes.length) {
    const count = once(done === 0 ? bytes : bytes.subarray(done), done);
    if (count === E.INTR) continue;
    if (count < 0) return count;
    done += count;
  }
  return 0;
}

export interface DirectoryEntry {
  readonly name: ByteString;
  /** DT_DIR of readdir(3); false also where the file system does not tell. */
  readonly isDirectory: boolean;
}

export const fileSyscalls = {
  /** openat(2), always O_CLOEXEC. */
  open(directory: number, name: ByteString, flags: number, mode = 0): number {
    if (!place(firstName, name)) return refusal(name);
    return outcome(syscall(NR.openat, directory, firstName, flags | O.CLOEXEC, mode, 0, 0));
  },

  /** openat2(2) with RESOLVE_IN_ROOT and RESOLVE_NO_MAGICLINKS: absolute links and `..` stay below `root`. */
  openInRoot(root: number, path: ByteString, flags: number, mode = 0): number {
    if (!place(firstName, path)) return refusal(path);
    how[0] = BigInt(flags | O.CLOEXEC);
    how[1] = BigInt(mode);
    how[2] = BigInt(RESOLVE.IN_ROOT | RESOLVE.NO_MAGICLINKS);
    for (let attempt = 1; ; attempt++) {
      const fd = outcome(syscall(NR.openat2, root, firstName, how, 24, 0, 0));
      // A rename or mount anywhere on the machine while it went through `..`; it is to be tried again (openat2(2)).
      if (fd !== E.AGAIN || attempt === mostAttempts) return fd;
    }
  },

  close(fd: number): void {
    syscall(NR.close, fd, 0, 0, 0, 0, 0);
  },

  /** Writes all of `bytes` at the file's offset; 0 or the negative errno. */
  write(fd: number, bytes: Uint8Array): number {
    return writeFully(bytes, (rest) => outcome(syscall(NR.write, fd, rest, rest.length, 0, 0, 0)));
  },

  /** Writes all of `bytes` at `offset`; 0 or the negative errno. */
  writeAt(fd: number, bytes: Uint8Array, offset: number): number {
    return writeFully(bytes, (rest, done) =>
      outcome(syscall(NR.pwrite64, fd, rest, rest.length, offset + done, 0, 0)),
    );
  },

  truncate(fd: number, size: number): number {
    return outcome(syscall(NR.ftruncate, fd, size, 0, 0, 0, 0));
  },

  /** The start of the next data at or after `offset` (SEEK_DATA); -ENXIO (-6) behind the last. */
  seekData(fd: number, offset: number): number {
    return outcome(syscall(NR.lseek, fd, offset, 3, 0, 0, 0));
  },

  /** The start of the next hole at or after `offset`, the end of the file counting as one (SEEK_HOLE). */
  seekHole(fd: number, offset: number): number {
    return outcome(syscall(NR.lseek, fd, offset, 4, 0, 0, 0));
  },

  /** copy_file_range(2) at the same offset in both files; bytes copied. */
  copyRange(from: number, to: number, offset: number, count: number): number {
    const input = new BigInt64Array([BigInt(offset)]);
    const output = new BigInt64Array([BigInt(offset)]);
    return outcome(syscall(NR.copy_file_range, from, input, to, output, count, 0));
  },

  makeDirectory(directory: number, name: ByteString, mode: number): number {
    return place(firstName, name)
      ? outcome(syscall(NR.mkdirat, directory, firstName, mode, 0, 0, 0))
      : refusal(name);
  },

  symbolicLink(target: ByteString, directory: number, name: ByteString): number {
    if (!place(firstName, target)) return refusal(target);
    return place(secondName, name)
      ? outcome(syscall(NR.symlinkat, firstName, directory, secondName, 0, 0, 0))
      : refusal(name);
  },

  /** linkat(2) without following: a link to a symbolic link is one to the link itself. */
  hardLink(fromDirectory: number, from: ByteString, directory: number, name: ByteString): number {
    if (!place(firstName, from)) return refusal(from);
    if (!place(secondName, name)) return refusal(name);
    return outcome(syscall(NR.linkat, fromDirectory, firstName, directory, secondName, 0, 0));
  },

  /** mknodat(2) of a FIFO (`S.IFIFO | permissions`) or, as `S.IFCHR`, of the overlay whiteout 0:0. */
  makeNode(directory: number, name: ByteString, mode: number): number {
    if (!place(firstName, name)) return refusal(name);
    return outcome(syscall(NR.mknodat, directory, firstName, mode, 0, 0, 0));
  },

  rename(fromDirectory: number, from: ByteString, directory: number, name: ByteString): number {
    if (!place(firstName, from)) return refusal(from);
    if (!place(secondName, name)) return refusal(name);
    return outcome(syscall(NR.renameat, fromDirectory, firstName, directory, secondName, 0, 0));
  },

  unlink(directory: number, name: ByteString): number {
    return place(firstName, name)
      ? outcome(syscall(NR.unlinkat, directory, firstName, 0, 0, 0, 0))
      : refusal(name);
  },

  removeDirectory(directory: number, name: ByteString): number {
    return place(firstName, name)
      ? outcome(syscall(NR.unlinkat, directory, firstName, AT_REMOVEDIR, 0, 0, 0))
      : refusal(name);
  },

  changeOwner(fd: number, uid: number, gid: number): number {
    return outcome(syscall(NR.fchown, fd, uid, gid, 0, 0, 0));
  },

  /** Of the name itself, also when it is a symbolic link. */
  changeOwnerAt(directory: number, name: ByteString, uid: number, gid: number): number {
    if (!place(firstName, name)) return refusal(name);
    return outcome(syscall(NR.fchownat, directory, firstName, uid, gid, AT_SYMLINK_NOFOLLOW, 0));
  },

  changeMode(fd: number, mode: number): number {
    return outcome(syscall(NR.fchmod, fd, mode, 0, 0, 0, 0));
  },

  /** **Follows symbolic links**, as the kernel has no other kind: only for a name just made and known not to be one. */
  changeModeAt(directory: number, name: ByteString, mode: number): number {
    return place(firstName, name)
      ? outcome(syscall(NR.fchmodat, directory, firstName, mode, 0, 0, 0))
      : refusal(name);
  },

  /**
   * Gives the caller's own directory mode 0700, so that it can be opened. By a descriptor and /proc, because
   * fchmodat(2) would follow a link that took the directory's place.
   */
  unlockDirectory(directory: number, name: ByteString): number {
    const fd = fileSyscalls.open(directory, name, O.PATH | O.DIRECTORY | O.NOFOLLOW);
    if (fd < 0) return fd;
    const code = fileSyscalls.changeModeAt(AT_FDCWD, `/proc/self/fd/${fd}`, 0o700);
    syscall(NR.close, fd, 0, 0, 0, 0, 0);
    return code;
  },

  /** The modification time; the access time stays. */
  setModified(fd: number, seconds: bigint, nanoseconds: number): number {
    return outcome(syscall(NR.utimensat, fd, null, setModified(seconds, nanoseconds), 0, 0, 0));
  },

  /** Of the name itself, also when it is a symbolic link. */
  setModifiedAt(directory: number, name: ByteString, seconds: bigint, nanoseconds: number): number {
    if (!place(firstName, name)) return refusal(name);
    const modified = setModified(seconds, nanoseconds);
    return outcome(syscall(NR.utimensat, directory, firstName, modified, AT_SYMLINK_NOFOLLOW, 0, 0));
  },

  setAttribute(fd: number, name: ByteString, value: Uint8Array): number {
    if (!place(firstName, name)) return refusal(name);
    return outcome(
      syscall(NR.fsetxattr, fd, firstName, value.length === 0 ? firstName : value, value.length, 0, 0),
    );
  },

  removeAttribute(fd: number, name: ByteString): number {
    return place(firstName, name)
      ? outcome(syscall(NR.fremovexattr, fd, firstName, 0, 0, 0, 0))
      : refusal(name);
  },

  /** The value of an extended attribute, or the negative errno. */
  getAttribute(fd: number, name: ByteString): Buffer | number {
    if (!place(firstName, name)) return refusal(name);
    const length = outcome(
      syscall(NR.fgetxattr, fd, firstName, attributeBuffer, attributeBuffer.length, 0, 0),
    );
    return length < 0 ? length : Buffer.from(attributeBuffer.subarray(0, length));
  },

  /** The names of all extended attributes, or the negative errno. */
  listAttributes(fd: number): ByteString[] | number {
    const length = outcome(syscall(NR.flistxattr, fd, attributeBuffer, attributeBuffer.length, 0, 0, 0));
    if (length < 0) return length;
    return attributeBuffer.toString("latin1", 0, length).split("\0").slice(0, -1);
  },

  readLink(directory: number, name: ByteString): ByteString | number {
    if (!place(firstName, name)) return refusal(name);
    const length = outcome(syscall(NR.readlinkat, directory, firstName, linkBuffer, linkBuffer.length, 0, 0));
    return length < 0 ? length : linkBuffer.toString("latin1", 0, length);
  },

  /** statx(2) of the name itself, or of `directory` (any descriptor) when the name is empty. */
  status(directory: number, name: ByteString): FileStatus | number {
    if (!place(firstName, name)) return refusal(name);
    const flags = AT_SYMLINK_NOFOLLOW | (name === "" ? AT_EMPTY_PATH : 0);
    const code = outcome(syscall(NR.statx, directory, firstName, flags, 0x7ff, statusBytes, 0));
    return code < 0 ? code : fileStatusFrom(status);
  },

  /** All names in a directory, from its start, but `.` and `..` (getdents64(2)), or the negative errno. */
  readDirectory(fd: number): DirectoryEntry[] | number {
    const entries: DirectoryEntry[] = [];
    syscall(NR.lseek, fd, 0, 0, 0, 0, 0);
    for (;;) {
      const length = outcome(syscall(NR.getdents64, fd, entriesBuffer, entriesBuffer.length, 0, 0, 0));
      if (length < 0) return length;
      if (length === 0) return entries;
      forEachEntry(entriesBuffer, length, (start, end, type) =>
        entries.push({
          name: entriesBuffer.toString("latin1", start, end),
          isDirectory: type === directoryType,
        }),
      );
    }
  },

  /** Writes everything of the file system that holds `fd` to the disk (syncfs(2)). */
  syncFileSystem(fd: number): number {
    return outcome(syscall(NR.syncfs, fd, 0, 0, 0, 0, 0));
  },

  /** Makes the directory `fd` the root and the working directory of this process. */
  changeRoot(fd: number): number {
    const moved = outcome(syscall(NR.fchdir, fd, 0, 0, 0, 0, 0));
    if (moved < 0) return moved;
    place(firstName, ".");
    return outcome(syscall(NR.chroot, firstName, 0, 0, 0, 0, 0));
  },

  /** Sets the file mode creation mask and returns the one before. */
  setCreationMask(mask: number): number {
    return syscall(NR.umask, mask, 0, 0, 0, 0, 0);
  },
};

/** The calls as a type, so that code takes them as an argument and a test can pass others. */
export type FileSyscalls = typeof fileSyscalls;
