/** E4 of the security cases: `berth load`, whole, of archives that lie. What they name is looked for in them alone. */
import { afterAll, expect, test } from "bun:test";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { berth } from "../support/berth-executable.ts";
import { dockerArchiveMembers, ociLayoutMembers, type TarMember, tarOf } from "../support/image-archives.ts";
import { memoryImage } from "../support/memory-image.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { storeRoots } from "../support/store-roots.ts";

const directory = temporaryDirectory();
const { roots, newRoot } = storeRoots(directory);
afterAll(async () => {
  for (const root of roots) await berth(root, ["system", "prune", "-af"]);
  directory[Symbol.dispose]();
});

const layer = () => tarOf([{ name: "file", content: "content" }]).then((tar) => Buffer.from(tar).toString());

/** A file of the person that no archive may read. */
const secret = join(directory.path, "secret");
writeFileSync(secret, "canary");

async function loadMembers(root: string, members: readonly TarMember[]) {
  const path = join(root, "archive.tar");
  writeFileSync(path, await tarOf(members));
  return berth(root, ["load", "-i", path]);
}

const replaced = (members: readonly TarMember[], name: string, by: Partial<TarMember>) =>
  members.map((member) => (member.name === name ? { name, ...by } : member));

type Archive = ReturnType<typeof dockerArchiveMembers>;
const otherLayer = await tarOf([{ name: "other", content: "content" }]);

const hostile: [string, (archive: Archive) => readonly TarMember[], string][] = [
  [
    "a layer that is a link to a file of the host",
    ({ members }) => replaced(members, "layer0/layer.tar", { symlink: secret }),
    "links to",
  ],
  [
    "a layer that is a link that climbs to a file of the host",
    ({ members }) =>
      replaced(members, "layer0/layer.tar", { symlink: `${"../".repeat(20)}${secret.slice(1)}` }),
    "leads out of the archive",
  ],
  [
    "a hard link to a file of the host",
    ({ members }) => replaced(members, "layer0/layer.tar", { link: secret }),
    "is not in the archive",
  ],
  [
    "a member that leads out",
    ({ members }) => [...members, { name: "../../evil" }],
    "leads out of the archive",
  ],
  [
    "a layer that is not the one that the configuration names",
    ({ members }) => replaced(members, "layer0/layer.tar", { content: otherLayer }),
    "the image promises",
  ],
  [
    "a configuration that is no configuration",
    ({ members }) =>
      members.map((member) =>
        /json$/.test(member.name) && member.name !== "manifest.json"
          ? { name: member.name, content: "[]" }
          : member,
      ),
    "config",
  ],
  [
    "more layers than the configuration has",
    ({ members }) =>
      replaced(members, "manifest.json", {
        content: String(members.find(({ name }) => name === "manifest.json")?.content).replace(
          '"layer0/layer.tar"',
          '"layer0/layer.tar","layer0/layer.tar"',
        ),
      }),
    "layers",
  ],
];

test.each(hostile)("E4: %s is refused and leaves nothing", async (_, change, message) => {
  const root = newRoot();
  const { code, stdout, stderr } = await loadMembers(root, change(dockerArchiveMembers([await layer()])));
  expect({ code, stdout, stderr }).toEqual({ code: 1, stdout: "", stderr: expect.stringContaining(message) });
  expect(stderr).not.toContain("canary");
  expect((await berth(root, ["images", "-aq"])).stdout).toBe("");
  expect(readdirSync(join(root, "data/tmp"))).toEqual([]);
  expect(readdirSync(join(root, "data/layers"))).toEqual([]);
  for (const place of [root, directory.path, join(root, "data")])
    expect(existsSync(join(place, "evil"))).toBe(false);
});

test("E4: digests of a layout that are paths are refused", async () => {
  const image = memoryImage({ layers: [await layer()] });
  for (const digest of ["sha256:../../../secret", "../../secret:00", `sha256:${"A".repeat(64)}`]) {
    const root = newRoot();
    const members = replaced(ociLayoutMembers([image]), "index.json", {
      content: JSON.stringify({ schemaVersion: 2, manifests: [{ ...image.root, digest }] }),
    });
    const { code, stderr } = await loadMembers(root, members);
    expect({ digest, code, stderr }).toEqual({ digest, code: 1, stderr: expect.stringContaining("digest") });
  }
});

test("E4: a name that another image had is said, and so is the image that lost it", async () => {
  const root = newRoot();
  const first = dockerArchiveMembers([await layer()]);
  expect(await loadMembers(root, first.members)).toMatchObject({
    code: 0,
    stdout: "Loaded image: example:1\n",
  });
  const second = dockerArchiveMembers([await layer(), await layer()]);
  expect(await loadMembers(root, second.members)).toMatchObject({
    code: 0,
    stdout:
      `The image example:1 already exists, renaming the old one with ID ${first.image.id} to empty string\n` +
      "Loaded image: example:1\n",
  });
  expect(await loadMembers(root, second.members)).toMatchObject({ stdout: "Loaded image: example:1\n" });
});
