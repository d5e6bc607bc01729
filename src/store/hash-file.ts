import { O } from "../sys/kernel-numbers.ts";
import type { Digest } from "../oci/types.ts";
import { close, open, readAt } from "../sys/files.ts";

const chunk = 1 << 20;

/** Feeds the first `length` bytes of an open file to `hasher`; the number of bytes there were. */
export function hashPrefix(fd: number, hasher: Bun.CryptoHasher, length = Number.POSITIVE_INFINITY): number {
  const buffer = new Uint8Array(chunk);
  let position = 0;
  while (position < length) {
    const count = readAt(fd, buffer.subarray(0, Math.min(chunk, length - position)), position);
    if (count === 0) break;
    hasher.update(buffer.subarray(0, count));
    position += count;
  }
  return position;
}

/** The digest of a file's content. */
export function hashFile(path: string): Digest {
  const fd = open(path, O.RDONLY);
  try {
    const hasher = new Bun.CryptoHasher("sha256");
    hashPrefix(fd, hasher);
    return `sha256:${hasher.digest("hex")}`;
  } finally {
    close(fd);
  }
}
