import { closeSync, openSync, readSync } from "node:fs";
import { BerthError } from "../base/errors.ts";
import type { LayerCompression } from "../oci/unpacker.ts";

/**
 * How bytes are compressed, by their first ones; media types are often wrong, and Docker goes by content too.
 * `xz` and `bzip2` are known so that they can be refused by name.
 */
export function compressionOfBytes(start: Uint8Array): LayerCompression | "xz" | "bzip2" {
  const begins = (...magic: number[]) => magic.every((byte, index) => start[index] === byte);
  if (begins(0x1f, 0x8b)) return "gzip";
  if (begins(0x28, 0xb5, 0x2f, 0xfd)) return "zstd";
  // zstd skippable frame (RFC 8878 section 3.1.2), as zstd:chunked and pzstd write it
  if (((start[0] ?? 0) & 0xf0) === 0x50 && start[1] === 0x2a && start[2] === 0x4d && start[3] === 0x18) {
    return "zstd";
  }
  if (begins(0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00)) return "xz";
  if (begins(0x42, 0x5a, 0x68) && (start[3] ?? 0) >= 0x31 && (start[3] ?? 0) <= 0x39) return "bzip2";
  return "none";
}

/** The compression of a layer file. Throws `unsupported` for xz and bzip2. */
export function sniffCompression(path: string): LayerCompression {
  const fd = openSync(path, "r");
  try {
    const start = new Uint8Array(6);
    const count = readSync(fd, start, 0, start.byteLength, 0);
    const found = compressionOfBytes(start.subarray(0, count));
    if (found !== "xz" && found !== "bzip2") return found;
    throw new BerthError("unsupported", `a layer is compressed with ${found}, which is not supported`, {
      hint: "gzip, zstd and no compression are",
    });
  } finally {
    closeSync(fd);
  }
}
