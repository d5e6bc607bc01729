import { expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Digest } from "../../../src/oci/types.ts";
import type { Store } from "../../../src/store/store.ts";
import { containerRecord, digestOf, imageRecord } from "../../support/records.ts";
import { removeTree, temporaryStore } from "../../support/temporary-store.ts";

async function addLayer(store: Store, name: string): Promise<Digest> {
  using lease = store.lease();
  const diffId = digestOf(name);
  const fill = async (target: string) => {
    mkdirSync(target);
    writeFileSync(join(target, "file"), name);
    return name.length;
  };
  await store.layers.ensure(diffId, lease, fill, removeTree);
  return diffId;
}

test("what nobody needs goes, what an image or a container needs stays", async () => {
  using temporary = temporaryStore();
  const { store } = temporary;
  const layers = await Promise.all(["one", "two", "three"].map((name) => addLayer(store, name)));
  const { digest } = await store.blobs.put(new TextEncoder().encode("kept"));
  const lost = await store.blobs.put(new TextEncoder().encode("lost"));
  const kept = imageRecord("kept", ["one"]);
  const removed = imageRecord("removed", ["two"]);
  store.images.put(kept, [digest]);
  store.images.put(removed, [lost.digest]);
  store.containers.insert(containerRecord("c", removed));
  store.images.delete(removed.id);

  const collected = await store.garbage.collect(removeTree);
  expect(collected).toEqual({ blobs: [lost.digest], layers: [layers[2]!], reclaimed: 4 + 5 });
  expect(layers.map((layer) => store.layers.has(layer))).toEqual([true, true, false]);
  expect(store.blobs.has(digest)).toBe(true);
  expect(readdirSync(store.layout.temporary)).toEqual([]);

  store.containers.remove(containerRecord("c", removed).id);
  expect((await store.garbage.collect(removeTree)).layers).toEqual([layers[1]!]);
});

test("what an import holds stays, although no image names it yet", async () => {
  using temporary = temporaryStore();
  const { store } = temporary;
  const diffId = await addLayer(store, "one");
  const { digest } = await store.blobs.put(new TextEncoder().encode("blob"));
  const other = temporary.reopen();
  {
    using lease = other.lease();
    expect(await other.blobs.hold(digest, lease)).toBe(true);
    expect(await other.layers.hold(diffId, lease)).toBe(true);
    expect(await store.garbage.collect(removeTree)).toEqual({ blobs: [], layers: [], reclaimed: 0 });
  }
  expect((await store.garbage.collect(removeTree)).blobs).toEqual([digest]);
  using lease = other.lease();
  expect(await other.layers.hold(diffId, lease)).toBe(false);
});

test("a sweep removes what no live process holds, and keeps partial blobs for the next pull", async () => {
  using temporary = temporaryStore();
  const { store } = temporary;
  store.prepare();
  const at = (name: string) => join(store.layout.temporary, name);
  const hex = "ab".repeat(32);
  for (const name of [`layer-${hex}`, "trash-1"]) mkdirSync(at(name));
  writeFileSync(at(`${hex}.partial`), "half");
  using reserved = temporary.reopen().temporary.reserve("work");
  mkdirSync(reserved.path);
  using unpacking = store.locks.try(`layer:sha256:${"cd".repeat(32)}`, "exclusive");
  expect(unpacking).toBeDefined();
  mkdirSync(at(`layer-${"cd".repeat(32)}`));

  await store.temporary.sweep(removeTree);
  expect(existsSync(at(`layer-${hex}`))).toBe(false);
  expect(existsSync(at("trash-1"))).toBe(false);
  expect(existsSync(at(`${hex}.partial`))).toBe(true);
  expect(existsSync(reserved.path)).toBe(true);
  expect(existsSync(at(`layer-${"cd".repeat(32)}`))).toBe(true);

  await store.temporary.sweep(removeTree, { partials: true });
  expect(existsSync(at(`${hex}.partial`))).toBe(false);
});

test("a layer that fails to unpack leaves nothing", async () => {
  using temporary = temporaryStore();
  const { store } = temporary;
  using lease = store.lease();
  const fail = async (target: string) => {
    mkdirSync(target);
    throw new Error("hostile entry");
  };
  await expect(store.layers.ensure(digestOf("x"), lease, fail, removeTree)).rejects.toThrow("hostile entry");
  expect(readdirSync(store.layout.temporary)).toEqual([]);
  expect(store.layers.has(digestOf("x"))).toBe(false);
});
