import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { openArchive } from "../../../src/archive/open-archive.ts";
import {
  type ImageArchiveFormat,
  type ImageToArchive,
  writeImageArchive,
} from "../../../src/archive/write-image-archive.ts";
import { hexOf } from "../../../src/oci/digest.ts";
import { parseReference } from "../../../src/oci/reference.ts";
import type { Digest } from "../../../src/oci/types.ts";
import { parseManifestOrIndex } from "../../../src/oci/validate.ts";
import { type MemoryImage, memoryImage } from "../../support/memory-image.ts";
import { failureOf } from "../../support/registry-client.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { streamed } from "../../support/image-archives.ts";
import { BerthError } from "../../../src/base/errors.ts";

const directory = temporaryDirectory();
afterAll(() => directory[Symbol.dispose]());
const shared = "shared".repeat(20_000);
const one = memoryImage({ layers: [shared, "one", shared] });
const two = memoryImage({ layers: [shared, "two"] });
let spools = 0;

function toArchive(image: MemoryImage, ...names: string[]): ImageToArchive {
  const parsed = parseManifestOrIndex(image.blobs.get(image.root.digest)!);
  if (parsed.kind !== "manifest") throw new Error("an index");
  return { root: image.root, manifest: parsed.manifest, names: names.map(parseReference) };
}

async function write(images: readonly ImageToArchive[], format: ImageArchiveFormat = "docker-archive") {
  const opened: Digest[] = [];
  const open = async function* (digest: Digest) {
    opened.push(digest);
    yield* streamed(one.blobs.get(digest) ?? two.blobs.get(digest)!, 70_000);
  };
  const parts: Uint8Array[] = [];
  for await (const part of writeImageArchive({ format, images, open })) parts.push(part);
  return { bytes: new Uint8Array(Buffer.concat(parts)), opened };
}

const read = async (bytes: Uint8Array) => {
  spools += 1;
  return (await openArchive(streamed(bytes, 100_000), join(directory.path, `spool${spools}`), () => []))!;
};
const files = async (bytes: Uint8Array<ArrayBuffer>) =>
  new Map(
    await Promise.all(
      [...(await new Bun.Archive(bytes).files())].map(
        async ([name, file]) => [name, await file.text()] as const,
      ),
    ),
  );

test("images come back with their names and digests, and a blob is in the archive once", async () => {
  const images = [toArchive(one, "one:1", "host:5000/team/one:2"), toArchive(two)];
  const { bytes, opened } = await write(images);
  const archive = await read(bytes);
  const { platform: _, ...root } = one.root;
  const { platform: __, ...other } = two.root;
  expect(archive.images.map(({ names }) => names)).toEqual([
    ["docker.io/library/one:1", "host:5000/team/one:2"],
    [],
  ]);
  expect(archive.images.map(({ roots }) => roots.map(({ digest }) => digest))).toEqual([
    [root.digest],
    [other.digest],
  ]);
  expect(opened).toHaveLength(new Set(opened).size);
  expect(opened.toSorted()).toEqual([...new Set([...one.blobs.keys(), ...two.blobs.keys()])].toSorted());
});

test("the same images give the same bytes", async () => {
  const images = [toArchive(one, "one:1"), toArchive(two, "two:1")];
  expect((await write(images)).bytes).toEqual((await write(images)).bytes);
});

test("a docker-archive also says it in manifest.json and repositories", async () => {
  const { bytes } = await write([toArchive(one, "one:1", "one:2"), toArchive(two)]);
  const members = await files(bytes);
  const path = (digest: Digest) => `blobs/sha256/${hexOf(digest)}`;
  expect(JSON.parse(members.get("manifest.json")!)).toEqual([
    {
      Config: path(one.id),
      RepoTags: ["one:1", "one:2"],
      Layers: one.layers.map(({ digest }) => path(digest)),
    },
    { Config: path(two.id), RepoTags: null, Layers: two.layers.map(({ digest }) => path(digest)) },
  ]);
  const top = hexOf(one.layers[2]!.digest);
  expect(JSON.parse(members.get("repositories")!)).toEqual({ one: { "1": top, "2": top } });
  expect([...(await files((await write([toArchive(one)], "oci-archive")).bytes)).keys()]).not.toContain(
    "manifest.json",
  );
});

test("a blob that cannot be read is the error", async () => {
  const open = async function* () {
    yield new Uint8Array(10);
    throw new BerthError("internal", "the disk is gone");
  };
  const drain = async () => {
    for await (const _ of writeImageArchive({ format: "oci-archive", images: [toArchive(one)], open }))
      void _;
  };
  expect((await failureOf(drain())).message).toBe("the disk is gone");
});

test("a blob that has another length than its descriptor says is an error", async () => {
  const open = async function* () {
    yield new Uint8Array(10);
  };
  const drain = async () => {
    for await (const _ of writeImageArchive({ format: "oci-archive", images: [toArchive(one)], open }))
      void _;
  };
  await expect(drain()).rejects.toThrow("ize mismatch");
});
