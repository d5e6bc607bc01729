import { O } from "../sys/kernel-numbers.ts";
import { copyLayers } from "../snapshot/copy-layers.ts";
import { close } from "../sys/files.ts";
import { fileSyscalls } from "../sys/file-syscalls.ts";
import { AT_FDCWD, openAt } from "../sys/libc.ts";

/**
 * Copies what the directory `source` has into the directory `target` of the host if that is empty, with owners, modes,
 * times and attributes: a new volume begins with what the image has at its place.
 */
export function populateVolume(source: number, target: string): void {
  const directory = openAt(AT_FDCWD, target, O.RDONLY | O.DIRECTORY | O.NOFOLLOW);
  try {
    const entries = fileSyscalls.readDirectory(directory);
    if (typeof entries !== "number" && entries.length > 0) return;
    copyLayers(fileSyscalls, [source], directory);
  } finally {
    close(directory);
  }
}
