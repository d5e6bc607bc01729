import { S } from "../../sys/kernel-numbers.ts";
import { type ByteString, toByteString } from "../../sys/byte-string.ts";
import { type FileSyscalls, O } from "../../sys/file-syscalls.ts";
import { isDirectory } from "../../snapshot/directory-stack.ts";
import type { Tree } from "./tree-path.ts";

/** Something that a mount stands on and that was not there before. */
export interface Stub {
  /** Names from the root, links resolved. */
  readonly path: readonly string[];
  /** So many of them were there. */
  readonly existing: number;
}

/** Where mounts at `targets` will stand in a root, and what is made there for them. */
export function stubsOf(tree: Tree, targets: readonly string[]): Stub[] {
  return targets.flatMap((target) => {
    using place = tree.resolve(toByteString(target));
    if (place.found !== undefined) return [];
    const { path } = place;
    let existing = path.length - 1;
    for (; existing > 0; existing--) {
      using above = tree.resolve(path.slice(0, existing).join("/"));
      if (above.found !== undefined) break;
    }
    return [{ path, existing }];
  });
}

/**
 * Removes what mounts stood on, as far as it is still empty, and dates the directory that held it as it was. Goes down by
 * descriptor and follows no link: a program that ran there may have put one (CVE-2024-23652). `tree` is an upper directory
 * or a whole root, `base` what was below.
 */
export function removeStubs(calls: FileSyscalls, tree: number, base: Tree, stubs: readonly Stub[]): void {
  for (const { path, existing } of stubs.toReversed()) {
    const directories = openDown(calls, tree, path.slice(0, -1));
    try {
      for (let depth = path.length; depth > existing; depth--) {
        const parent = directories[depth - 1];
        if (parent === undefined || !removeEmpty(calls, parent, path[depth - 1]!)) break;
        if (depth - 1 === existing) restoreDate(calls, parent, base, path.slice(0, existing));
      }
    } finally {
      for (const fd of directories.slice(1)) calls.close(fd);
    }
  }
}

/** The root and the directories below it on a path, as far as they are there. */
function openDown(calls: FileSyscalls, root: number, path: readonly ByteString[]): number[] {
  const opened = [root];
  for (const name of path) {
    const fd = calls.open(opened.at(-1)!, name, O.RDONLY | O.DIRECTORY | O.NOFOLLOW);
    if (fd < 0) break;
    opened.push(fd);
  }
  return opened;
}

function removeEmpty(calls: FileSyscalls, parent: number, name: ByteString): boolean {
  const status = calls.status(parent, name);
  if (typeof status === "number") return false;
  if (isDirectory(status)) {
    removeMarks(calls, parent, name);
    return calls.removeDirectory(parent, name) === 0;
  }
  if ((status.mode & S.IFMT) !== S.IFREG || status.size > 0) return false;
  return calls.unlink(parent, name) === 0;
}

/** fuse-overlayfs puts marks into new directories, and a directory with nothing else in it is empty. */
function removeMarks(calls: FileSyscalls, parent: number, name: ByteString): void {
  const directory = calls.open(parent, name, O.RDONLY | O.DIRECTORY | O.NOFOLLOW);
  if (directory < 0) return;
  const entries = calls.readDirectory(directory);
  if (typeof entries !== "number" && entries.every((entry) => entry.name.startsWith(".wh.")))
    for (const entry of entries) calls.unlink(directory, entry.name);
  calls.close(directory);
}

function restoreDate(calls: FileSyscalls, directory: number, base: Tree, path: readonly ByteString[]): void {
  using place = base.resolve(path.join("/"));
  const status = place.found?.status;
  if (status !== undefined) calls.setModified(directory, status.modifiedSeconds, status.modifiedNanoseconds);
}
