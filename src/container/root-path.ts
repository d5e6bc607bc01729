import { O, RESOLVE } from "../sys/kernel-numbers.ts";
import { systemErrorCode } from "../base/errors.ts";
import { close, tryReadLink } from "../sys/files.ts";
import { makeDirectoryAt, openAt, openInRoot, openInRootIfThere } from "../sys/libc.ts";
import { SystemCallError } from "../sys/system-call-error.ts";

const [ENOENT, EINVAL, ELOOP] = [2, 22, 40];
/** As many as the kernel follows in one path (path_resolution(7)). */
const mostLinks = 40;

/** Names of a path without `.` and empty ones. */
function namesOf(path: string): string[] {
  const names: string[] = [];
  for (const name of path.split("/")) if (name !== "" && name !== ".") names.push(name);
  return names;
}

function unlessThere(create: () => void): void {
  try {
    create();
  } catch (error) {
    if (systemErrorCode(error) !== "EEXIST") throw error;
  }
}

/**
 * Makes what is missing of `path`, directories with mode 0755, and opens (O_PATH) its end. Links that lead to what is
 * not there yet are followed like others, inside the root: `/var/run -> /run` need not have its target. Every directory
 * is opened from the root again without links, so that somebody who exchanges a name meanwhile gets an error.
 */
function make(root: number, path: string, end: "directory" | "file", plain: boolean): number {
  const names = namesOf(path);
  // Most often only the end is missing.
  const known = isPlainDirectory(root, names.slice(0, -1)) ? names.length - 1 : 0;
  const done = names.slice(0, known);
  const pending = names.slice(known);
  let links = 0;
  for (let name = pending.shift(); name !== undefined; name = pending.shift()) {
    if (name === "..") {
      done.pop();
      continue;
    }
    const parent = openInRoot(root, `/${done.join("/")}`, O.PATH | O.DIRECTORY, 0, RESOLVE.NO_SYMLINKS);
    try {
      const link = tryReadLink(parent, name);
      if (typeof link === "number") {
        if (link === ENOENT) makeOne(parent, name, end === "file" && pending.length === 0);
        else if (link !== EINVAL) throw new SystemCallError("readlink", link, path);
        done.push(name);
        continue;
      }
      links++;
      if (plain || links > mostLinks) throw new SystemCallError("openat2", ELOOP, path);
      pending.unshift(...namesOf(link));
      if (link.startsWith("/")) done.length = 0;
    } finally {
      close(parent);
    }
  }
  const flags = O.PATH | (end === "directory" ? O.DIRECTORY : 0);
  return openInRoot(root, `/${done.join("/")}`, flags, 0, RESOLVE.NO_SYMLINKS);
}

/** Whether a directory is there and no link leads to it. */
function isPlainDirectory(root: number, names: readonly string[]): boolean {
  if (names.length === 0 || names.includes("..")) return false;
  try {
    const path = `/${names.join("/")}`;
    const directory = openInRootIfThere(root, path, O.PATH | O.DIRECTORY, RESOLVE.NO_SYMLINKS);
    if (directory !== undefined) close(directory);
    return directory !== undefined;
  } catch {
    return false; // it is found out on the way
  }
}

/** An existing file is never opened: it may be a FIFO or a device. */
function makeOne(parent: number, name: string, file: boolean): void {
  unlessThere(() => {
    if (file) close(openAt(parent, name, O.WRONLY | O.CREAT | O.EXCL | O.NOFOLLOW, 0o644));
    else makeDirectoryAt(parent, name, 0o755);
  });
}

/**
 * Opens (O_PATH) the directory `path` of a root, making missing ones. Links are followed inside the root, or refused
 * (ELOOP) when `plain`. The caller closes the descriptor.
 */
export function openDirectoryInRoot(root: number, path: string, plain = false): number {
  const flags = O.PATH | O.DIRECTORY;
  return (
    openInRootIfThere(root, path, flags, plain ? RESOLVE.NO_SYMLINKS : 0) ??
    make(root, path, "directory", plain)
  );
}

/** Opens (O_PATH) what `path` of a root is, or makes an empty file there. Only for targets of mounts. */
export function openFileInRoot(root: number, path: string, plain = false): number {
  return (
    openInRootIfThere(root, path, O.PATH, plain ? RESOLVE.NO_SYMLINKS : 0) ?? make(root, path, "file", plain)
  );
}
