import { expect, spyOn, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BerthError } from "../../../src/base/errors.ts";
import { importImage } from "../../../src/image/import-image.ts";
import type { ImportRequest } from "../../../src/image/import-request.ts";
import { parsePlatform } from "../../../src/oci/platform.ts";
import { formatReference, parseDockerReference } from "../../../src/oci/reference.ts";
import type { Resolver, TransferProgress } from "../../../src/oci/transport.ts";
import { FakeUnpacker } from "../../support/fake-unpacker.ts";
import { memoryImage, memoryIndex } from "../../support/memory-image.ts";
import { MemorySource } from "../../support/memory-source.ts";
import { failureOf } from "../../support/registry-client.ts";
import { digestOf } from "../../support/records.ts";
import { removeTree, type TemporaryStore, temporaryStore } from "../../support/temporary-store.ts";

const name = "docker.io/library/x:latest";
const amd64 = parsePlatform("linux/amd64");
const arm64 = parsePlatform("linux/arm64");

function importer(temporary: TemporaryStore, source: MemorySource, more: Partial<ImportRequest> = {}) {
  const unpacker = new FakeUnpacker();
  const progress: TransferProgress[] = [];
  const run = (text = "x", again: Partial<ImportRequest> = {}) => {
    const reference = parseDockerReference(text);
    return importImage({
      origin: { kind: "reference", reference, resolver: source },
      names: reference.digest === undefined ? [formatReference(reference)] : [],
      rememberDigest: true,
      store: temporary.store,
      source,
      unpacker,
      removeTree,
      onProgress: (event) => progress.push(event),
      ...more,
      ...again,
    });
  };
  const statuses = () =>
    progress.flatMap((event) => (event.kind === "status" ? [`${event.id} ${event.status}`] : []));
  return { run, unpacker, progress, statuses };
}

/** A source that answers when it is told to. */
async function slowAnswer(source: MemorySource) {
  const reference = parseDockerReference(name);
  const resolved = await source.resolve(reference);
  const { promise, resolve } = Promise.withResolvers<typeof resolved>();
  const slow: Partial<ImportRequest> = {
    origin: { kind: "reference", reference, resolver: { resolve: () => promise } },
  };
  return { slow, answer: () => resolve(resolved) };
}

test("an image arrives whole: blobs, layers, name and repository digest", async () => {
  using temporary = temporaryStore();
  const { store } = temporary;
  const image = memoryImage({ layers: ["one", "two!"] });
  const { run, unpacker } = importer(temporary, new MemorySource().add(name, image));
  const result = await run();
  expect(result).toMatchObject({ upToDate: false, digest: image.root.digest });
  expect(result.image).toMatchObject({ id: image.id, size: 7 });
  for (const digest of image.blobs.keys()) expect(store.blobs.has(digest)).toBe(true);
  expect(readFileSync(join(store.layers.path(digestOf("two!")), "data"), "utf8")).toBe("two!");
  expect(unpacker.unpacked).toHaveLength(2);
  expect(store.images.getByName(name)?.id).toBe(image.id);
  expect(store.repositoryDigests.of(image.id)).toEqual([
    { repository: "docker.io/library/x", digest: image.root.digest, imageId: image.id },
  ]);
  expect(readdirSync(store.layout.temporary)).toEqual([]);
  expect((await store.garbage.collect(removeTree)).reclaimed).toBe(0);
});

test("a second import fetches and writes nothing, and says so", async () => {
  using temporary = temporaryStore();
  const image = memoryImage({ layers: ["one", "two"] });
  const source = new MemorySource().add(name, image);
  const { run, progress, statuses } = importer(temporary, source);
  await run();
  source.fetched.length = 0;
  progress.length = 0;
  const written = () => statSync(`${temporary.store.layout.database}-wal`).size;
  const before = written();
  expect((await run()).upToDate).toBe(true);
  expect(written()).toBe(before);
  expect(source.fetched).toEqual([]);
  expect(statuses()).toEqual([]); // as Docker, which speaks of layers only where it looks for them
  expect((await run("x:latest", { names: ["docker.io/library/x:other"] })).upToDate).toBe(false);
});

