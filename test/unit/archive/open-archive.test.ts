import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { decompressArchive } from "../../../src/archive/decompress-archive.ts";
import { openOciLayout } from "../../../src/archive/oci-layout.ts";
import { openArchive } from "../../../src/archive/open-archive.ts";
import { BerthError } from "../../../src/base/errors.ts";
import type { Descriptor } from "../../../src/oci/types.ts";
import {
  dockerArchiveMembers,
  ociLayoutMembers,
  streamed,
  type TarMember,
  tarOf,
} from "../../support/image-archives.ts";
import { memoryImage } from "../../support/memory-image.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const anywhere = { domain: "docker.io", path: "library/x" };

const programs = (program: string) => [program, "-dc"];

async function open(directory: { path: string }, bytes: Uint8Array) {
  const archive = await openArchive(streamed(bytes), join(directory.path, "spool"), programs);
  if (archive === undefined) throw new Error("the archive is empty");
  return archive;
}

async function contentOf(archive: Awaited<ReturnType<typeof open>>, descriptor: Descriptor): Promise<string> {
  const { body } = await archive.fetchBlob(anywhere, descriptor);
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

test("an OCI archive gives its images, names and blobs, in every compression", async () => {
  const image = memoryImage({ layers: ["layer"], compression: "none" });
  const tar = await tarOf(
    ociLayoutMembers([image], [{ "io.containerd.image.name": "docker.io/library/example:1" }]),
  );
  for (const bytes of [tar, Bun.gzipSync(tar), Bun.zstdCompressSync(tar)]) {
    using directory = temporaryDirectory();
    const archive = await open(directory, bytes);
    expect(archive.images).toEqual([
      {
        names: ["docker.io/library/example:1"],
        references: ["docker.io/library/example:1"],
        roots: [expect.objectContaining({ digest: image.root.digest })],
      },
    ]);
    const { bytes: manifest } = await archive.fetchManifest(anywhere, image.root);
    expect(manifest).toEqual(new Uint8Array(image.blobs.get(image.root.digest)!));
    expect(await contentOf(archive, image.layers[0]!)).toBe("layer");
    expect(readFileSync(archive.takeBlob!(image.layers[0]!)!, "utf8")).toBe("layer");
  }
});

test("a layout directory is read in place and never given away", async () => {
  using directory = temporaryDirectory();
  const image = memoryImage({ layers: ["layer"], compression: "none" });
  mkdirSync(join(directory.path, "blobs/sha256"), { recursive: true });
  for (const { name, content } of ociLayoutMembers([image]))
    writeFileSync(join(directory.path, name), content!);
  const archive = openOciLayout(directory.path);
  expect(archive.images).toHaveLength(1);
  expect(archive.takeBlob?.(image.layers[0]!)).toBeUndefined();
  expect(await contentOf(archive, image.layers[0]!)).toBe("layer");
  const other = { ...image.layers[0]!, digest: `sha256:${"0".repeat(64)}` as const };
  await expect(archive.fetchBlob(anywhere, other)).rejects.toThrow("the archive does not hold sha256:000");
});

test("a directory that is no layout is refused", () => {
  using directory = temporaryDirectory();
  expect(() => openOciLayout(directory.path)).toThrow("oci-layout or index.json is missing");
});

test("a blob of a layout directory that is a link is not followed", async () => {
  using directory = temporaryDirectory();
  const image = memoryImage({ layers: ["layer"], compression: "none" });
  mkdirSync(join(directory.path, "blobs/sha256"), { recursive: true });
  for (const { name, content } of ociLayoutMembers([image]))
    writeFileSync(join(directory.path, name), content!);
  const link = { ...image.layers[0]!, digest: `sha256:${"1".repeat(64)}` as const };
  symlinkSync("/etc/passwd", join(directory.path, "blobs/sha256", "1".repeat(64)));
  await expect(openOciLayout(directory.path).fetchBlob(anywhere, link)).rejects.toThrow("does not hold");
});

test("a docker-archive gives the image with its diff ids as layer digests, and always the same manifest", async () => {
  const { members, image } = dockerArchiveMembers(["one", "two"]);
  const digests: string[] = [];
  for (const order of [members, members.toReversed()]) {
    using directory = temporaryDirectory();
    const archive = await open(directory, await tarOf(order));
    const [found] = archive.images;
    expect(found?.names).toEqual(["docker.io/library/example:1"]);
    digests.push(found!.roots[0]!.digest);
    const { bytes } = await archive.fetchManifest(anywhere, found!.roots[0]!);
    const manifest = JSON.parse(new TextDecoder().decode(bytes));
    expect(manifest.config.digest).toBe(image.id);
    expect(manifest.layers).toEqual(image.layers as unknown[]);
    expect(await contentOf(archive, image.layers[1]!)).toBe("two");
  }
  expect(new Set(digests).size).toBe(1);
});

test("layers that are links within the archive are resolved there", async () => {
  const { members, image } = dockerArchiveMembers(["one", "one", "one"]);
  const linked = members.map((member): TarMember => {
    if (member.name === "layer1/layer.tar") return { name: member.name, symlink: "../layer0/layer.tar" };
    if (member.name === "layer2/layer.tar") return { name: member.name, link: "layer0/layer.tar" };
    return member;
  });
  using directory = temporaryDirectory();
  const archive = await open(directory, await tarOf(linked));
  expect(await contentOf(archive, image.layers[2]!)).toBe("one");
});

test("an archive that is both is read as a layout", async () => {
  const { members } = dockerArchiveMembers(["docker"]);
  const image = memoryImage({ layers: ["oci"] });
  using directory = temporaryDirectory();
  const archive = await open(directory, await tarOf([...ociLayoutMembers([image]), ...members]));
  expect(archive.images[0]?.roots[0]?.digest).toBe(image.root.digest);
});

test("the last of two members with one name counts, and the other leaves no file", async () => {
  const { members, image } = dockerArchiveMembers(["right"]);
  using directory = temporaryDirectory();
  const twice = [{ name: "./layer0//layer.tar", content: "wrong" }, ...members];
  const archive = await open(directory, await tarOf(twice));
  expect(await contentOf(archive, image.layers[0]!)).toBe("right");
  expect(readdirSync(join(directory.path, "spool"))).toHaveLength(members.length);
});

const hostile: [string, TarMember[], string][] = [
  ["a member that leads out", [{ name: "../evil", content: "x" }], "leads out of the archive"],
  [
    "a member that leads out in two steps",
    [{ name: "a/../../evil", content: "x" }],
    "leads out of the archive",
  ],
  ["a link that leads out", [{ name: "a/l", symlink: "../../evil" }], "leads out of the archive"],
  ["an absolute link", [{ name: "l", symlink: "/etc/passwd" }], 'links to "/etc/passwd"'],
  [
    "a link to itself",
    dockerArchiveMembers(["x"]).members.map((member) =>
      member.name === "layer0/layer.tar" ? { name: member.name, symlink: "layer.tar" } : member,
    ),
    "link without end",
  ],
  [
    "a layer that is not in the archive",
    dockerArchiveMembers(["x"], { Layers: ["/etc/passwd"] }).members,
    '"/etc/passwd" is named in manifest.json, but is not in the archive',
  ],
  ["a layer outside", dockerArchiveMembers(["x"], { Layers: ["../../etc/passwd"] }).members, "leads out"],
  [
    "a configuration outside",
    dockerArchiveMembers(["x"], { Config: "/etc/passwd" }).members,
    "is not in the archive",
  ],
  [
    "a name with control characters",
    dockerArchiveMembers(["x"], { RepoTags: ["evil\u001b]0;x:1"] }).members,
    String.raw`invalid tag "evil\u001b]0;x:1"`,
  ],
  [
    "a name without a tag",
    dockerArchiveMembers(["x"], { RepoTags: ["example"] }).members,
    'invalid tag "example"',
  ],
  [
    "a huge manifest.json",
    [{ name: "manifest.json", content: `[${" ".repeat(5 << 20)}]` }],
    "manifest.json of the archive has",
  ],
  ["a manifest.json that is no list", [{ name: "manifest.json", content: "{}" }], "is not a list"],
  ["neither form", [{ name: "hello", content: "x" }], "neither index.json nor manifest.json"],
  [
    "a layout of the future",
    [
      { name: "oci-layout", content: '{"imageLayoutVersion":"9"}' },
      { name: "index.json", content: '{"schemaVersion":2,"manifests":[]}' },
    ],
    "has version 9",
  ],
];

test.each(hostile)("%s is refused", async (_, members, message) => {
  using directory = temporaryDirectory();
  const canary = join(dirname(directory.path), "evil");
  await expect(open(directory, await tarOf(members))).rejects.toThrow(message);
  expect(existsSync(canary)).toBe(false);
});

test("what is no archive is refused, whether cut, damaged or something else", async () => {
  const tar = await tarOf(dockerArchiveMembers(["x".repeat(5000)]).members);
  const gzip = Bun.gzipSync(tar);
  const cases = [
    new TextEncoder().encode("this is a text, not an archive of images".repeat(40)),
    tar.subarray(0, 3000),
    gzip.subarray(0, gzip.length - 20),
    new Uint8Array([0x1f, 0x8b, ...new Uint8Array(600)]),
  ];
  for (const bytes of cases) {
    using directory = temporaryDirectory();
    await expect(open(directory, bytes)).rejects.toMatchObject({
      code: "invalid-image",
      message: expect.stringMatching(/^cannot (?:read the image|decompress the) archive(?! layer)/),
    });
  }
});

test("a compression that cannot be read is named with what to do", async () => {
  using directory = temporaryDirectory();
  const lz4 = new Uint8Array([0x04, 0x22, 0x4d, 0x18, ...new Uint8Array(600)]);
  await expect(open(directory, lz4)).rejects.toMatchObject({
    code: "unsupported",
    message: "the archive is compressed with lz4, which is not supported",
    hint: "decompress it first, with lz4 -d",
  });
});

describe("a program that decompresses", () => {
  const xz = new Uint8Array([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, ...new Uint8Array(3 << 20)]);
  const through = (program: string, source: AsyncIterable<Uint8Array>) =>
    decompressArchive(source, () => ["sh", "-c", program]);

  test("gets all of it, and everything that it writes is read", async () => {
    let length = 0;
    for await (const chunk of (await through("cat; echo end", streamed(xz, 100_000)))!)
      length += chunk.length;
    expect(length).toBe(xz.length + 4);
  });

  test.each(["exit 1", "cat; exit 1", "head -c 1000; exit 1"])(
    "and fails (%s) is an error",
    async (program) => {
      const read = async () => {
        for await (const _ of (await through(program, streamed(xz, 100_000)))!);
      };
      await expect(read()).rejects.toMatchObject({
        code: "invalid-image",
        message: "cannot decompress the archive (xz)",
      });
    },
  );

  test("ends with the source, when that fails", async () => {
    async function* failing() {
      yield xz;
      throw new BerthError("interrupted", "called off");
    }
    const read = async () => {
      for await (const _ of (await through("cat", failing()))!);
    };
    await expect(read()).rejects.toMatchObject({ code: "interrupted" });
  });

  test("ends with the reader", async () => {
    for await (const _ of (await through("cat; exec sleep 1000", streamed(xz, 100_000)))!) break;
  });
});

test("an empty stream is no archive", async () => {
  using directory = temporaryDirectory();
  expect(
    await openArchive(streamed(new Uint8Array()), join(directory.path, "spool"), programs),
  ).toBeUndefined();
  expect(readdirSync(directory.path)).toEqual([]);
});

test("one image that is listed for each of its names is one image, a bare tag is no name, attestations are none", async () => {
  const image = memoryImage({ layers: ["a"] });
  const other = memoryImage({ layers: ["b"] });
  using directory = temporaryDirectory();
  const archive = await open(
    directory,
    await tarOf(
      ociLayoutMembers(
        [image, image, other, other],
        [
          { "io.containerd.image.name": "docker.io/library/a:1" },
          { "org.opencontainers.image.ref.name": "example.org/a:2" },
          { "org.opencontainers.image.ref.name": "latest" },
          { "vnd.docker.reference.type": "attestation-manifest" },
        ],
      ),
    ),
  );
  expect(archive.images.map(({ names }) => names)).toEqual([
    ["docker.io/library/a:1", "example.org/a:2"],
    [],
  ]);
});
