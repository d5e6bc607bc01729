import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import { networkFileSystemOf } from "./file-system-kind.ts";

/** Magic numbers of statfs(2) of local file systems; names as `docker info` has them (moby daemon/graphdriver). */
const localFileSystems: ReadonlyMap<number, string> = new Map([
  [0xef53, "extfs"],
  [0x58465342, "xfs"],
  [0x9123683e, "btrfs"],
  [0x2fc12fc1, "zfs"],
  [0x01021994, "tmpfs"],
  [0x858458f6, "ramfs"],
  [0x794c7630, "overlayfs"],
  [0xf2f52010, "f2fs"],
  [0xca451a4e, "bcachefs"],
  [0x3153464a, "jfs"],
  [0x52654973, "reiserfs"],
  [0xf15f, "ecryptfs"],
  [0x73717368, "squashfs"],
  [0x4d44, "vfat"],
  [0x2011bab0, "exfat"],
]);

/** The name of the file system with this statfs(2) magic; the magic itself, in hex, where it has no name here. */
export function fileSystemNameOf(magic: number): string {
  const unsigned = magic >>> 0;
  return localFileSystems.get(unsigned) ?? networkFileSystemOf(unsigned) ?? `0x${unsigned.toString(16)}`;
}

/** The file system that holds `path`, or will hold it: the nearest directory that exists is asked. */
export function fileSystemName(path: string): string {
  for (let at = path; ; at = dirname(at)) {
    try {
      return fileSystemNameOf(Number(statfsSync(at).type));
    } catch {
      if (at === dirname(at)) return "unknown";
    }
  }
}