test.each(["manifest", "index"])(
  "an image that is there, known by its %s, waits for nothing but the answer",
  async (kind) => {
    using temporary = temporaryStore();
    const image = memoryImage({ layers: ["one"] });
    const root = kind === "index" ? memoryIndex([image]) : image;
    const source = new MemorySource().add(name, root);
    const { run } = importer(temporary, source, { platform: amd64 });
    await run();
    const { slow, answer } = await slowAnswer(source);
    const again = run("x", slow);
    await new Promise(setImmediate);
    const read = spyOn(temporary.store.blobs, "read");
    answer();
    expect(await again).toMatchObject({ upToDate: true, digest: root.root.digest });
    expect(read).not.toHaveBeenCalled();
  },
);

test("a source is told as what an answer was checked when it came before, and nothing of any other", async () => {
  using temporary = temporaryStore();
  const image = memoryImage({ layers: ["one"] });
  const other = memoryImage({ layers: ["two"] });
  const source = new MemorySource().add(name, image);
  const { run } = importer(temporary, source);
  const seen: unknown[] = [];
  const reference = parseDockerReference("x");
  const resolver: Resolver = {
    async resolve(asked, _signal, checkedAs) {
      await new Promise(setImmediate); // the store was looked at by then
      seen.push(checkedAs?.(image.root.digest), checkedAs?.(other.root.digest));
      return source.resolve(asked);
    },
  };
  for (let time = 0; time < 2; time++) await run("x", { origin: { kind: "reference", reference, resolver } });
  expect(seen).toEqual([undefined, undefined, image.root.mediaType, undefined]);
});

test("a digest that is asked for is remembered, although its image is there under the name", async () => {
  using temporary = temporaryStore();
  const image = memoryImage({ layers: ["one"] });
  const { digest } = image.root;
  const source = new MemorySource().add(name, image).add(`docker.io/library/x@${digest}`, image);
  const { run } = importer(temporary, source);
  await run("x", { rememberDigest: false });
  expect(await run(`x@${digest}`, { names: [name] })).toMatchObject({ upToDate: false });
  expect(temporary.store.repositoryDigests.list()).toMatchObject([{ digest, imageId: image.id }]);
});

test.each([
  ["its name", "here"],
  ["its name", "elsewhere"],
  ["the image", "here"],
  ["the image", "elsewhere"],
])("%s, removed %s while the source answers, is brought again", async (what, where) => {
  using temporary = temporaryStore();
  const { store } = temporary;
  const image = memoryImage({ layers: ["one"] });
  const source = new MemorySource().add(name, image);
  const { run } = importer(temporary, source);
  await run();
  const { slow, answer } = await slowAnswer(source);
  const again = run("x", slow);
  await new Promise(setImmediate);
  const remover = where === "here" ? store : temporary.reopen();
  remover.names.delete(name);
  if (what === "the image") remover.images.delete(image.id);
  answer();
  expect(await again).toMatchObject({ upToDate: false, digest: image.root.digest });
  expect(store.images.getByName(name)?.id).toBe(image.id);
});

test("the answer decides, whatever the store has under the name", async () => {
  using temporary = temporaryStore();
  const [first, second] = [memoryImage({ layers: ["one"] }), memoryImage({ layers: ["two"] })];
  const source = new MemorySource();
  const { run } = importer(temporary, source);
  for (const [image, upToDate] of [
    [first, false],
    [second, false],
    [first, false],
    [first, true],
  ] as const) {
    source.add(name, image);
    expect(await run()).toMatchObject({ upToDate, digest: image.root.digest, image: { id: image.id } });
    expect(temporary.store.images.getByName(name)?.id).toBe(image.id);
  }
});

test("only missing layers are fetched, each once although it is listed twice", async () => {
  using temporary = temporaryStore();
  const base = memoryImage({ layers: ["base"] });
  const image = memoryImage({ layers: ["base", "top", "empty", "empty"] });
  const source = new MemorySource().add(name, base).add("docker.io/library/y:latest", image);
  const { run, unpacker } = importer(temporary, source);
  await run("x");
  source.fetched.length = 0;
  await run("y");
  expect(source.fetched.toSorted()).toEqual(
    [image.id, image.layers[1]!.digest, image.layers[2]!.digest].toSorted(),
  );
  expect(unpacker.unpacked.toSorted()).toEqual(["base", "top", "empty"].map(digestOf).toSorted());
});

