/** DT_DIR of readdir(3). */
export const directoryType = 4;

/**
 * Tells the entries that the call has put into `bytes`, but `.` and `..`: where in there the name is, and of which type it is.
 * struct linux_dirent64: inode (8), offset (8), length of the entry (2), type (1), the name and a NUL.
 */
export function forEachEntry(
  bytes: Uint8Array,
  length: number,
  tell: (start: number, end: number, type: number) => void,
): void {
  for (let at = 0; at < length; at += bytes[at + 16]! | (bytes[at + 17]! << 8)) {
    const start = at + 19;
    const end = bytes.indexOf(0, start);
    if (!isDots(bytes, start, end)) tell(start, end, bytes[at + 18]!);
  }
}

function isDots(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] !== 0x2e) return false;
  return end - start <= 2;
}
