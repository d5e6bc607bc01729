import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { BlobStream } from "../../../src/oci/transport.ts";
import type { Descriptor } from "../../../src/oci/types.ts";
import { digestOf } from "../../support/records.ts";
import { temporaryStore } from "../../support/temporary-store.ts";

const content = new TextEncoder().encode("0123456789".repeat(1000));
const descriptor: Descriptor = { mediaType: "x/y", digest: digestOf(content), size: content.byteLength };

function streamOf(bytes: Uint8Array, offset: number, chunk = 1000): BlobStream {
  return {
    offset,
    body: (async function* () {
      for (let at = offset; at < bytes.byteLength; at += chunk) yield bytes.subarray(at, at + chunk);
    })(),
  };
}

const partialOf = (directory: string) => join(directory, "tmp", `${descriptor.digest.slice(7)}.partial`);

test("a blob arrives verified, once, and reports its progress", async () => {
  using temporary = temporaryStore();
  const { blobs } = temporary.store;
  const seen: number[] = [];
  const outcome = await blobs.ingest(descriptor, async (offset) => streamOf(content, offset), {
    onProgress: (bytes) => seen.push(bytes),
  });
  expect(outcome).toBe("stored");
  expect(seen.at(-1)).toBe(content.byteLength);
  expect(new Uint8Array(readFileSync(blobs.path(descriptor.digest)))).toEqual(content);
  const again = await blobs.ingest(descriptor, async () => {
    throw new Error("must not be opened");
  });
  expect(again).toBe("present");
  expect(readdirSync(join(temporary.directory, "tmp"))).toEqual([]);
});

test("an empty blob is a blob", async () => {
  using temporary = temporaryStore();
  const empty = new Uint8Array();
  const none = { mediaType: "x/y", digest: digestOf(empty), size: 0 };
  await temporary.store.blobs.ingest(none, async (offset) => streamOf(empty, offset));
  expect(temporary.store.blobs.size(none.digest)).toBe(0);
});

test("wrong bytes, one byte too many and one too few are refused, and nothing is stored", async () => {
  const wrong = new Uint8Array(content);
  wrong[5] = 0;
  const cases: [Uint8Array, string][] = [
    [wrong, `blob ${descriptor.digest} has digest ${digestOf(wrong)}`],
    [new Uint8Array([...content, 0]), "larger than the 10000 bytes"],
    [content.subarray(0, 9999), "ended after 9999 of 10000 bytes"],
  ];
  for (const [bytes, message] of cases) {
    using temporary = temporaryStore();
    const { blobs } = temporary.store;
    expect(blobs.ingest(descriptor, async (offset) => streamOf(bytes, offset))).rejects.toThrow(message);
    expect(blobs.has(descriptor.digest)).toBe(false);
    await blobs.ingest(descriptor, async (offset) => streamOf(content, offset));
    expect(blobs.has(descriptor.digest)).toBe(true);
  }
});

test("a broken stream is continued where it broke", async () => {
  using temporary = temporaryStore();
  const { blobs } = temporary.store;
  const broken = async (): Promise<BlobStream> => ({
    offset: 0,
    body: (async function* () {
      yield content.subarray(0, 4321);
      throw new Error("connection reset");
    })(),
  });
  await expect(blobs.ingest(descriptor, broken)).rejects.toThrow("connection reset");
  const offsets: number[] = [];
  await blobs.ingest(descriptor, async (offset) => {
    offsets.push(offset);
    return streamOf(content, offset);
  });
  expect(offsets).toEqual([4321]);
  expect(blobs.has(descriptor.digest)).toBe(true);
});

test("a source that starts over instead of continuing is read from its start", async () => {
  using temporary = temporaryStore();
  const { blobs } = temporary.store;
  temporary.store.prepare();
  writeFileSync(partialOf(temporary.directory), content.subarray(0, 100));
  await blobs.ingest(descriptor, async () => streamOf(content, 0));
  expect(blobs.has(descriptor.digest)).toBe(true);
});

test("a source that answers from elsewhere is refused", async () => {
  using temporary = temporaryStore();
  temporary.store.prepare();
  writeFileSync(partialOf(temporary.directory), content.subarray(0, 100));
  const ingest = temporary.store.blobs.ingest(descriptor, async () => streamOf(content, 50));
  await expect(ingest).rejects.toThrow("from byte 100, got 50");
});

