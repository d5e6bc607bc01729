import { closeSync } from "node:fs";
import { copyLayers } from "../snapshot/copy-layers.ts";
import { fileSyscalls } from "../sys/file-syscalls.ts";
import { AT_FDCWD, O, openAt } from "../sys/libc.ts";

/**
 * Copies what the directory `source` has into the empty directory `target` of the host, with owners, modes, times and
 * attributes: a new volume begins with what the image has at its place.
 */
export function populateVolume(source: number, target: string): void {
  const directory = openAt(AT_FDCWD, target, O.RDONLY | O.DIRECTORY | O.NOFOLLOW);
  try {
    copyLayers(fileSyscalls, [source], directory);
  } finally {
    closeSync(directory);
  }
}
