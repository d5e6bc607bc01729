import { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { join } from "node:path";
import type { Digest } from "../../../src/oci/types.ts";
import { migrations } from "../../../src/store/migrations.ts";
import { Store } from "../../../src/store/store.ts";
import { digestOf, imageRecord } from "../../support/records.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { temporaryStore } from "../../support/temporary-store.ts";

test("an image is found by id, name, repository digest and unique prefix", () => {
  using temporary = temporaryStore();
  const { images, names, repositoryDigests } = temporary.store;
  const record = imageRecord("a");
  images.put(record, []);
  names.set("docker.io/library/a:latest", record);
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
  names.set("docker.io/library/x:1", a);
  names.set("docker.io/library/x:1", b);
  expect(names.of(a.id)).toEqual([]);
  expect(names.of(b.id)).toEqual(["docker.io/library/x:1"]);
  expect(images.get(b.id)?.taggedAt).toBeDefined();
  images.delete(b.id);
  expect(names.list()).toEqual([]);
  expect(() => names.set("docker.io/library/x:1", b)).toThrow();
});

test("an image has the manifest of the name or digest by which it is found", () => {
  using temporary = temporaryStore();
  const { images, names, repositoryDigests } = temporary.store;
  const oci = imageRecord("a");
  const docker = { ...oci, manifest: { ...oci.manifest, digest: digestOf("docker") } };
  for (const [tag, image] of Object.entries({ oci, docker })) {
    images.put(image, []);
    names.set(`docker.io/library/a:${tag}`, image);
    const { digest } = image.manifest;
    repositoryDigests.add({
      repository: "docker.io/library/a",
      digest,
      imageId: image.id,
      manifest: image.manifest,
    });
  }
  expect(images.getByName("docker.io/library/a:oci")?.manifest).toEqual(oci.manifest);
  expect(images.getByName("docker.io/library/a:docker")?.manifest).toEqual(docker.manifest);
  for (const { manifest } of [oci, docker])
    expect(images.getByRepositoryDigest("docker.io/library/a", manifest.digest)?.manifest).toEqual(manifest);
  expect(images.get(oci.id)?.manifest).toEqual(docker.manifest);
  const repository = "docker.io/library/a";
  for (const [tag, image, other] of [["oci", oci, docker] as const, ["docker", docker, oci] as const]) {
    const { digest } = image.manifest;
    expect(names.isOf(`${repository}:${tag}`, image)).toBe(true);
    expect(names.isOf(`${repository}:${tag}`, other)).toBe(false);
    expect(names.isOf(`${repository}:${tag}`, imageRecord("b"))).toBe(false);
    expect(repositoryDigests.isOf({ repository, digest }, image)).toBe(true);
    expect(repositoryDigests.isOf({ repository, digest }, other)).toBe(false);
    expect(repositoryDigests.isOf({ repository: "docker.io/library/b", digest }, image)).toBe(false);
  }
});

test("names of a store of version 2 keep the manifest that their image had", () => {
  using directory = temporaryDirectory();
  const record = imageRecord("a");
  const path = join(directory.path, "berth.db");
  {
    using old = new Database(path);
    for (const step of migrations.slice(0, 2)) old.exec(step);
    old.exec("PRAGMA user_version = 2");
    const values = [
      record.id,
      JSON.stringify(record.manifest),
      JSON.stringify(record.config),
      1,
      record.addedAt,
    ];
    old.run("INSERT INTO images (id, manifest, config, size, added_at) VALUES (?, ?, ?, ?, ?)", values);
    old.run("INSERT INTO names VALUES ('docker.io/library/a:1', ?)", [record.id]);
    for (const digest of [record.manifest.digest, digestOf("index")])
      old.run("INSERT INTO repository_digests VALUES ('docker.io/library/a', ?, ?)", [digest, record.id]);
  }
  using store = Store.open(directory.path, { mode: "read-write" });
  const newer = { ...record, manifest: { ...record.manifest, digest: digestOf("newer") } };
  store.images.put(newer, []);
  expect(store.images.getByName("docker.io/library/a:1")?.manifest).toEqual(record.manifest);
  const byDigest = (digest: Digest) => store.images.getByRepositoryDigest("docker.io/library/a", digest);
  expect(byDigest(record.manifest.digest)?.manifest).toEqual(record.manifest);
  const index = { repository: "docker.io/library/a", digest: digestOf("index") };
  expect(store.repositoryDigests.isOf(index, newer)).toBe(true);
  expect(byDigest(digestOf("index"))?.manifest).toEqual(newer.manifest);
});

test("a manifest is replaced for all names that have it, and its blobs go unless a registry's digest needs them", () => {
  using temporary = temporaryStore();
  const { images, names, repositoryDigests } = temporary.store;
  const layer = { mediaType: "x", digest: digestOf("compressed"), size: 1 };
  const replaced = new Map([[digestOf("plain"), layer]]);
  for (const isPulled of [false, true]) {
    const record = imageRecord(`a ${isPulled}`);
    const now = { ...record.manifest, digest: digestOf(`now ${isPulled}`) };
    images.put(record, [record.manifest.digest, digestOf("plain")]);
    names.set("docker.io/library/a:1", record);
    const pulled = { ...record.manifest, digest: digestOf("pulled") };
    const entry = { repository: "docker.io/library/a", digest: digestOf("index"), imageId: record.id };
    if (isPulled) repositoryDigests.add({ ...entry, manifest: pulled });
    expect(repositoryDigests.hasManifest(record)).toBe(false);
    expect(repositoryDigests.hasManifest({ ...record, manifest: pulled })).toBe(isPulled);
    // The second time there is nothing left to do.
    for (let time = 0; time < 2; time++) {
      images.replaceManifest(record, now, replaced);
      expect(images.getByName("docker.io/library/a:1")?.manifest).toEqual(now);
      const before = isPulled ? [record.manifest.digest, digestOf("plain")] : [];
      expect(images.blobsOf(record.id).toSorted()).toEqual([now.digest, layer.digest, ...before].toSorted());
    }
  }
});

test("an image that is gone gets neither a manifest nor a digest", () => {
  using temporary = temporaryStore();
  const { images, repositoryDigests } = temporary.store;
  const { id, manifest } = imageRecord("a");
  images.replaceManifest({ id, manifest }, { ...manifest, digest: digestOf("now") }, new Map());
  const entry = { repository: "docker.io/library/a", digest: manifest.digest, imageId: id };
  expect(repositoryDigests.add(entry)).toBe(false);
  expect(images.blobsOf(id)).toEqual([]);
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
