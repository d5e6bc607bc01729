import type { FileStatus } from "../sys/file-status.ts";
import { E, type FileSyscalls } from "../sys/file-syscalls.ts";

const ENXIO = -6;
const ENOSYS = -38;
const bufferSize = 1024 * 1024;

/**
 * Copies the content of an open file to an empty one, holes as holes, inside the kernel where it can (and without
 * copying where the file system shares blocks). 0 or the negative errno.
 */
export function copyContent(calls: FileSyscalls, from: number, to: number, status: FileStatus): number {
  let start = 0;
  while (start < status.size) {
    const data = calls.seekData(from, start);
    if (data === ENXIO) break;
    if (data < 0) return data;
    const hole = calls.seekHole(from, data);
    if (hole < 0) return hole;
    const result = copySegment(calls, from, to, data, hole);
    if (result < 0) return result;
    start = hole;
  }
  return calls.truncate(to, status.size);
}

function copySegment(calls: FileSyscalls, from: number, to: number, start: number, end: number): number {
  for (let at = start; at < end; ) {
    const count = calls.copyRange(from, to, at, end - at);
    if (count === E.XDEV || count === E.OPNOTSUPP || count === E.INVAL || count === ENOSYS)
      return copyByBuffer(calls, from, to, at, end);
    if (count < 0) return count;
    if (count === 0) return 0;
    at += count;
  }
  return 0;
}

function copyByBuffer(calls: FileSyscalls, from: number, to: number, start: number, end: number): number {
  const { readSync } = process.getBuiltinModule("node:fs"); // init has this module in it, and seldom needs it
  const buffer = Buffer.allocUnsafe(Math.min(bufferSize, end - start));
  for (let at = start; at < end; ) {
    const count = readSync(from, buffer, 0, Math.min(buffer.length, end - at), at);
    if (count === 0) return 0;
    const result = calls.writeAt(to, buffer.subarray(0, count), at);
    if (result < 0) return result;
    at += count;
  }
  return 0;
}
