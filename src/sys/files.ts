/**
 * What berth needs of node:fs on its everyday ways, straight from the kernel and by its names there: loading node:fs takes
 * a millisecond, a twentieth of a start. Names in directories are directory-entries.ts. Failures throw `SystemCallError`.
 */
import { NR, O, S } from "./kernel-numbers.ts";
import { type FileStatus, fileStatusFrom } from "./file-status.ts";
import { AT_EMPTY_PATH, AT_FDCWD } from "./libc.ts";
import { check, cString, lastError, outcome, syscall, wasInterrupted } from "./system-call.ts";
import { SystemCallError } from "./system-call-error.ts";
import { decodeText, encodeText } from "./text.ts";

function isAbsence(errno: number): boolean {
  const [ENOENT, ENOTDIR] = [2, 20];
  return errno === ENOENT || errno === ENOTDIR;
}

/** As `open`, but a negative errno instead of an error. */
export function tryOpen(path: string, flags: number, mode: number): number {
  const name = cString(path);
  let result: number;
  do result = syscall(NR.openat, AT_FDCWD, name, flags | O.CLOEXEC, mode, 0, 0);
  while (result < 0 && wasInterrupted());
  return outcome(result);
}

/** A descriptor (open(2)); `mode` is for a file that is made. */
export function open(path: string, flags: number, mode = 0o666): number {
  return check("open", tryOpen(path, flags, mode), path);
}

/** Interrupted by a signal it has closed all the same, as Linux has it (close(2)). */
export function close(fd: number): void {
  const result = syscall(NR.close, fd, 0, 0, 0, 0, 0);
  if (result < 0 && !wasInterrupted()) check("close", result);
}

/** Reads at the descriptor's position, as much as is there at once; 0 is the end. */
export function readInto(fd: number, buffer: Uint8Array): number {
  let result: number;
  do result = syscall(NR.read, fd, buffer, buffer.length, 0, 0, 0);
  while (result < 0 && wasInterrupted());
  return check("read", result);
}

/** The same at a position of its own (pread(2)). */
export function readAt(fd: number, buffer: Uint8Array, position: number): number {
  let result: number;
  do result = syscall(NR.pread64, fd, buffer, buffer.length, position, 0, 0);
  while (result < 0 && wasInterrupted());
  return check("pread", result);
}

/** Writes as much as there is room for at once; the number of bytes. */
export function write(fd: number, bytes: Uint8Array): number {
  let result: number;
  do result = syscall(NR.write, fd, bytes, bytes.length, 0, 0, 0);
  while (result < 0 && wasInterrupted());
  return check("write", result);
}

export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += write(fd, bytes.subarray(at));
}

/** Everything from the descriptor's position on, also of a file of /proc, which does not know its size. */
function readToEnd(fd: number): Uint8Array<ArrayBuffer> {
  let bytes = new Uint8Array(4096);
  for (let length = 0; ; ) {
    const count = readInto(fd, bytes.subarray(length));
    if (count === 0) return bytes.subarray(0, length);
    length += count;
    if (length < bytes.length) continue;
    const larger = new Uint8Array(2 * length);
    larger.set(bytes);
    bytes = larger;
  }
}

function readAndClose(fd: number): Uint8Array<ArrayBuffer> {
  try {
    return readToEnd(fd);
  } finally {
    close(fd);
  }
}

/** The bytes of a file. */
export function readBytes(path: string): Uint8Array<ArrayBuffer> {
  return readAndClose(open(path, O.RDONLY));
}

/** The text of a file. */
export function readText(path: string): string {
  return decodeText(readBytes(path));
}

/** The same; undefined when it is not there, which costs no stack of an error. */
export function readTextIfThere(path: string): string | undefined {
  const fd = tryOpen(path, O.RDONLY, 0);
  if (isAbsence(-fd)) return undefined;
  return decodeText(readAndClose(check("open", fd, path)));
}

function writeAndClose(fd: number, content: string | Uint8Array): void {
  try {
    writeAll(fd, typeof content === "string" ? encodeText(content) : content);
  } finally {
    close(fd);
  }
}

/** Writes to a file that is there. */
export function writeText(path: string, text: string): void {
  writeAndClose(open(path, O.WRONLY), text);
}

/** Writes a whole file, over the one that is there. */
export function writeFile(path: string, content: string | Uint8Array, mode = 0o666): void {
  writeAndClose(open(path, O.WRONLY | O.CREAT | O.TRUNC, mode), content);
}

/** Writes a file that must not be there. */
export function writeNewFile(path: string, content: string | Uint8Array, mode = 0o666): void {
  writeAndClose(open(path, O.WRONLY | O.CREAT | O.EXCL, mode), content);
}

