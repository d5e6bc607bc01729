import { closeSync, fsyncSync, writeSync } from "node:fs";
import { ParallelGzip } from "../archive/layer/parallel-gzip.ts";
import type { Digest } from "../oci/types.ts";
import type { WrittenLayer } from "./types.ts";

const digestOf = (hash: Bun.CryptoHasher): Digest => `sha256:${hash.digest("hex")}`;

/**
 * Writes a tar compressed with gzip into a new file (open for writing), and hashes both forms on the way. All of it is
 * on the disk in the end. The file is closed in any case. `alongside` reads the tar to its end, too, each piece being valid
 * until it asks for the next.
 */
export async function writeLayer(
  tar: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  file: number,
  alongside: (tar: AsyncIterable<Uint8Array>) => Promise<void> = readOnly,
): Promise<WrittenLayer> {
  const [plain, compressed] = [new Bun.CryptoHasher("sha256"), new Bun.CryptoHasher("sha256")];
  let size = 0;
  const gzip = new ParallelGzip((bytes) => {
    compressed.update(bytes);
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
    size += bytes.length;
  });
  const passing = async function* () {
    for await (const piece of tar) {
      plain.update(piece);
      await gzip.write(piece);
      yield piece;
    }
  };
  try {
    await alongside(passing());
    await gzip.finish();
    fsyncSync(file);
    return { diffId: digestOf(plain), digest: digestOf(compressed), size };
  } finally {
    closeSync(file);
  }
}

async function readOnly(tar: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of tar);
}
