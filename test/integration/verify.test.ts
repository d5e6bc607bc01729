/** verify, also called fsck: stores that lost or changed something, repaired from Debian's docker-registry. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { berth as runBerth } from "../support/berth-executable.ts";
import { type DockerRegistry, dockerRegistryPath, startDockerRegistry } from "../support/docker-registry.ts";
import { storeRoots } from "../support/store-roots.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const missing = [dockerRegistryPath, Bun.which("skopeo")].includes(null);
const builtin = join(import.meta.dir, "../../dist/assets/builtin-image.tar");
const directory = temporaryDirectory();
const { roots, newRoot } = storeRoots(directory);
let registry: DockerRegistry;
let root: string;
let name: string;

const berth = (...args: string[]) => runBerth(root, args);
const inStore = (...parts: string[]) => join(root, "data", ...parts);
const blobs = () => inStore("blobs/sha256");
const manifest = () => {
  const documents = readdirSync(blobs()).map((hex) => ({ hex, bytes: readFileSync(join(blobs(), hex)) }));
  const found = documents.find(({ bytes }) => bytes.length < 10_000 && bytes.includes('"layers"'))!;
  return { hex: found.hex, document: JSON.parse(found.bytes.toString()) };
};

/** Changes one byte and nothing that a look at the file's status shows. */
function damage(path: string): void {
  const { atime, mtime } = statSync(path);
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(path, bytes);
  utimesSync(path, atime, mtime);
}

async function expectRepaired(): Promise<void> {
  const repaired = await berth("verify", "--repair");
  expect({ code: repaired.code, stderr: repaired.stderr }).toEqual({ code: 0, stderr: "" });
  expect(repaired.stdout).toContain(`${name} is repaired\n`);
  expect(repaired.stdout).toContain(", 0 left\n");
  expect(await berth("verify")).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(": nothing is wrong\n"),
  });
  const ran = await berth("run", "--rm", "--network", "none", name, "echo", "hello");
  expect({ code: ran.code, stdout: ran.stdout }).toEqual({ code: 0, stdout: "hello\n" });
}

describe.skipIf(missing)("verify", () => {
  beforeAll(async () => {
    const storage = join(directory.path, "registry");
    mkdirSync(storage);
    registry = await startDockerRegistry({ directory: storage });
    name = `${registry.host}/app:1`;
    const copied = Bun.spawnSync([
      ...["skopeo", "--insecure-policy", "copy", "--dest-tls-verify=false"],
      ...[`oci-archive:${builtin}`, `docker://${name}`],
    ]);
    if (!copied.success) throw new Error(copied.stderr.toString());
  });
  beforeEach(async () => {
    root = newRoot();
    expect((await berth("pull", "-q", name)).code).toBe(0);
  });
  afterAll(async () => {
    for (root of roots) await berth("system", "prune", "-af");
    await registry?.[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });

  test("says that a whole store is whole", async () => {
    const { code, stdout, stderr } = await berth("fsck");
    expect({ code, stdout, stderr }).toEqual({
      code: 0,
      stdout: "1 image, 1 layer, 3 blobs: nothing is wrong\n",
      stderr: "",
    });
  });

  test("finds a damaged blob and fetches it again", async () => {
    const { digest } = manifest().document.layers[0];
    damage(join(blobs(), digest.slice("sha256:".length)));
    const { code, stdout } = await berth("verify");
    expect(code).toBe(1);
    expect(stdout).toStartWith(`blob ${digest} is damaged (${name})\n`);
    expect(stdout).toEndWith(": 1 problem, 1 left\n");
    await expectRepaired();
  });

  test("finds missing documents and layers", async () => {
    const { hex, document } = manifest();
    rmSync(join(blobs(), hex));
    rmSync(join(blobs(), document.config.digest.slice("sha256:".length)));
    const [layer] = readdirSync(inStore("layers"));
    rmSync(inStore("layers", layer!), { recursive: true });
    const { code, stdout } = await berth("verify", "--quick");
    expect(code).toBe(1);
    for (const line of [
      `blob sha256:${hex} is missing (${name})`,
      `blob ${document.config.digest} is missing (${name})`,
      `layer sha256:${layer} is missing (${name})`,
    ])
      expect(stdout.split("\n")).toContain(line);
    await expectRepaired();
  });

  test("finds a layer with another byte than its blob, and unpacks it again without a registry", async () => {
    const [layer] = readdirSync(inStore("layers"));
    damage(inStore("layers", layer!, "bin/busybox"));
    const { code, stdout } = await berth("verify");
    expect({ code, stdout }).toEqual({
      code: 1,
      stdout: `layer sha256:${layer} is not what its blob holds (${name})\n1 image, 1 layer, 3 blobs: 1 problem, 1 left\n`,
    });
    expect((await berth("verify", "--quick")).code).toBe(0);
    await expectRepaired();
  });

  test("says what it cannot repair", async () => {
    expect((await berth("tag", name, "localhost:1/nobody:1")).code).toBe(0);
    expect((await berth("rmi", name)).code).toBe(0);
    damage(join(blobs(), manifest().document.layers[0].digest.slice("sha256:".length)));
    const { code, stdout } = await berth("verify", "--repair");
    expect(code).toBe(1);
    expect(stdout).toContain("localhost:1/nobody:1 is not repaired: no registry gives what is missing");
    expect(stdout).toEndWith(": 1 problem, 1 left\n");
  });
});