export function truncate(fd: number, size: number): void {
  let result: number;
  do result = syscall(NR.ftruncate, fd, size, 0, 0, 0, 0);
  while (result < 0 && wasInterrupted());
  check("ftruncate", result);
}

/** Brings a file, or what is in a directory, to the disk (fsync(2)). */
export function sync(fd: number): void {
  check("fsync", syscall(NR.fsync, fd, 0, 0, 0, 0, 0));
}

/** What the link `name` of a directory says (at most 4095 bytes). */
export function readLink(directory: number, name: string): string {
  const text = tryReadLink(directory, name);
  if (typeof text === "number") throw new SystemCallError("readlink", text, name);
  return text;
}

/** The same, or the errno: EINVAL when it is no link. */
export function tryReadLink(directory: number, name: string): string | number {
  const target = new Uint8Array(4096);
  const length = syscall(NR.readlinkat, directory, cString(name), target, target.length, 0, 0);
  return length < 0 ? lastError() : decodeText(target.subarray(0, length));
}

const [F_OK, X_OK, W_OK] = [0, 1, 2];

function tryAccess(path: string, mode: number): number {
  return syscall(NR.faccessat, AT_FDCWD, cString(path), mode, 0, 0, 0);
}

/** Whether a path leads to anything that can be reached. */
export function exists(path: string): boolean {
  return tryAccess(path, F_OK) === 0;
}

/** Throws unless the calling user may execute it (access(2)). */
export function requireExecutable(path: string): void {
  check("access", tryAccess(path, X_OK), path);
}

/** Throws unless the calling user may write to it. */
export function requireWritable(path: string): void {
  check("access", tryAccess(path, W_OK), path);
}

const status = new DataView(new ArrayBuffer(256));
const statusBytes = new Uint8Array(status.buffer);
const everyField = 0x7ff; // STATX_BASIC_STATS

export function statusOf(fd: number): FileStatus {
  check("statx", syscall(NR.statx, fd, cString(""), AT_EMPTY_PATH, everyField, statusBytes, 0));
  return fileStatusFrom(status);
}

/** Of what a path leads to. */
export function statusAt(path: string): FileStatus {
  check("statx", syscall(NR.statx, AT_FDCWD, cString(path), 0, everyField, statusBytes, 0), path);
  return fileStatusFrom(status);
}

/** The same, or of a link itself; undefined when it is not there. */
export function statusIfThere(path: string, { followLink = true } = {}): FileStatus | undefined {
  const AT_SYMLINK_NOFOLLOW = 0x100;
  const flags = followLink ? 0 : AT_SYMLINK_NOFOLLOW;
  const result = syscall(NR.statx, AT_FDCWD, cString(path), flags, everyField, statusBytes, 0);
  if (result < 0 && isAbsence(lastError())) return undefined;
  check("statx", result, path);
  return fileStatusFrom(status);
}

const isOf = (type: number) => (status: FileStatus) => (status.mode & S.IFMT) === type;
export const isDirectory = isOf(S.IFDIR);
export const isRegularFile = isOf(S.IFREG);
export const isCharacterDevice = isOf(S.IFCHR);
export const isBlockDevice = isOf(S.IFBLK);
export const isSocket = isOf(S.IFSOCK);

/** An extended attribute that is text, of at most 255 bytes; undefined where there is none (ENODATA, EOPNOTSUPP). */
export function attributeOf(fd: number, name: string): string | undefined {
  const value = new Uint8Array(255);
  const length = syscall(NR.fgetxattr, fd, cString(name), value, value.length, 0, 0);
  return length < 0 ? undefined : decodeText(value.subarray(0, length));
}

/** statfs(2): `struct statfs` of 64-bit Linux (asm-generic/statfs.h). */
function fileSystemOf(fd: number): BigUint64Array {
  const result = new BigUint64Array(32);
  check("fstatfs", syscall(NR.fstatfs, fd, result, 0, 0, 0, 0));
  return result;
}

/** The magic number of the file system that a descriptor is on (f_type). */
export function fileSystemMagic(fd: number): number {
  return Number(fileSystemOf(fd)[0]);
}

/** Of the file system that a path is on: its magic number, and the bytes that an ordinary user may still write. */
export function fileSystemAt(path: string): { readonly magic: number; readonly free: number } {
  const fd = open(path, O.PATH);
  try {
    const [magic, blockSize, , , available] = fileSystemOf(fd);
    return { magic: Number(magic), free: Number(blockSize! * available!) };
  } finally {
    close(fd);
  }
}