test("a lost blob is fetched again without unpacking, a lost layer is unpacked again without fetching", async () => {
  using temporary = temporaryStore();
  const { store } = temporary;
  const image = memoryImage({ layers: ["one", "two"] });
  const source = new MemorySource().add(name, image);
  const { run, unpacker } = importer(temporary, source);
  await run();
  source.fetched.length = 0;
  unpacker.unpacked.length = 0;
  rmSync(store.blobs.path(image.layers[0]!.digest));
  rmSync(store.layers.path(digestOf("two")), { recursive: true });
  await run();
  expect(source.fetched).toEqual([image.layers[0]!.digest]);
  expect(unpacker.unpacked).toEqual([digestOf("two")]);
});

test("each layer tells its story in Docker's order", async () => {
  using temporary = temporaryStore();
  const image = memoryImage({ layers: ["1", "2", "3", "4"] });
  const { run, statuses } = importer(temporary, new MemorySource().add(name, image));
  await run();
  const all = statuses();
  expect(all.slice(0, 4).every((line) => line.endsWith("Pulling fs layer"))).toBe(true);
  for (const [index, { digest }] of image.layers.entries()) {
    const id = digest.slice(7, 19);
    const mine = all.filter((line) => line.startsWith(id)).map((line) => line.slice(13));
    const waiting = index === 3 ? ["Waiting"] : [];
    expect(mine).toEqual([
      "Pulling fs layer",
      ...waiting,
      "Verifying Checksum",
      "Download complete",
      "Pull complete",
    ]);
  }
});

test("the platform is chosen from an index, also from one inside an index", async () => {
  using temporary = temporaryStore();
  const [intel, arm] = [amd64, arm64].map((platform) =>
    memoryImage({ layers: [platform.architecture], platform }),
  );
  const nested = memoryIndex([memoryIndex([intel!, arm!])]);
  const { run } = importer(temporary, new MemorySource().add(name, nested));
  const result = await run("x", { platform: arm64 });
  expect(result.image.id).toBe(arm!.id);
  expect(result.digest).toBe(nested.root.digest);
  const riscv = run("x", { platform: parsePlatform("linux/riscv64") });
  await expect(riscv).rejects.toThrow("no matching manifest for linux/riscv64 in the manifest list entries");
});

test("indexes that never end are refused", async () => {
  using temporary = temporaryStore();
  let image = memoryImage({ layers: ["x"] });
  for (let depth = 0; depth < 5; depth++) image = memoryIndex([image]);
  const { run } = importer(temporary, new MemorySource().add(name, image));
  await expect(run()).rejects.toThrow("nested more than 4 deep");
});

const artifact = (manifest: Record<string, unknown>) => ({
  ...manifest,
  artifactType: "application/vnd.example.sbom",
  config: { mediaType: "application/vnd.oci.empty.v1+json", digest: digestOf("{}"), size: 2 },
});
const foreignLayer = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
const retype =
  (mediaType: string, more = {}) =>
  (manifest: Record<string, unknown>) => ({
    ...manifest,
    layers: (manifest.layers as object[]).map((layer) => ({ ...layer, mediaType, ...more })),
  });

test("what has to fit on the disk is what is still to come and what it unpacks to, at least", async () => {
  using temporary = temporaryStore();
  const { store } = temporary;
  const image = memoryImage({ layers: ["one", "two!"] });
  const source = new MemorySource().add(name, image);
  const [one, two] = image.layers.map(({ size }) => size) as [number, number]; // compressed
  const asked = spyOn(store.blobs, "requireSpace");
  const { run } = importer(temporary, source);
  await run();
  expect(asked.mock.calls.map(([, bytes]) => bytes)).toEqual([2 * (one + two)]);
  rmSync(store.layers.path(digestOf("one")), { recursive: true });
  rmSync(store.blobs.path(image.layers[1]!.digest));
  asked.mockClear();
  await run();
  expect(asked.mock.calls.map(([, bytes]) => bytes)).toEqual(["one".length + two]);
  // A file that is here already is only moved.
  rmSync(store.blobs.path(image.layers[1]!.digest));
  const file = join(temporary.store.layout.directory, "two");
  writeFileSync(file, image.blobs.get(image.layers[1]!.digest)!);
  asked.mockClear();
  const taking = Object.assign(source, { takeBlob: () => file });
  await run("x", { source: taking });
  expect(asked.mock.calls.map(([, bytes]) => bytes)).toEqual([0]);
});

