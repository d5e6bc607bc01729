import { O } from "../sys/kernel-numbers.ts";
import { BerthError } from "../base/errors.ts";
import { close, fileSystemMagic } from "../sys/files.ts";
import { AT_FDCWD, cloneMount, enterMountNamespace, openAt } from "../sys/libc.ts";

const TMPFS_MAGIC = 0x01021994;

/**
 * A detached copy of the /dev/shm mount of another container, from its mount namespace: POSIX shared memory goes with
 * System V IPC (shm_overview(7)). Whatever it put there instead is its own, and must be a tmpfs.
 */
export function sharedMemoryIn(mountNamespace: number): number {
  const own = openAt(AT_FDCWD, "/proc/self/ns/mnt", O.RDONLY);
  let clone: number;
  enterMountNamespace(mountNamespace);
  try {
    const there = openAt(AT_FDCWD, "/dev/shm", O.PATH | O.DIRECTORY | O.NOFOLLOW);
    clone = cloneMount(there, false);
    close(there);
  } finally {
    enterMountNamespace(own);
    close(own);
  }
  if (fileSystemMagic(clone) !== TMPFS_MAGIC)
    throw new BerthError("denied", "the /dev/shm of the container whose IPC is joined is no tmpfs");
  return clone;
}
