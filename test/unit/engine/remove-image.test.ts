import { expect, test } from "bun:test";
import { type RemovalStep, removeImage } from "../../../src/engine/remove-image.ts";
import type { ContainerStatus, ImageRecord } from "../../../src/store/types.ts";
import { identifyProcess } from "../../../src/sys/process-identity.ts";
import { type TestEngine, testEngine } from "../../support/engine.ts";
import { containerRecord, digestOf } from "../../support/records.ts";

const remove = (engine: TestEngine, text: string, force = false) =>
  removeImage(engine.context, text, { force, noPrune: false });

const untagged = (...names: string[]): RemovalStep[] => names.map((name) => ({ untagged: name }));

function addContainer({ context }: TestEngine, image: ImageRecord, status: ContainerStatus) {
  const own = identifyProcess(process.pid)!;
  const container = containerRecord("c", image);
  const running = status === "running" ? { monitor: own, process: own } : {};
  context.store.containers.insert({ ...container, state: { status, ...running } });
  return container.id.slice(0, 12);
}

function addDigest({ context }: TestEngine, image: ImageRecord, repository: string, digest = digestOf("m")) {
  context.store.repositoryDigests.add({
    repository: `docker.io/library/${repository}`,
    digest,
    imageId: image.id,
  });
  return `${repository}@${digest}`;
}

test("the last name takes its digests and the image along", async () => {
  using engine = testEngine();
  const image = engine.addImage("a", ["docker.io/library/app:1"]);
  const digest = addDigest(engine, image, "app");
  expect(await remove(engine, "app:1")).toEqual([...untagged("app:1", digest), { deleted: image.id }]);
  expect(engine.context.store.images.list()).toEqual([]);
  await expect(remove(engine, "app:1")).rejects.toThrow("No such image: app:1");
});

test("one of several names is only untagged; digests stay as long as their repository has a tag", async () => {
  using engine = testEngine();
  const image = engine.addImage("a", [
    "docker.io/library/app:1",
    "docker.io/library/app:2",
    "docker.io/library/b:1",
  ]);
  const digest = addDigest(engine, image, "app");
  expect(await remove(engine, "app:1")).toEqual(untagged("app:1"));
  expect(await remove(engine, "app:2")).toEqual(untagged("app:2", digest));
  expect(engine.context.store.images.get(image.id)).toBeDefined();
});

test("by id an image goes with its one name, and with several only by force", async () => {
  using engine = testEngine();
  const one = engine.addImage("a", ["docker.io/library/a:1"]);
  expect(await remove(engine, one.id.slice(7, 19))).toEqual([...untagged("a:1"), { deleted: one.id }]);
  const two = engine.addImage("b", ["docker.io/library/b:1", "docker.io/library/c:1"]);
  const short = two.id.slice(7, 19);
  await expect(remove(engine, short)).rejects.toThrow(
    `conflict: unable to delete ${short} (must be forced) - image is referenced in multiple repositories`,
  );
  expect(await remove(engine, short, true)).toEqual([...untagged("b:1", "c:1"), { deleted: two.id }]);
});

test("a name in use by a container goes only by force; the layers stay for the container", async () => {
  using engine = testEngine();
  const image = engine.addImage("a", ["docker.io/library/a:1"]);
  const container = addContainer(engine, image, "exited");
  const short = image.id.slice(7, 19);
  await expect(remove(engine, "a:1")).rejects.toThrow(
    `conflict: unable to remove repository reference "a:1" (must force) - container ${container} is using its referenced image ${short}`,
  );
  await expect(remove(engine, short)).rejects.toThrow(
    `conflict: unable to delete ${short} (must be forced) - image is being used by stopped container ${container}`,
  );
  expect(await remove(engine, "a:1", true)).toEqual([...untagged("a:1"), { deleted: image.id }]);
  expect(engine.context.store.images.isLayerUsed(image.config.rootfs.diff_ids[0]!)).toBe(true);
});

test("an image of a running container loses its name by force, but stays", async () => {
  using engine = testEngine();
  const image = engine.addImage("a", ["docker.io/library/a:1"]);
  const container = addContainer(engine, image, "running");
  const short = image.id.slice(7, 19);
  await expect(remove(engine, short, true)).rejects.toThrow(
    `conflict: unable to delete ${short} (cannot be forced) - image is being used by running container ${container}`,
  );
  expect(await remove(engine, "a:1", true)).toEqual(untagged("a:1"));
  expect(engine.context.store.images.get(image.id)).toBeDefined();
});

test("one of two names of an image in use goes without force", async () => {
  using engine = testEngine();
  const image = engine.addImage("a", ["docker.io/library/a:1", "docker.io/library/b:1"]);
  addContainer(engine, image, "exited");
  expect(await remove(engine, "a:1")).toEqual(untagged("a:1"));
  await expect(remove(engine, "b:1")).rejects.toThrow("(must force)");
});

test("blobs that nobody needs go with the image, unless they are to stay", async () => {
  using engine = testEngine();
  const { store } = engine.context;
  for (const noPrune of [true, false]) {
    const { digest } = await store.blobs.put(new TextEncoder().encode("content"));
    const image = engine.addImage("a", []);
    store.images.put(image, [digest]);
    await removeImage(engine.context, image.id, { force: false, noPrune });
    expect(store.blobs.has(digest)).toBe(noPrune);
  }
});
