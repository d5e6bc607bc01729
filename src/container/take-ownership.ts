import { O } from "../sys/kernel-numbers.ts";
import { BerthError, systemErrorCode } from "../base/errors.ts";
import { close } from "../sys/files.ts";
import { openAt, openInRoot } from "../sys/libc.ts";

/**
 * Gives everything below `path` of a root, and itself, to a user. No link is followed, and nothing of another file system
 * is touched: what is mounted below has been asked for with its own options.
 */
export function takeOwnership(root: number, path: string, owner: Owner): void {
  try {
    give(root, path, owner);
  } catch (cause) {
    const why =
      systemErrorCode(cause) === "EINVAL" ? "there is no such user in this id map" : systemErrorCode(cause);
    throw new BerthError("denied", `cannot give ${path} to ${owner.uid}:${owner.gid} (:U): ${why}`, {
      cause,
    });
  }
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

function give(root: number, path: string, { uid, gid }: Owner): void {
  const { chownSync, fstatSync, lchownSync, lstatSync, readdirSync } = process.getBuiltinModule("node:fs");
  const top = openInRoot(root, path, O.PATH);
  const { dev } = fstatSync(top);
  const visit = (directory: number) => {
    for (const name of readdirSync(`/proc/self/fd/${directory}`)) {
      const at = `/proc/self/fd/${directory}/${name}`;
      const stat = lstatSync(at);
      if (stat.dev !== dev) continue;
      if (stat.uid !== uid || stat.gid !== gid) lchownSync(at, uid, gid);
      if (!stat.isDirectory()) continue;
      const below = openAt(directory, name, O.RDONLY | O.DIRECTORY | O.NOFOLLOW);
      visit(below);
      close(below);
    }
  };
  const stat = fstatSync(top);
  if (stat.isDirectory()) visit(top);
  if (stat.uid !== uid || stat.gid !== gid) chownSync(`/proc/self/fd/${top}`, uid, gid);
  close(top);
}
