import { S } from "../sys/kernel-numbers.ts";
import type { ByteString } from "../sys/byte-string.ts";
import type { FileStatus } from "../sys/file-status.ts";

/** What berth makes in a root for its own mounts, where the image has it not: empty, and no change of the container's. */
const directories = new Set(["dev", "proc", "sys", "etc"]);
const files = new Set(["etc/hosts", "etc/hostname", "etc/resolv.conf"]);
/** These are dated by what berth makes in them. */
const parents = new Set(["", "etc"]);

/** For something that is not in the image; a directory counts only while it is empty. */
export function isScaffold(path: readonly ByteString[], status: FileStatus): boolean {
  const name = path.join("/");
  if ((status.mode & S.IFMT) === S.IFDIR) return directories.has(name);
  return files.has(name) && (status.mode & S.IFMT) === S.IFREG && status.size === 0;
}

export function holdsScaffold(path: readonly ByteString[]): boolean {
  return parents.has(path.join("/"));
}
