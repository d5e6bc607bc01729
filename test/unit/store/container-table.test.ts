import { expect, test } from "bun:test";
import { containerRecord, imageRecord } from "../../support/records.ts";
import { temporaryStore } from "../../support/temporary-store.ts";

const image = imageRecord("image", ["l1", "l2"]);

test("a container is found by id, name, slash and name, and unique prefix", () => {
  using temporary = temporaryStore();
  const { images, containers } = temporary.store;
  images.put(image, []);
  const first = containerRecord("first", image, "abc1");
  const second = containerRecord("second", image, "abc2");
  containers.insert(first);
  containers.insert(second);
  expect(containers.get(first.id)).toEqual(first);
  expect(containers.get("first")).toEqual(first);
  expect(containers.get("/second")).toEqual(second);
  expect(containers.get("abc2")).toEqual(second);
  expect(() => containers.get("abc")).toThrow("multiple IDs found with provided prefix: abc");
  expect(() => containers.get("third")).toThrow("No such container: third");
  expect(() => containers.get("abc%")).toThrow("No such container: abc%");
});

test("a name is taken once, with Docker's words", () => {
  using temporary = temporaryStore();
  const { images, containers } = temporary.store;
  images.put(image, []);
  const first = containerRecord("web", image, "1");
  containers.insert(first);
  expect(() => containers.insert({ ...first, id: "2".repeat(64) })).toThrow(
    `Conflict. The container name "/web" is already in use by container "${first.id}". ` +
      "You have to remove (or rename) that container to be able to reuse that name.",
  );
  const other = containerRecord("other", image, "3");
  containers.insert(other);
  expect(() => containers.rename(other.id, "web")).toThrow("Conflict.");
  expect(containers.rename(other.id, "better").name).toBe("better");
  expect(containers.list()).toHaveLength(2);
});

test("a container of an image that is gone is not made", () => {
  using temporary = temporaryStore();
  const { containers } = temporary.store;
  expect(() => containers.insert(containerRecord("x", image))).toThrow("No such image: example");
  expect(containers.list()).toEqual([]);
});

test("a state changes only from what it is, and not at all when the change throws", () => {
  using temporary = temporaryStore();
  const { images, containers } = temporary.store;
  images.put(image, []);
  const { id } = containerRecord("x", image);
  containers.insert(containerRecord("x", image));
  const other = temporary.reopen().containers;
  other.update(id, (state) => ({ ...state, status: "running" }));
  expect(() =>
    containers.update(id, (state) => {
      if (state.status === "running") throw new Error("runs already");
      return state;
    }),
  ).toThrow("runs already");
  expect(containers.get(id).state.status).toBe("running");
  containers.amend(id, (container) => ({ ...container, options: { more: true } }));
  expect(containers.get(id).options).toEqual({ more: true });
  expect(containers.get(id).state.status).toBe("running");
});

test("the layers of a container are kept after its image was removed, until it is removed too", () => {
  using temporary = temporaryStore();
  const { images, containers } = temporary.store;
  images.put(image, []);
  const { id } = containerRecord("x", image);
  containers.insert(containerRecord("x", image));
  images.delete(image.id);
  expect(containers.layersOf(id)).toEqual([...image.config.rootfs.diff_ids]);
  expect(images.isLayerUsed(image.config.rootfs.diff_ids[0]!)).toBe(true);
  expect(containers.remove(id)).toBe(true);
  expect(images.isLayerUsed(image.config.rootfs.diff_ids[0]!)).toBe(false);
  expect(containers.remove(id)).toBe(false);
});
