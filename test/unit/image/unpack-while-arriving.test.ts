import { expect, test } from "bun:test";
import { readdirSync, writeFileSync } from "node:fs";
import { ArrivingBlob } from "../../../src/image/arriving-blob.ts";
import { importImage } from "../../../src/image/import-image.ts";
import { parseDockerReference } from "../../../src/oci/reference.ts";
import { FakeUnpacker } from "../../support/fake-unpacker.ts";
import { memoryImage } from "../../support/memory-image.ts";
import { MemorySource } from "../../support/memory-source.ts";
import { digestOf } from "../../support/records.ts";
import { removeTree, type TemporaryStore, temporaryStore } from "../../support/temporary-store.ts";

const name = "docker.io/library/x:latest";
const content = new Uint8Array(3 << 20).map((_, index) => index % 251);

function start({ store }: TemporaryStore, source: MemorySource, unpacker: FakeUnpacker) {
  const reference = parseDockerReference("x");
  const origin = { kind: "reference", reference, resolver: source } as const;
  return importImage({ origin, names: [name], rememberDigest: true, store, source, unpacker, removeTree });
}

test("a layer is unpacked while it arrives", async () => {
  using temporary = temporaryStore();
  const image = memoryImage({ layers: [content], compression: "none" });
  const source = new MemorySource().add(name, image);
  const unpacker = new FakeUnpacker();
  const begun = Promise.withResolvers<void>();
  unpacker.during = ({ arriving }) => {
    expect(arriving?.path).toBe(temporary.store.layout.partialBlob(image.layers[0]!.digest));
    begun.resolve();
  };
  source.beforeChunk = (digest, offset) =>
    digest === image.layers[0]!.digest && offset > 1 << 20 ? begun.promise : undefined;
  expect((await start(temporary, source, unpacker)).image.id).toBe(image.id);
  expect(temporary.store.layers.has(digestOf(content))).toBe(true);
});

test("what unpacks well but is not what its digest says leaves nothing", async () => {
  using temporary = temporaryStore();
  const { store } = temporary;
  const image = memoryImage({ layers: [content] });
  const source = new MemorySource().add(name, image);
  const { digest } = image.layers[0]!;
  const otherTime = new Uint8Array(image.blobs.get(digest)!);
  otherTime[4]! ^= 1; // MTIME of the gzip header: the same content under another digest
  source.faults.set(digest, [{ kind: "replace", bytes: otherTime }]);
  const unpacker = new FakeUnpacker();
  await expect(start(temporary, source, unpacker)).rejects.toThrow(`blob ${digest} has digest`);
  expect(readdirSync(store.layout.layers)).toEqual([]);
  expect(readdirSync(store.layout.temporary)).toEqual([]);
  expect(store.blobs.has(digest)).toBe(false);
});

test("a layer is unpacked again when its download has to start over", async () => {
  using temporary = temporaryStore();
  const { store } = temporary;
  const image = memoryImage({ layers: [content], compression: "none" });
  const { digest } = image.layers[0]!;
  store.prepare();
  writeFileSync(store.layout.partialBlob(digest), new Uint8Array(2 << 20)); // of a disk that lost what was written
  const source = new MemorySource().add(name, image);
  const unpacker = new FakeUnpacker();
  const tries: boolean[] = [];
  unpacker.during = ({ arriving }) => {
    tries.push(arriving !== undefined);
  };
  expect((await start(temporary, source, unpacker)).image.id).toBe(image.id);
  expect(source.fetched).toEqual([image.id, `${digest}@${2 << 20}`, digest]);
  expect(tries).toEqual([true, false]);
  expect(readdirSync(store.layout.temporary)).toEqual([]);
});

test("lengths come in steps and end when all is there", async () => {
  const arriving = new ArrivingBlob();
  const lengths = arriving.lengths();
  arriving.advance(100);
  const first = lengths.next();
  expect(Bun.peek.status(first)).toBe("pending");
  arriving.advance(1 << 20);
  expect((await first).value).toBe(1 << 20);
  arriving.advance((1 << 20) + 7);
  arriving.finish();
  expect((await lengths.next()).done).toBe(true);
  expect(arriving.restarted.aborted).toBe(false);
});
