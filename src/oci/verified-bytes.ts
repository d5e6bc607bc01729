import { BerthError } from "../base/errors.ts";
import type { Descriptor } from "./types.ts";

/** Passes the bytes of a whole blob on, and throws `digest-mismatch` at their end when they are not what was promised. */
export async function* verifiedBytes(
  bytes: AsyncIterable<Uint8Array>,
  { digest, size }: Descriptor,
): AsyncGenerator<Uint8Array, void, void> {
  const hasher = new Bun.CryptoHasher("sha256");
  let length = 0;
  for await (const chunk of bytes) {
    length += chunk.byteLength;
    if (length > size)
      throw new BerthError(
        "digest-mismatch",
        `blob ${digest} is larger than the ${size} bytes that its descriptor promises`,
      );
    hasher.update(chunk);
    yield chunk;
  }
  if (length < size)
    throw new BerthError("digest-mismatch", `blob ${digest} ended after ${length} of ${size} bytes`);
  const actual = `sha256:${hasher.digest("hex")}`;
  if (actual !== digest) throw new BerthError("digest-mismatch", `blob ${digest} has digest ${actual}`);
}