test("a layer that is not to be distributed, but is at no other address, comes from the registry", async () => {
  using temporary = temporaryStore();
  const image = memoryImage({ layers: ["layer"], manifest: retype(foreignLayer) });
  await importer(temporary, new MemorySource().add(name, image)).run();
  expect(temporary.store.blobs.has(image.layers[0]!.digest)).toBe(true);
});

test.each([
  ["an artifact", { manifest: artifact }, "artifact of type application/vnd.example.sbom"],
  ["a layer of an unknown type", { manifest: retype("application/pdf") }, "unknown type application/pdf"],
  [
    "a foreign layer",
    { manifest: retype(foreignLayer, { urls: ["http://127.0.0.1:1/"] }) },
    "is not distributable",
  ],
  [
    "too few diff ids",
    { config: { rootfs: { type: "layers" as const, diff_ids: [] } } },
    "the manifest has 1 layers, but the configuration has 0 diff ids",
  ],
  [
    "another operating system",
    { config: { os: "windows" } },
    'image operating system "windows" cannot be used',
  ],
])("%s is refused before a layer is fetched", async (_, options, message) => {
  using temporary = temporaryStore();
  const image = memoryImage({ layers: ["layer"], ...options });
  const source = new MemorySource().add(name, image);
  const { run } = importer(temporary, source);
  await expect(run()).rejects.toThrow(message);
  expect(source.fetched).not.toContain(image.layers[0]!.digest);
  expect(temporary.store.images.list()).toEqual([]);
});

test("a single image of another platform is refused only when a platform was asked for", async () => {
  using temporary = temporaryStore();
  const image = memoryImage({ layers: ["arm"], platform: arm64 });
  const source = new MemorySource().add(name, image);
  const { run } = importer(temporary, source);
  await expect(run("x", { platform: amd64 })).rejects.toThrow(
    "was found but does not match the specified platform: wanted linux/amd64, actual: linux/arm64",
  );
  expect(source.fetched).toEqual([image.id]);
  expect((await run("x")).image.config.architecture).toBe("arm64");
});

test("a layer that is not what the configuration says is refused, and the next import of the right one works", async () => {
  using temporary = temporaryStore();
  const wrong = memoryImage({
    layers: ["truth"],
    config: { rootfs: { type: "layers", diff_ids: [digestOf("lie")] } },
  });
  const right = memoryImage({ layers: ["truth"] });
  const source = new MemorySource().add(name, wrong).add("docker.io/library/y:latest", right);
  const { run } = importer(temporary, source);
  await expect(run("x")).rejects.toThrow("diff id");
  expect(temporary.store.images.list()).toEqual([]);
  expect(temporary.store.layers.has(digestOf("lie"))).toBe(false);
  expect((await run("y")).image.id).toBe(right.id);
});

test("an import that a broken connection ended is continued where it broke", async () => {
  using temporary = temporaryStore();
  const image = memoryImage({ layers: [new Uint8Array(10_000).fill(7)], compression: "none" });
  const source = new MemorySource().add(name, image);
  const { digest } = image.layers[0]!;
  source.faults.set(digest, [{ kind: "break", after: 4000 }]);
  const { run } = importer(temporary, source);
  await expect(run()).rejects.toThrow("connection reset by peer");
  expect(temporary.store.images.list()).toEqual([]);
  await run();
  expect(source.fetched.filter((entry) => entry.startsWith(digest))).toEqual([digest, `${digest}@4000`]);
});

