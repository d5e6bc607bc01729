/** What is done to the names in directories, as in files.ts. */
import { NR, O } from "./kernel-numbers.ts";
import { dirname } from "../base/posix-path.ts";
import { forEachEntry } from "./directory-entry.ts";
import { close, exists, isDirectory, open, statusIfThere } from "./files.ts";
import { AT_FDCWD, readEntries } from "./libc.ts";
import { check, cString, lastError, outcome, syscall, wasInterrupted } from "./system-call.ts";
import { SystemCallError } from "./system-call-error.ts";
import { decodeText } from "./text.ts";

const [ENOENT, EEXIST] = [2, 17];

export function rename(from: string, to: string): void {
  const [source, target] = [cString(from), cString(to)];
  let result: number;
  do result = syscall(NR.renameat, AT_FDCWD, source, AT_FDCWD, target, 0, 0);
  while (result < 0 && wasInterrupted());
  check("rename", result, `${from} to ${to}`);
}

export function unlink(path: string): void {
  check("unlink", tryUnlink(path), path);
}

function tryUnlink(path: string): number {
  return syscall(NR.unlinkat, AT_FDCWD, cString(path), 0, 0, 0, 0);
}

/** The same; that it is not there is fine. */
export function unlinkIfThere(path: string): void {
  const result = tryUnlink(path);
  if (result < 0 && lastError() !== ENOENT) check("unlink", result, path);
}

export function changeModeAt(path: string, mode: number): void {
  check("chmod", syscall(NR.fchmodat, AT_FDCWD, cString(path), mode, 0, 0, 0), path);
}

export function makeDirectory(path: string, mode = 0o777): void {
  const errno = tryMakeDirectory(path, mode);
  if (errno !== 0) throw new SystemCallError("mkdir", errno, path);
}

/** Others may remove what is in the way, or what was just made above. */
const mostAttempts = 10;

/** Makes a directory and those above it that are missing; that it is there is fine. */
export function makeDirectories(path: string, mode = 0o777): void {
  for (let attempt = 1; ; attempt++) {
    const errno = tryMakeDirectory(path, mode);
    if (errno === 0) return;
    const there = errno === EEXIST ? statusIfThere(path) : undefined;
    if (there !== undefined && isDirectory(there)) return;
    const above = errno === ENOENT && dirname(path) !== path;
    const goneMeanwhile = errno === EEXIST && statusIfThere(path, { followLink: false }) === undefined;
    if (attempt === mostAttempts || !(above || goneMeanwhile))
      throw new SystemCallError("mkdir", errno, path);
    if (above) makeDirectories(dirname(path), mode);
  }
}

/** Makes a directory with this mode, whatever the umask says, unless it is there. */
export function ensureDirectory(path: string, mode: number): void {
  if (exists(path)) return;
  makeDirectories(path, mode);
  changeModeAt(path, mode);
}

function tryMakeDirectory(path: string, mode: number): number {
  const name = cString(path);
  let result: number;
  do result = syscall(NR.mkdirat, AT_FDCWD, name, mode, 0, 0, 0);
  while (result < 0 && wasInterrupted());
  return -outcome(result);
}

/** The names in a directory but `.` and `..`, in no order. */
export function namesIn(path: string): string[] {
  const directory = open(path, O.RDONLY | O.DIRECTORY);
  try {
    return namesOf(directory);
  } finally {
    close(directory);
  }
}

/** The same of a directory that was just opened. */
export function namesOf(directory: number): string[] {
  const names: string[] = [];
  const entries = new Uint8Array(32 * 1024);
  for (;;) {
    const length = readEntries(directory, entries);
    if (length === 0) return names;
    forEachEntry(entries, length, (start, end) => names.push(decodeText(entries.subarray(start, end))));
  }
}
