import { fileSystemError } from "../archive/layer/file-system-error.ts";
import { E, type FileSyscalls, O } from "../sys/file-syscalls.ts";
import { isDirectory } from "./directory-stack.ts";
import type { TreeEntry } from "./tree-entry.ts";

/**
 * An entry and everything below it, in the order of the names' bytes. No link is followed, and nothing is said of what is
 * in a directory, given as a descriptor, that is `closed`.
 */
export function* plainTree(
  calls: FileSyscalls,
  entry: TreeEntry,
  closed: (directory: number) => boolean,
): Generator<TreeEntry> {
  yield entry;
  if (!isDirectory(entry.status)) return;
  const fd = calls.open(entry.directory, entry.name, O.RDONLY | O.DIRECTORY | O.NOFOLLOW);
  if (fd === E.NOENT || fd === E.NOTDIR || fd === E.LOOP) return; // replaced since
  if (fd < 0) throw fileSystemError("open", entry.path.join("/"), fd);
  try {
    if (closed(fd)) return;
    const entries = calls.readDirectory(fd);
    if (entries === E.NOENT) return; // removed since
    if (typeof entries === "number") throw fileSystemError("list", entry.path.join("/"), entries);
    for (const name of entries.map((each) => each.name).sort()) {
      const status = calls.status(fd, name);
      if (typeof status === "number") continue; // removed since
      yield* plainTree(calls, { path: [...entry.path, name], directory: fd, name, status }, closed);
    }
  } finally {
    calls.close(fd);
  }
}
