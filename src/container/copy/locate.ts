import { S } from "../../sys/kernel-numbers.ts";
import { fileSystemError } from "../../archive/layer/file-system-error.ts";
import type { ByteString } from "../../sys/byte-string.ts";
import type { FileStatus } from "../../sys/file-status.ts";
import { AT_FDCWD, E, type FileSyscalls, O } from "../../sys/file-syscalls.ts";
import { fileSystemMagic } from "../../sys/files.ts";
import { baseOf, type CopyPath, parentOf } from "./copy-path.ts";

/** A tree in which paths are looked up: the host's, or a container's, where no link leads out. */
export interface CopyTree {
  readonly calls: FileSyscalls;
  /** Opens a path; the negative errno where it cannot. */
  open(path: ByteString, flags: number): number;
  /** Whether an open directory shows something else than files: there is nothing to be copied in it. */
  isOfKernel(directory: number): boolean;
}

/** proc, sysfs, cgroup v2 and v1 (linux/magic.h). */
const kernelFileSystems = [0x9fa0, 0x62656572, 0x63677270, 0x27e0eb];

export function hostTree(calls: FileSyscalls): CopyTree {
  return { calls, open: (path, flags) => calls.open(AT_FDCWD, path, flags), isOfKernel: () => false };
}

export function containerTree(calls: FileSyscalls, root: number): CopyTree {
  return {
    calls,
    open: (path, flags) => calls.openInRoot(root, path, flags),
    isOfKernel: (directory) => kernelFileSystems.includes(fileSystemMagic(directory)),
  };
}

/** Where a path leads: a directory, held open, and a name in it that is no link to be followed any more. */
export interface Located extends Disposable {
  readonly directory: number;
  readonly name: ByteString;
  /** Undefined: there is nothing yet. */
  readonly status: FileStatus | undefined;
}

/** As many as the kernel follows in one path (path_resolution(7)). */
const mostLinks = 40;

/**
 * Finds what a path means. Links on the way are always followed, one at its end when `follow` says so or when a
 * directory is meant. Undefined where the directory that it would be in is not there.
 */
export function locate(tree: CopyTree, { path, means }: CopyPath, follow: boolean): Located | undefined {
  const { calls } = tree;
  let wanted = means === "anything" ? path : `${path}/`;
  for (let links = 0; ; links++) {
    const name = baseOf(wanted);
    const inside = name === "" || name === "." || name === "..";
    const parent = inside ? wanted : parentOf(wanted);
    const directory = tree.open(parent, O.PATH | O.DIRECTORY);
    if (directory === E.NOENT) return undefined;
    if (directory < 0) throw fileSystemError("open", parent, directory);
    const close = () => calls.close(directory);
    const status = calls.status(directory, inside ? "." : name);
    const link =
      follow && typeof status !== "number" && (status.mode & S.IFMT) === S.IFLNK && links < mostLinks
        ? calls.readLink(directory, name)
        : E.INVAL;
    if (typeof link === "string") {
      close();
      wanted = link.startsWith("/") ? link : `${parent}${link}`;
      continue;
    }
    if (typeof status === "number" && status !== E.NOENT) {
      close();
      throw fileSystemError("read the status of", wanted, status);
    }
    return {
      directory,
      name: inside ? "." : name,
      status: typeof status === "number" ? undefined : status,
      [Symbol.dispose]: close,
    };
  }
}
