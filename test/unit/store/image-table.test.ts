import { expect, test } from "bun:test";
import type { Digest } from "../../../src/oci/types.ts";
import { digestOf, imageRecord } from "../../support/records.ts";
import { temporaryStore } from "../../support/temporary-store.ts";

test("an image is found by id, name, repository digest and unique prefix", () => {
  using temporary = temporaryStore();
  const { images, names, repositoryDigests } = temporary.store;
  const record = imageRecord("a");
  images.put(record, []);
  names.set("docker.io/library/a:latest", record.id);
  repositoryDigests.add({
    repository: "docker.io/library/a",
    digest: record.manifest.digest,
    imageId: record.id,
  });
  expect(images.get(record.id)).toMatchObject({ id: record.id, config: record.config });
  expect(images.getByName("docker.io/library/a:latest")?.id).toBe(record.id);
  expect(images.getByName("docker.io/library/a:other")).toBeUndefined();
  expect(images.getByRepositoryDigest("docker.io/library/a", record.manifest.digest)?.id).toBe(record.id);
  expect(images.getByPrefix(record.id.slice(0, 20))?.id).toBe(record.id);
  expect(images.getByPrefix(record.id.slice(7, 20))?.id).toBe(record.id);
  expect(images.getByPrefix("zz")).toBeUndefined();
});

test("a prefix of two images is ambiguous", () => {
  using temporary = temporaryStore();
  const { images } = temporary.store;
  const ids = ["1", "2"].map((end): Digest => `sha256:${"ab".repeat(31)}0${end}`);
  for (const id of ids) images.put({ ...imageRecord("a"), id }, []);
  expect(() => images.getByPrefix("abab")).toThrow("multiple IDs found with provided prefix: abab");
});

test("a name moves from one image to the other, and goes with its image", () => {
  using temporary = temporaryStore();
  const { images, names } = temporary.store;
  const [a, b] = [imageRecord("a"), imageRecord("b")];
  images.put(a, []);
  images.put(b, []);
  names.set("docker.io/library/x:1", a.id);
  names.set("docker.io/library/x:1", b.id);
  expect(names.of(a.id)).toEqual([]);
  expect(names.of(b.id)).toEqual(["docker.io/library/x:1"]);
  expect(images.get(b.id)?.taggedAt).toBeDefined();
  images.delete(b.id);
  expect(names.list()).toEqual([]);
  expect(() => names.set("docker.io/library/x:1", b.id)).toThrow();
});

test("blobs and layers are in use as long as one image needs them", () => {
  using temporary = temporaryStore();
  const { images } = temporary.store;
  const [a, b] = [imageRecord("a", ["shared", "only-a"]), imageRecord("b", ["shared"])];
  const blob = digestOf("blob");
  images.put(a, [blob]);
  images.put(b, [blob]);
  images.delete(a.id);
  expect(images.isBlobUsed(blob)).toBe(true);
  expect(images.isLayerUsed(digestOf("shared"))).toBe(true);
  expect(images.isLayerUsed(digestOf("only-a"))).toBe(false);
  images.delete(b.id);
  expect(images.isBlobUsed(blob)).toBe(false);
  expect(images.isLayerUsed(digestOf("shared"))).toBe(false);
});

test("an image that comes again with another manifest keeps the blobs of both", () => {
  using temporary = temporaryStore();
  const { images } = temporary.store;
  const record = imageRecord("a");
  images.put(record, [digestOf("one")]);
  const manifest = { ...record.manifest, digest: digestOf("other manifest") };
  images.put({ ...record, manifest }, [digestOf("two")]);
  expect(images.get(record.id)?.manifest.digest).toBe(manifest.digest);
  expect(images.blobsOf(record.id).toSorted()).toEqual([digestOf("one"), digestOf("two")].toSorted());
});
