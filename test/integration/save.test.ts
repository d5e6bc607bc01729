/** save with the executable; skopeo, podman and berth itself read what it wrote. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BerthOptions, berth as runBerth, berthExecutable } from "../support/berth-executable.ts";
import { ociLayoutMembers, tarOf } from "../support/image-archives.ts";
import { type MemoryImage, memoryImage } from "../support/memory-image.ts";
import { patternedBytes } from "../support/registry-client.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { startInTerminal } from "../support/terminal-session.ts";
import { storeRoots } from "../support/store-roots.ts";

const missing = Bun.which("skopeo") === null;
const directory = temporaryDirectory();
const { roots, newRoot } = storeRoots(directory);
let root: string;
let one: MemoryImage;
let two: MemoryImage;

async function succeedIn(where: string, args: string[], options: BerthOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await runBerth(where, args, options);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining("berth: ") });
  return stdout;
}
const succeed = (...args: string[]) => succeedIn(root, args);
const path = (name: string) => join(directory.path, name);

async function run(...argv: string[]): Promise<string> {
  const child = Bun.spawn(argv, { cwd: directory.path, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
}
const skopeo = (...args: string[]) => run("skopeo", "--insecure-policy", ...args);

beforeAll(async () => {
  root = newRoot();
  const layers = await Promise.all(
    [1, 2].map((seed) => tarOf([{ name: `file${seed}`, content: patternedBytes(300_000 * seed, seed) }])),
  );
  one = memoryImage({ layers });
  two = memoryImage({ layers: layers.slice(0, 1), compression: "zstd", config: { author: "two" } });
  const names = ["example.org/one:1", "example.org/two:1"].map((name) => ({
    "io.containerd.image.name": name,
  }));
  writeFileSync(path("source.tar"), await tarOf(ociLayoutMembers([one, two], names)));
  await succeed("load", "-i", path("source.tar"));
  await succeed("tag", "example.org/one:1", "one:latest");
});
afterAll(async () => {
  for (const each of roots) {
    const listed = await runBerth(each, ["images", "-q", "--no-trunc"]);
    for (const id of new Set(listed.stdout.split("\n").filter(Boolean)))
      await runBerth(each, ["rmi", "-f", id]);
  }
  directory[Symbol.dispose]();
});

test.each(["docker-archive", "oci-archive"])(
  "%s is loaded into an empty store with equal ids",
  async (format) => {
    const file = path(`${format}.tar`);
    await succeed("save", "--format", format, "-o", file, "one", "example.org/one", "example.org/two:1");
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const other = newRoot();
    const loaded = await succeedIn(other, ["load", "-i", file]);
    expect(loaded.split("\n").toSorted()).toEqual([
      "",
      "Loaded image: example.org/one:1",
      "Loaded image: example.org/two:1",
      "Loaded image: one:latest",
    ]);
    for (const name of ["one", "example.org/one:1", "example.org/two:1"]) {
      const inspect = ["inspect", "--format", "{{.Id}} {{.Descriptor.digest}} {{.RootFS.Layers}}", name];
      expect(await succeedIn(other, inspect)).toBe(await succeed(...inspect));
    }
    const stream = path("again.tar");
    await succeedIn(other, [
      "save",
      "--format",
      format,
      "-o",
      stream,
      "one",
      "example.org/one",
      "example.org/two:1",
    ]);
    expect(readFileSync(stream).equals(readFileSync(file))).toBe(true);
  },
);

test("stdout and -o give the same bytes", async () => {
  await succeed("save", "-o", path("file.tar"), "one");
  const child = Bun.spawn([berthExecutable, "save", "one"], {
    env: { PATH: process.env.PATH ?? "", HOME: root, BERTH_ROOT: join(root, "data") },
    stdin: "ignore",
  });
  const bytes = await child.stdout.bytes();
  expect(await child.exited).toBe(0);
  expect(Buffer.from(bytes).equals(readFileSync(path("file.tar")))).toBe(true);
});

test("a layer that several images have is in the archive once", async () => {
  await succeed("save", "-o", path("twice.tar"), "one", "example.org/one:1");
  const members = (await run("tar", "-tf", path("twice.tar"))).trim().split("\n");
  expect(members).toEqual([
    "blobs/",
    "blobs/sha256/",
    ...[...one.blobs.keys()].map((digest) => `blobs/sha256/${digest.slice(7)}`).toSorted(),
    "index.json",
    "manifest.json",
    "oci-layout",
    "repositories",
  ]);
});

describe.skipIf(missing)("skopeo", () => {
  test("copies from the OCI archive with every digest", async () => {
    await succeed("save", "--format", "oci-archive", "-o", path("oci.tar"), "example.org/one:1");
    await skopeo("copy", `oci-archive:${path("oci.tar")}:1`, `dir:${path("oci-dir")}`);
    const manifest = readFileSync(path("oci-dir/manifest.json"));
    expect(manifest.equals(Buffer.from(one.blobs.get(one.root.digest)!))).toBe(true);
  });

  test("copies from the docker-archive, either as such or as a layout", async () => {
    await succeed("save", "-o", path("docker.tar"), "one", "example.org/two:1");
    for (const [name, image] of [
      ["one:latest", one],
      ["example.org/two:1", two],
    ] as const) {
      const config = await skopeo(
        "inspect",
        "--config",
        "--raw",
        `docker-archive:${path("docker.tar")}:${name}`,
      );
      expect(config).toBe(Buffer.from(image.blobs.get(image.id)!).toString());
      const to = path(`from-docker-${image.id.slice(7, 13)}`);
      await skopeo("copy", `docker-archive:${path("docker.tar")}:${name}`, `oci:${to}:1`);
    }
    await skopeo("copy", `oci-archive:${path("docker.tar")}:latest`, `dir:${path("docker-dir")}`);
    const manifest = readFileSync(path("docker-dir/manifest.json"));
    expect(manifest.equals(Buffer.from(one.blobs.get(one.root.digest)!))).toBe(true);
  });
});

test.skipIf(Bun.which("podman") === null || process.getuid!() !== 0)(
  "podman loads it with its names and ids (as root only, where it needs no namespace)",
  async () => {
    await succeed("save", "-o", path("podman.tar"), "one", "example.org/one:1", "example.org/two:1");
    const podman = [
      "podman",
      "--root",
      path("podman"),
      "--runroot",
      path("podman-run"),
      "--storage-driver",
      "vfs",
    ];
    await run(...podman, "load", "-i", path("podman.tar"));
    const listed = await run(
      ...podman,
      "images",
      "--no-trunc",
      "--format",
      "{{.ID}} {{.Repository}}:{{.Tag}}",
    );
    expect(listed.trim().split("\n").toSorted()).toEqual(
      [
        `${one.id} localhost/one:latest`, // podman's own rule for names without a registry
        `${one.id} example.org/one:1`,
        `${two.id} example.org/two:1`,
      ].toSorted(),
    );
  },
);

test("refuses a terminal, and what is not there leaves no file and the old one as it was", async () => {
  using session = startInTerminal(root, ["save", "one"]);
  await session.shows(/cowardly refusing to save to a terminal\. Use the -o flag or redirect/);
  expect(await session.exited).toBe(1);
  writeFileSync(path("kept.tar"), "old");
  const cases: [string[], string][] = [
    [["-o", path("kept.tar"), "one", "nope"], "No such image: nope:latest"],
    [["-o", path("absent.tar"), "nope"], "No such image: nope:latest"],
    [["-o", path("no/such/x.tar"), "one"], "does not exist"],
    [["-o", directory.path, "one"], "is a directory"],
  ];
  for (const [args, message] of cases) {
    const { code, stdout, stderr } = await runBerth(root, ["save", ...args]);
    expect({ args, code, stdout, stderr }).toEqual({
      args,
      code: 1,
      stdout: "",
      stderr: expect.stringContaining(message),
    });
  }
  expect(readFileSync(path("kept.tar"), "utf8")).toBe("old");
  expect(existsSync(path("absent.tar"))).toBe(false);
  expect(readdirSync(directory.path).filter((name) => name.startsWith("."))).toEqual([]);
  const wrong = await runBerth(root, ["save", "--format", "zip", "one"]);
  expect({ code: wrong.code, stderr: wrong.stderr }).toEqual({
    code: 125,
    stderr: expect.stringContaining("must be one of docker-archive, oci-archive"),
  });
});
