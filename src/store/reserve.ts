import { unlinkIfThere } from "../sys/directory-entries.ts";
import { exists, writeNewFile } from "../sys/files.ts";

/*
 * SQLite needs room on the disk even to remove something, so that a full disk or quota would keep the user from freeing
 * any. One file is kept, and given up for such a change.
 */

/** As much as SQLite's log holds before it is put into the database, and the database may grow by then. */
const size = 1024 * 1024;
/** What the Web Crypto API gives at once. */
const chunk = 65_536;

/** Makes the file at `path` unless it is there, or there is no room for it. */
export function keepReserve(path: string): void {
  if (exists(path)) return;
  const bytes = new Uint8Array(size); // random, because some file systems keep no zeros
  for (let at = 0; at < size; at += chunk) crypto.getRandomValues(bytes.subarray(at, at + chunk));
  try {
    writeNewFile(path, bytes, 0o600);
  } catch {
    unlinkIfThere(path);
  }
}

/** Whether there is more room now. */
export function giveUpReserve(path: string): boolean {
  const isThere = exists(path);
  if (isThere) unlinkIfThere(path);
  return isThere;
}
