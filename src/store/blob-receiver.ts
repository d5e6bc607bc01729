import {
  closeSync,
  constants,
  fstatSync,
  fsync,
  ftruncateSync,
  openSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { BerthError } from "../base/errors.ts";
import type { Descriptor } from "../oci/types.ts";
import { hashPrefix } from "./hash-file.ts";
import type { IngestOptions, OpenBlob } from "./ingest.ts";

function sync(fd: number): Promise<void> {
  return new Promise((resolve, reject) => fsync(fd, (error) => (error ? reject(error) : resolve())));
}

const openFlags = constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW;

function writeAll(fd: number, bytes: Uint8Array, position: number): void {
  let written = 0;
  while (written < bytes.byteLength) {
    written += writeSync(fd, bytes, written, bytes.byteLength - written, position + written);
  }
}

/** Content is not what was promised: the partial file is worth nothing. */
class Mismatch extends BerthError {
  constructor(message: string) {
    super("digest-mismatch", message);
  }
}

/**
 * Receives one blob into the file `partial`, continuing what is there, until size and digest match and the bytes are
 * on the disk; the open descriptor. The caller holds the blob's lock. A mismatch removes the file; when it began
 * with bytes of an earlier, killed process, these may be to blame, and it starts over once.
 */
export async function receiveBlob(
  partial: string,
  descriptor: Descriptor,
  open: OpenBlob,
  options: Pick<IngestOptions, "signal" | "onProgress">,
): Promise<number> {
  for (;;) {
    const fd = openSync(partial, openFlags, 0o600);
    let continued = false;
    try {
      let there = fstatSync(fd).size;
      if (there > descriptor.size) {
        ftruncateSync(fd, 0);
        there = 0;
      }
      continued = there > 0;
      await receive(fd, there, descriptor, open, options);
      await sync(fd);
      return fd;
    } catch (error) {
      closeSync(fd);
      if (!(error instanceof Mismatch)) throw error;
      unlinkSync(partial);
      if (!continued) throw error;
    }
  }
}

async function receive(
  fd: number,
  there: number,
  { digest, size }: Descriptor,
  open: OpenBlob,
  { signal, onProgress }: Pick<IngestOptions, "signal" | "onProgress">,
): Promise<void> {
  let hasher = new Bun.CryptoHasher("sha256");
  let position = hashPrefix(fd, hasher, there);
  if (position < size || size === 0) {
    const stream = await open(position);
    if (stream.offset !== position) {
      if (stream.offset !== 0) {
        throw new BerthError(
          "registry",
          `asked for blob ${digest} from byte ${position}, got ${stream.offset}`,
        );
      }
      ftruncateSync(fd, 0);
      hasher = new Bun.CryptoHasher("sha256");
      position = 0;
    }
    onProgress?.(position);
    for await (const chunk of stream.body) {
      signal?.throwIfAborted();
      if (position + chunk.byteLength > size) {
        throw new Mismatch(`blob ${digest} is larger than the ${size} bytes that its descriptor promises`);
      }
      writeAll(fd, chunk, position);
      hasher.update(chunk);
      position += chunk.byteLength;
      onProgress?.(position);
    }
    signal?.throwIfAborted();
    if (position < size) {
      // Not a mismatch: connections break, and what came is continued by the next try.
      throw new BerthError("network", `blob ${digest} ended after ${position} of ${size} bytes`);
    }
  }
  const actual = `sha256:${hasher.digest("hex")}`;
  if (actual !== digest) throw new Mismatch(`blob ${digest} has digest ${actual}`);
}
