import { MS } from "../sys/kernel-numbers.ts";
import { lstatSync, mkdirSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { BerthError, messageOf } from "../base/errors.ts";
import { mount, unmountDetached } from "../sys/libc.ts";

/**
 * Mounts an overlay with `userxattr` below `place`, a new directory that is gone afterwards, and removes a lower file through it. Kernels
 * before 5.11 refuse the mount, and some file systems (NFS, overlay itself) the upper directory or the whiteout. Runs in a mount namespace
 * of its own. Throws `unsupported` with the kernel's reason.
 */
export function tryOverlay(place: string): void {
  try {
    mkdirSync(place, { mode: 0o700 });
    process.chdir(place);
    for (const name of ["lower", "upper", "work", "merged"]) mkdirSync(name);
    writeFileSync("lower/file", "");
    mount("overlay", "merged", "overlay", MS.NODEV, "lowerdir=lower,upperdir=upper,workdir=work,userxattr");
    try {
      unlinkSync("merged/file");
      if (!lstatSync("upper/file").isCharacterDevice()) throw new Error("no whiteout was made");
    } finally {
      unmountDetached("merged");
    }
  } catch (error) {
    throw new BerthError("unsupported", `kernel overlay does not work here: ${messageOf(error)}`, {
      cause: error,
    });
  } finally {
    process.chdir("/");
    rmSync(place, { recursive: true, force: true });
  }
}
