/**
 * What a process in new namespaces needs of node:fs on its way to the program, straight from the kernel and by its names
 * there: loading node:fs takes a millisecond, a twentieth of a start. Failures throw `SystemCallError`.
 */
import { type FileStatus, fileStatusFrom, S } from "./file-status.ts";
import { AT_EMPTY_PATH, AT_FDCWD, c, check, cString, lastError, O, openAt } from "./libc.ts";
import { SystemCallError } from "./system-call-error.ts";
import { decodeText, encodeText } from "./text.ts";

export function close(fd: number): void {
  check("close", c.close(fd));
}

/** Reads at the descriptor's position, as much as is there at once; 0 is the end. */
export function readInto(fd: number, buffer: Uint8Array): number {
  return check("read", c.read(fd, buffer, buffer.length));
}

export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; )
    at += check("write", c.write(fd, bytes.subarray(at), bytes.length - at));
}

/** The text of a file. */
export function readText(path: string): string {
  const fd = openAt(AT_FDCWD, path, O.RDONLY);
  try {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const bytes = new Uint8Array(4096);
    for (let text = ""; ; ) {
      const length = readInto(fd, bytes);
      if (length === 0) return text + decoder.decode();
      text += decoder.decode(bytes.subarray(0, length), { stream: true });
    }
  } finally {
    close(fd);
  }
}

/** Writes to a file that is there. */
export function writeText(path: string, text: string): void {
  const fd = openAt(AT_FDCWD, path, O.WRONLY);
  try {
    writeAll(fd, encodeText(text));
  } finally {
    close(fd);
  }
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
  const length = c.readlinkat(directory, cString(name), target, target.length);
  return length < 0 ? lastError() : decodeText(target.subarray(0, Number(length)));
}

/** Throws unless the calling user may execute it (access(2), X_OK). */
export function requireExecutable(path: string): void {
  check("access", c.access(cString(path), 1), path);
}

const status = new DataView(new ArrayBuffer(256));
const statusBytes = new Uint8Array(status.buffer);

export function statusOf(fd: number): FileStatus {
  check("statx", c.statx(fd, cString(""), AT_EMPTY_PATH, 0x7ff, statusBytes));
  return fileStatusFrom(status);
}

/** Of what a path leads to. */
export function statusAt(path: string): FileStatus {
  check("statx", c.statx(AT_FDCWD, cString(path), 0, 0x7ff, statusBytes), path);
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
  const length = Number(c.fgetxattr(fd, cString(name), value, value.length));
  return length < 0 ? undefined : decodeText(value.subarray(0, length));
}

/** The magic number of the file system that a descriptor is on (statfs(2), f_type). */
export function fileSystemMagic(fd: number): number {
  const result = new BigUint64Array(32);
  check("fstatfs", c.fstatfs(fd, result));
  return Number(result[0]);
}
