import { fileSystemError } from "../../archive/layer/file-system-error.ts";
import { Tree } from "../../build/copy/tree-path.ts";
import { toByteString } from "../../sys/byte-string.ts";
import { AT_FDCWD, fileSyscalls as calls, O } from "../../sys/file-syscalls.ts";

/** Looks into layers, lowest first, or one directory, as the user. Throws `denied` where something is closed to the user. */
export function withTree<T>(roots: readonly string[], look: (tree: Tree) => T): T {
  const opened: number[] = [];
  try {
    return look(new Tree(calls, openTree(roots, opened)));
  } finally {
    for (const fd of opened) calls.close(fd);
  }
}

/** Opens directories, lowest first, and answers them highest first; what was opened is in `opened` in any case. */
export function openTree(roots: readonly string[], opened: number[]): number[] {
  const layers: number[] = [];
  for (const path of roots) {
    const fd = calls.open(AT_FDCWD, toByteString(path), O.RDONLY | O.DIRECTORY);
    if (fd < 0) throw fileSystemError("open", toByteString(path), fd);
    opened.push(fd);
    layers.unshift(fd);
  }
  return layers;
}
