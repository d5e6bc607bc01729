import { BerthError, systemErrorCode } from "../base/errors.ts";
import type { Descriptor, Digest } from "../oci/types.ts";
import { rename, unlink } from "../sys/directory-entries.ts";
import { close, readBytes, statusIfThere } from "../sys/files.ts";
import { noSpaceError, requireSpace } from "./free-space.ts";
import { hashFile } from "./hash-file.ts";
import type { IngestOptions, OpenBlob } from "./ingest.ts";
import type { StoreLayout } from "./layout.ts";
import { Lease, type StoreLocks } from "./locks.ts";
import { storeErrorOf } from "./sqlite-error.ts";

async function syncFile(path: string): Promise<void> {
  const { open } = process.getBuiltinModule("node:fs/promises"); // takes a third of a millisecond to load
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Content by digest, as registries have it: `blobs/sha256/<hex>`. What is there was verified. */
export class BlobStore {
  readonly #layout: StoreLayout;
  readonly #locks: StoreLocks;

  constructor(layout: StoreLayout, locks: StoreLocks) {
    this.#layout = layout;
    this.#locks = locks;
  }

  /** Where the blob is, or would be. */
  path(digest: Digest): string {
    return this.#layout.blob(digest);
  }

  has(digest: Digest): boolean {
    return statusIfThere(this.path(digest)) !== undefined;
  }

  /** Bytes, or undefined when it is not there. */
  size(digest: Digest): number | undefined {
    return statusIfThere(this.path(digest))?.size;
  }

  /**
   * A small document, verified again. Throws `not-found`, `invalid-image` when it is larger than `limit` bytes, and
   * `digest-mismatch` when the disk lost it.
   */
  read(digest: Digest, limit: number): Uint8Array {
    const size = this.size(digest);
    if (size === undefined) throw new BerthError("not-found", `blob ${digest} is not in the store`);
    if (size > limit)
      throw new BerthError("invalid-image", `blob ${digest} has ${size} bytes, at most ${limit} fit`);
    const bytes = readBytes(this.path(digest));
    const actual = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
    if (`sha256:${actual}` !== digest) {
      throw new BerthError("digest-mismatch", `blob ${digest} is damaged on disk`, {
        hint: "remove the image and pull it again",
      });
    }
    return bytes;
  }

  /** Holds a blob that is there until the lease ends; false when it is not there. */
  async hold(digest: Digest, lease: Lease, signal?: AbortSignal): Promise<boolean> {
    const lock = await this.#locks.wait(`blob:${digest}`, "shared", signal);
    if (this.has(digest)) {
      lease.keep(lock);
      return true;
    }
    lock.release();
    return false;
  }

  /**
   * Makes sure that the blob is in the store: waits for another process that fetches it, continues a partial one,
   * verifies size and digest while it streams, and publishes by rename. Throws `digest-mismatch`, `no-space`, and what
   * `openBlob` and its stream throw; after a broken stream the partial file stays and the next call continues it.
   */
  async ingest(
    descriptor: Descriptor,
    openBlob: OpenBlob,
    options: IngestOptions = {},
  ): Promise<"present" | "stored"> {
    const { digest } = descriptor;
    const own = options.lease === undefined ? new Lease() : undefined;
    try {
      const outcome = await this.#locks.ensure(
        `blob:${digest}`,
        options.lease ?? own ?? new Lease(),
        () => this.#isSound(descriptor),
        () => this.#receive(descriptor, openBlob, options),
        options.signal,
      );
      return outcome === "made" ? "stored" : "present";
    } finally {
      own?.[Symbol.dispose]();
    }
  }

  /** Stores bytes that are in memory already; their descriptor's digest and size. */
  async put(bytes: Uint8Array, options: IngestOptions = {}): Promise<Pick<Descriptor, "digest" | "size">> {
    const hex = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
    const descriptor = { mediaType: "", digest: `sha256:${hex}` as const, size: bytes.byteLength };
    await this.ingest(
      descriptor,
      async (offset) => ({
        offset,
        body: (async function* () {
          yield bytes.subarray(offset);
        })(),
      }),
      options,
    );
    return { digest: descriptor.digest, size: descriptor.size };
  }

  /**
   * Takes a finished file of `tmp/` as a blob, by rename when its content matches the descriptor. The file is gone
   * afterwards, also when the blob was there already.
   */
  async adopt(
    path: string,
    descriptor: Descriptor,
    options: Pick<IngestOptions, "lease" | "signal"> = {},
  ): Promise<void> {
    const own = new Lease();
    try {
      const outcome = await this.#locks.ensure(
        `blob:${descriptor.digest}`,
        options.lease ?? own,
        () => this.#isSound(descriptor),
        async () => {
          const actual = hashFile(path);
          if (actual !== descriptor.digest) {
            throw new BerthError("digest-mismatch", `${path} has digest ${actual}, not ${descriptor.digest}`);
          }
          await syncFile(path);
          rename(path, this.path(descriptor.digest));
        },
        options.signal,
      );
      if (outcome === "present") unlink(path);
    } finally {
      own[Symbol.dispose]();
    }
  }

  /** Bytes of the blob that are still to come. */
  missing({ digest, size }: Pick<Descriptor, "digest" | "size">): number {
    if (this.has(digest)) return 0;
    const partial = statusIfThere(this.#layout.partialBlob(digest));
    return Math.max(0, size - (partial?.size ?? 0));
  }

  /** Refuses what cannot fit on the disk, before its first byte is fetched. */
  requireSpace(what: string, bytes: number): void {
    requireSpace(this.#layout.directory, what, bytes);
  }

  /** Whether the blob is there. One with another size than promised is either damaged, and removed, or the promise lies. */
  #isSound({ digest, size }: Descriptor): boolean {
    const actual = this.size(digest);
    if (actual === undefined) return false;
    if (actual === size) return true;
    if (hashFile(this.path(digest)) === digest) {
      throw new BerthError(
        "digest-mismatch",
        `blob ${digest} has ${actual} bytes, but its descriptor promises ${size}`,
      );
    }
    unlink(this.path(digest));
    return false;
  }

  async #receive(descriptor: Descriptor, openBlob: OpenBlob, options: IngestOptions): Promise<void> {
    const partial = this.#layout.partialBlob(descriptor.digest);
    try {
      const { receiveBlob } = await import("./blob-receiver.ts"); // most commands receive nothing
      close(await receiveBlob(partial, descriptor, openBlob, options));
      options.onVerified?.();
      rename(partial, this.path(descriptor.digest));
    } catch (error) {
      const code = systemErrorCode(error);
      if (code === "ENOSPC" || code === "EDQUOT") {
        unlink(partial);
        throw noSpaceError(this.#layout.directory, `blob ${descriptor.digest}`, descriptor.size, error);
      }
      throw storeErrorOf(error, partial);
    }
  }
}
