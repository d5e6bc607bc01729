import { BerthError } from "../base/errors.ts";
import { fileSystemAt } from "../sys/files.ts";

const mebibyte = 1 << 20;

function inMebibytes(bytes: number): string {
  if (bytes < mebibyte) return `${bytes} bytes`;
  return `${(bytes / mebibyte).toFixed(1)} MiB`;
}

/** Bytes that an ordinary user may still write to the file system of `path`. */
export function freeSpace(path: string): number {
  return fileSystemAt(path).free;
}

/** The error for a disk that is too full for `what`. */
export function noSpaceError(path: string, what: string, needed: number, cause?: unknown): BerthError {
  let free = "unknown";
  try {
    free = inMebibytes(freeSpace(path));
  } catch {
    // the numbers are a courtesy
  }
  return new BerthError(
    "no-space",
    `no space left on the disk of ${path} for ${what}: ${inMebibytes(needed)} needed, ${free} free`,
    {
      hint: "free some space, for example with `berth rmi`, and try again",
      ...(cause === undefined ? {} : { cause }),
    },
  );
}

/** Refuses early what cannot fit. A hint only: others write to the same disk. */
export function requireSpace(path: string, what: string, needed: number): void {
  if (freeSpace(path) < needed) throw noSpaceError(path, what, needed);
}