test.each([
  ["wrong bytes", new TextEncoder().encode("x".repeat(500)), [500, 0]],
  ["too many bytes", new Uint8Array(20_000), [0]],
  ["all bytes, of which some are wrong", new Uint8Array(10_000), [0]],
  ["all bytes", content, []],
])("a partial file with %s heals", async (_, bytes, expected) => {
  using temporary = temporaryStore();
  temporary.store.prepare();
  writeFileSync(partialOf(temporary.directory), bytes);
  const offsets: number[] = [];
  await temporary.store.blobs.ingest(descriptor, async (offset) => {
    offsets.push(offset);
    return streamOf(content, offset);
  });
  expect(offsets).toEqual([...expected]);
  expect(temporary.store.blobs.read(descriptor.digest, 10_000)).toHaveLength(10_000);
});

test("a partial file that is a link out of the store is not followed", async () => {
  using temporary = temporaryStore();
  temporary.store.prepare();
  const canary = join(dirname(temporary.directory), "canary");
  writeFileSync(canary, "alive");
  const { symlinkSync } = await import("node:fs");
  symlinkSync(canary, partialOf(temporary.directory));
  const ingest = temporary.store.blobs.ingest(descriptor, async (offset) => streamOf(content, offset));
  await expect(ingest).rejects.toThrow();
  expect(readFileSync(canary, "utf8")).toBe("alive");
});

test("an aborted download keeps what it has and gives the lock back", async () => {
  using temporary = temporaryStore();
  const { blobs } = temporary.store;
  const abort = new AbortController();
  const endless = async (offset: number): Promise<BlobStream> => ({
    offset,
    body: (async function* () {
      yield content.subarray(offset, 2000);
      abort.abort(new Error("interrupted"));
      yield content.subarray(2000, 3000);
    })(),
  });
  await expect(blobs.ingest(descriptor, endless, { signal: abort.signal })).rejects.toThrow("interrupted");
  await blobs.ingest(descriptor, async (offset) => {
    expect(offset).toBe(2000);
    return streamOf(content, offset);
  });
});

test("who comes second waits and finds the blob there", async () => {
  using temporary = temporaryStore();
  const stores = [temporary.store, temporary.reopen(), temporary.reopen()];
  let opened = 0;
  const outcomes = await Promise.all(
    stores.map((store) =>
      store.blobs.ingest(descriptor, async (offset) => {
        opened++;
        await Bun.sleep(1);
        return streamOf(content, offset);
      }),
    ),
  );
  expect(opened).toBe(1);
  expect(outcomes.toSorted()).toEqual(["present", "present", "stored"]);
});

test("a descriptor that lies about the size of a blob that is there is refused", async () => {
  using temporary = temporaryStore();
  const { blobs } = temporary.store;
  await blobs.put(content);
  const ingest = blobs.ingest({ ...descriptor, size: 5 }, async (offset) => streamOf(content, offset));
  await expect(ingest).rejects.toThrow("its descriptor promises 5");
});

test("a blob that the disk cut is fetched again", async () => {
  using temporary = temporaryStore();
  const { blobs } = temporary.store;
  await blobs.put(content);
  writeFileSync(blobs.path(descriptor.digest), content.subarray(0, 10));
  expect(await blobs.ingest(descriptor, async (offset) => streamOf(content, offset))).toBe("stored");
});

test("a small document is verified when it is read, and limited", async () => {
  using temporary = temporaryStore();
  const { blobs } = temporary.store;
  await blobs.put(content);
  expect(blobs.read(descriptor.digest, 10_000)).toHaveLength(10_000);
  expect(() => blobs.read(descriptor.digest, 9_999)).toThrow("at most 9999");
  writeFileSync(blobs.path(descriptor.digest), "damaged");
  expect(() => blobs.read(descriptor.digest, 10_000)).toThrow("damaged on disk");
  expect(() => blobs.read(digestOf("other"), 10)).toThrow("not in the store");
});

test("a finished file is taken when it is what it is called, and refused when not", async () => {
  using temporary = temporaryStore();
  const { blobs, layout } = temporary.store;
  temporary.store.prepare();
  const path = join(layout.temporary, "made");
  writeFileSync(path, "something else");
  await expect(blobs.adopt(path, descriptor)).rejects.toThrow("has digest");
  writeFileSync(path, content);
  await blobs.adopt(path, descriptor);
  expect(existsSync(path)).toBe(false);
  writeFileSync(path, content);
  await blobs.adopt(path, descriptor);
  expect(existsSync(path)).toBe(false);
  expect(blobs.has(descriptor.digest)).toBe(true);
});

test("what cannot fit is refused before the first byte, with numbers", () => {
  using temporary = temporaryStore();
  mkdirSync(temporary.directory);
  expect(() => temporary.store.blobs.requireSpace("the layers", 2 ** 60)).toThrow(
    /no space left on the disk of .* for the layers: 1099511627776.0 MiB needed, [\d.]+ MiB free/,
  );
});
