import { closeSync } from "node:fs";
import { systemErrorCode } from "../base/errors.ts";
import { makeDirectoryAt, O, openInRoot, RESOLVE } from "../sys/libc.ts";

/** Names of a path without `.` and empty ones; `..` is left to the kernel, which keeps it inside the root. */
function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

/**
 * Opens (O_PATH) the directory `path` of a root, making missing ones with mode 0755. Links are followed inside the
 * root, or refused (ELOOP) when `plain`. The caller closes the descriptor.
 */
export function openDirectoryInRoot(root: number, path: string, plain = false): number {
  const resolve = plain ? RESOLVE.NO_SYMLINKS : 0;
  const flags = O.PATH | O.DIRECTORY;
  try {
    return openInRoot(root, path, flags, 0, resolve);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
  }
  const names = namesOf(path);
  for (let depth = 1; depth <= names.length; depth++) {
    const parent = openInRoot(root, names.slice(0, depth - 1).join("/") || "/", flags, 0, resolve);
    try {
      makeDirectoryAt(parent, names[depth - 1]!, 0o755);
    } catch (error) {
      if (systemErrorCode(error) !== "EEXIST") throw error;
    } finally {
      closeSync(parent);
    }
  }
  return openInRoot(root, path, flags, 0, resolve);
}

/**
 * Opens (O_PATH) what `path` of a root is, or makes an empty file there. Only for targets of mounts: an existing file
 * is never opened for reading or writing, since it may be a FIFO or a device.
 */
export function openFileInRoot(root: number, path: string, plain = false): number {
  const resolve = plain ? RESOLVE.NO_SYMLINKS : 0;
  try {
    return openInRoot(root, path, O.PATH, 0, resolve);
  } catch (error) {
    if (systemErrorCode(error) !== "ENOENT") throw error;
  }
  const slash = path.lastIndexOf("/");
  closeSync(openDirectoryInRoot(root, path.slice(0, slash) || "/", plain));
  closeSync(openInRoot(root, path, O.WRONLY | O.CREAT | O.NONBLOCK | O.NOCTTY, 0o644, resolve));
  return openInRoot(root, path, O.PATH, 0, resolve);
}
