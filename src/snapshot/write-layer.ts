import { closeSync, fsyncSync, writeSync } from "node:fs";
import { ParallelGzip } from "../archive/layer/parallel-gzip.ts";
import type { Digest } from "../oci/types.ts";
import type { WrittenLayer } from "./types.ts";

const digestOf = (hash: Bun.CryptoHasher): Digest => `sha256:${hash.digest("hex")}`;

/**
 * Writes a tar compressed with gzip into a new file (open for writing), and hashes both forms on the way. All of it is
 * on the disk in the end. The file is closed in any case.
 */
export async function writeLayer(
  tar: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  file: number,
): Promise<WrittenLayer> {
  const [plain, compressed] = [new Bun.CryptoHasher("sha256"), new Bun.CryptoHasher("sha256")];
  let size = 0;
  const gzip = new ParallelGzip((bytes) => {
    compressed.update(bytes);
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
    size += bytes.length;
  });
  try {
    for await (const piece of tar) {
      plain.update(piece);
      await gzip.write(piece);
    }
    await gzip.finish();
    fsyncSync(file);
    return { diffId: digestOf(plain), digest: digestOf(compressed), size };
  } finally {
    closeSync(file);
  }
}
