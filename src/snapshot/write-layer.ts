import { closeSync, fsyncSync, writeSync } from "node:fs";
import type { WrittenLayer } from "./types.ts";

/**
 * Writes a tar into a new file (open for writing) and hashes it on the way. All of it is on the disk in the end. The file is
 * closed in any case. `alongside` reads the tar to its end, too, each piece being valid until it asks for the next.
 */
export async function writeLayer(
  tar: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  file: number,
  alongside: (tar: AsyncIterable<Uint8Array>) => Promise<void> = readOnly,
): Promise<WrittenLayer> {
  const hash = new Bun.CryptoHasher("sha256");
  let size = 0;
  const passing = async function* () {
    for await (const piece of tar) {
      hash.update(piece);
      for (let done = 0; done < piece.length; ) done += writeSync(file, piece, done);
      size += piece.length;
      yield piece;
    }
  };
  try {
    await alongside(passing());
    fsyncSync(file);
    return { diffId: `sha256:${hash.digest("hex")}`, size };
  } finally {
    closeSync(file);
  }
}

async function readOnly(tar: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of tar);
}
