import type { ByteString } from "../sys/byte-string.ts";
import type { FileStatus } from "../sys/file-status.ts";
import type { FileSyscalls } from "../sys/file-syscalls.ts";
import { DirectoryStack, isDirectory } from "./directory-stack.ts";
import { differs } from "./tree-changes.ts";
import type { TreeChange, TreeEntry } from "./tree-entry.ts";

/**
 * What layers do together to those below them: the changes of the one layer that could stand for them. `above` and
 * `below` are open directories, highest first. A file counts by where it is, not by how it looks, so that nothing
 * is missed that has the size and the time of what it replaces.
 */
export function* squashedLayers(
  calls: FileSyscalls,
  above: readonly number[],
  below: readonly number[],
): Generator<TreeChange> {
  const [top] = above;
  const status = top === undefined ? undefined : calls.status(top, "");
  if (top === undefined || typeof status !== "object") return;
  const root: TreeEntry = { path: [], directory: top, name: ".", status };
  const lower = below[0] === undefined ? undefined : calls.status(below[0], "");
  const before = typeof lower === "object" ? { directory: below[0]!, status: lower } : undefined;
  if (before === undefined || differs(calls, root, before)) yield { kind: "changed", ...root };
  const all = DirectoryStack.ofRoots(calls, [...above, ...below]);
  yield* inside(calls, all, DirectoryStack.ofRoots(calls, below), []);
}

function* inside(
  calls: FileSyscalls,
  all: DirectoryStack,
  below: DirectoryStack,
  path: readonly ByteString[],
): Generator<TreeChange> {
  for (const name of [...new Set([...all.names(), ...below.names()])].sort()) {
    const found = all.find(name);
    const before = below.find(name);
    const here = [...path, name];
    if (found === undefined) yield { kind: "deleted", path: here, byOpaque: false };
    else if (before === undefined || !isSame(found.status, before.status)) {
      const entry: TreeEntry = { path: here, name, ...found };
      const kind = before === undefined ? "added" : "changed";
      const directory = isDirectory(found.status);
      let told = !directory || before === undefined || differs(calls, entry, before);
      if (told) yield { kind, ...entry };
      if (!directory) continue;
      using inner = all.child(name);
      using lower = below.child(name);
      for (const change of inside(calls, inner, lower, here)) {
        if (!told) yield { kind, ...entry };
        told = true;
        yield change;
      }
    }
  }
}

/** The same file of the same layer; a directory then has nothing in it from layers above. */
function isSame(one: FileStatus, other: FileStatus): boolean {
  return one.inode === other.inode && one.device === other.device;
}
