import { expect, test } from "bun:test";
import { containerRecord, imageRecord } from "../../support/records.ts";
import { temporaryStore } from "../../support/temporary-store.ts";

test("a volume is made once and keeps its labels", () => {
  using temporary = temporaryStore();
  const { volumes } = temporary.store;
  expect(volumes.createOrGet({ name: "data", labels: { a: "b" }, anonymous: false }).created).toBe(true);
  const again = volumes.createOrGet({ name: "data", labels: {}, anonymous: true });
  expect(again.created).toBe(false);
  expect(again.volume).toMatchObject({ labels: { a: "b" }, anonymous: false, usedBy: [] });
  expect(() => volumes.get("nothing")).toThrow("get nothing: no such volume");
});

test("a volume that a container mounts is not removed", () => {
  using temporary = temporaryStore();
  const { images, containers, volumes } = temporary.store;
  const image = imageRecord("i");
  const container = containerRecord("c", image);
  images.put(image, []);
  containers.insert(container);
  volumes.createOrGet({ name: "data", labels: {}, anonymous: false }, container.id);
  expect(() => volumes.remove("data")).toThrow(`remove data: volume is in use - [${container.id}]`);
  expect(volumes.ofContainer(container.id).map((volume) => volume.name)).toEqual(["data"]);
  containers.remove(container.id);
  expect(volumes.get("data").usedBy).toEqual([]);
  volumes.remove("data");
  expect(volumes.list()).toEqual([]);
  expect(() => volumes.remove("data")).toThrow("no such volume");
});
