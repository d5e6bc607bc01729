import { S } from "../sys/kernel-numbers.ts";
import { type ChangesRequest, treeChanges } from "./tree-changes.ts";
import type { FileChange, TreeDifference } from "./types.ts";

/** The changes of a tree as a list in the order of the paths, and their size. A file with several names counts once. */
export function treeDifference(request: ChangesRequest): TreeDifference {
  const changes: FileChange[] = [];
  const counted = new Set<bigint>();
  let size = 0;
  for (const change of treeChanges(request)) {
    if (change.kind === "opaque" || change.path.length === 0) continue;
    changes.push({ kind: change.kind, path: change.path.join("/") });
    if (change.kind === "deleted" || (change.status.mode & S.IFMT) !== S.IFREG) continue;
    if (change.status.links > 1) {
      if (counted.has(change.status.inode)) continue;
      counted.add(change.status.inode);
    }
    size += change.status.size;
  }
  changes.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  return { changes, size };
}