test("wrong bytes fail the import at once and stop the other downloads", async () => {
  using temporary = temporaryStore();
  const image = memoryImage({ layers: ["a", "b", "c", "d", "e"] });
  const source = new MemorySource().add(name, image);
  source.faults.set(image.layers[0]!.digest, [
    { kind: "replace", bytes: new Uint8Array(image.layers[0]!.size) },
  ]);
  const { run } = importer(temporary, source, { concurrency: 1 });
  await expect(run()).rejects.toThrow("has digest");
  expect(source.fetched).toEqual([image.id, image.layers[0]!.digest]);
  expect((await run()).image.id).toBe(image.id);
});

test("an aborted import ends with the reason and is continued by the next one", async () => {
  using temporary = temporaryStore();
  const image = memoryImage({ layers: [new Uint8Array(200_000).fill(1)], compression: "none" });
  const source = new MemorySource().add(name, image);
  const abort = new AbortController();
  const { digest } = image.layers[0]!;
  source.beforeChunk = (blob, offset) => {
    if (blob === digest && offset > 100_000) abort.abort(new Error("interrupted"));
  };
  const { run } = importer(temporary, source);
  await expect(run("x", { signal: abort.signal })).rejects.toThrow("interrupted");
  source.fetched.length = 0;
  await run();
  expect(source.fetched[0]).toStartWith(`${digest}@`);
});

test("a manifest that is there already is not asked for", async () => {
  using temporary = temporaryStore();
  const index = memoryIndex([memoryImage({ layers: ["x"] })]);
  const source = new MemorySource().add(name, index);
  const { run } = importer(temporary, source);
  await run();
  expect(source.documents).toHaveLength(1);
  await run();
  expect(source.documents).toHaveLength(1);
});

test("layers stop arriving when the manifest cannot be kept, and that is the error", async () => {
  using temporary = temporaryStore();
  const { store } = temporary;
  const image = memoryImage({ layers: ["one", "two"] });
  const source = new MemorySource().add(name, image);
  const opened = Promise.withResolvers<void>();
  const { fetchBlob } = source;
  source.fetchBlob = async (repository, descriptor, options) => {
    const stream = await fetchBlob.call(source, repository, descriptor, options);
    if (!image.layers.some(({ digest }) => digest === descriptor.digest)) return stream;
    opened.resolve();
    return { offset: 0, body: until(options?.signal) };
  };
  using _ = spyOn(store.blobs, "put").mockImplementation(async () => {
    await opened.promise;
    throw new BerthError("no-space", "the disk is full");
  });
  expect(await failureOf(importer(temporary, source).run())).toMatchObject({ message: "the disk is full" });
});

/** Bytes that never come. */
async function* until(signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  await new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason)));
}

test("every compression is recognised by content, whatever the media type says", async () => {
  for (const compression of ["none", "gzip", "zstd"] as const) {
    using temporary = temporaryStore();
    const lie = retype("application/vnd.oci.image.layer.v1.tar+gzip");
    const image = memoryImage({ layers: [`as ${compression}`], compression, manifest: lie });
    const { run } = importer(temporary, new MemorySource().add(name, image));
    expect((await run()).image.id).toBe(image.id);
  }
});

test("an unfinished layer of a killed process is replaced", async () => {
  using temporary = temporaryStore();
  const { store } = temporary;
  store.prepare();
  mkdirSync(store.layout.unfinishedLayer(digestOf("one")));
  const { run } = importer(temporary, new MemorySource().add(name, memoryImage({ layers: ["one"] })));
  await run();
  expect(store.layers.has(digestOf("one"))).toBe(true);
});

test("an image that is removed while it is imported again does not lose a layer", async () => {
  using temporary = temporaryStore();
  const { store } = temporary;
  const image = memoryImage({ layers: ["one", "two"] });
  const source = new MemorySource().add(name, image);
  const { run, unpacker } = importer(temporary, source);
  await run();
  rmSync(store.layers.path(digestOf("two")), { recursive: true });
  const other = temporary.reopen();
  unpacker.during = async () => {
    other.images.delete(image.id);
    await other.garbage.collect(removeTree);
  };
  await run();
  expect(store.images.getByName(name)?.id).toBe(image.id);
  for (const digest of image.blobs.keys()) expect(store.blobs.has(digest)).toBe(true);
  for (const layer of ["one", "two"]) expect(store.layers.has(digestOf(layer))).toBe(true);
});
