import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Bytes of the regular files below a directory. What the user may not enter (another id's) is not counted. */
export function contentSize(directory: string): number {
  let total = 0;
  let entries: string[];
  try {
    entries = readdirSync(directory);
  } catch {
    return 0;
  }
  for (const entry of entries) {
    const path = join(directory, entry);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isFile()) total += stat.size;
    else if (stat?.isDirectory()) total += contentSize(path);
  }
  return total;
}
