/** `berth pull`, whole, from a registry that misbehaves: security cases B1, B4, B7, B10, and interruptions. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { sha256Of } from "../../src/oci/digest.ts";
import { formatReference } from "../../src/oci/reference.ts";
import { berth as runBerth, berthExecutable } from "../support/berth-executable.ts";
import { type Fault, type FaultyRegistry, startFaultyRegistry } from "../support/faulty-registry.ts";
import { tarOf } from "../support/image-archives.ts";
import { Screen } from "../support/screen.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { startInTerminal } from "../support/terminal-session.ts";
import { storeRoots } from "../support/store-roots.ts";

const directory = temporaryDirectory();
const layerSize = 3_000_000;
let layers: Uint8Array[];

const { roots, newRoot } = storeRoots(directory);

const pull = (root: string, ...args: string[]) => runBerth(root, ["pull", ...args]);
const blobRequests = (registry: FaultyRegistry, digest: string) =>
  registry.requests.filter(({ path }) => path.endsWith(`/blobs/${digest}`));

async function expectNothingKept(root: string): Promise<void> {
  const { stdout } = await runBerth(root, ["images", "-aq"]);
  expect(stdout).toBe("");
  const layersDirectory = join(root, "data/layers");
  expect(existsSync(layersDirectory) ? readdirSync(layersDirectory) : []).toEqual([]);
  const blobs = join(root, "data/blobs/sha256");
  for (const hex of existsSync(blobs) ? readdirSync(blobs).filter((file) => /^[0-9a-f]{64}$/.test(file)) : [])
    expect(sha256Of(readFileSync(join(blobs, hex)))).toBe(`sha256:${hex}`);
}

beforeAll(async () => {
  layers = await Promise.all(
    [layerSize, 1000].map((size, index) =>
      tarOf([{ name: `file${index}`, content: randomBytes(size) }]).then((bytes) => new Uint8Array(bytes)),
    ),
  );
});

afterAll(async () => {
  for (const root of roots) {
    const { stdout } = await runBerth(root, ["images", "-aq", "--no-trunc"]);
    for (const id of new Set(stdout.split("\n").filter(Boolean))) await runBerth(root, ["rmi", "-f", id]);
  }
  directory[Symbol.dispose]();
});

const lies: [string, string, Fault][] = [
  ["a blob with one wrong byte", "/blobs/", { kind: "corrupt" }],
  ["a blob that is too short", "/blobs/", { kind: "truncate", bytes: 100 }],
  ["a blob that is too long", "/blobs/", { kind: "append", bytes: 100 }],
  ["an endless blob", "/blobs/", { kind: "endless" }],
  ["a manifest that is not what its header says", "/manifests/", { kind: "corrupt" }],
  ["an endless manifest", "/manifests/", { kind: "endless" }],
];
for (const [name, where, fault] of lies) {
  test(`${name} is refused, nothing of it is kept, and a later pull succeeds`, async () => {
    await using registry = startFaultyRegistry();
    const image = formatReference(registry.addImage({ layers }).reference);
    const root = newRoot();
    const heal = registry.inject(where, fault);
    const failed = await pull(root, image);
    expect(failed.code).toBe(1);
    expect(failed.stderr).toStartWith("berth: ");
    await expectNothingKept(root);
    heal();
    expect(await pull(root, image)).toMatchObject({ code: 0, stderr: "" });
  });
}

test("B4: diff ids that are wrong, too few or too many are refused", async () => {
  await using registry = startFaultyRegistry();
  const right = layers.map((layer) => sha256Of(layer));
  const wrong = sha256Of("something else");
  for (const [tag, ids] of [
    ["wrong", [right[0], wrong]],
    ["swapped", right.toReversed()],
    ["few", right.slice(1)],
    ["many", [...right, wrong]],
  ] as const) {
    const root = newRoot();
    const config = { rootfs: { type: "layers", diff_ids: ids }, history: [] };
    const { reference } = registry.addImage({ layers, tag, config });
    const { code, stderr } = await pull(root, formatReference(reference));
    expect({ tag, code, stderr }).toEqual({ tag, code: 1, stderr: expect.stringContaining("berth: ") });
    const { stdout } = await runBerth(root, ["images", "-aq"]);
    expect(stdout).toBe("");
  }
});

test("B10: an index without the platform is refused in Docker's words", async () => {
  await using registry = startFaultyRegistry();
  const index = [{ os: "linux", architecture: "s390x" }];
  const image = formatReference(registry.addImage({ layers, index }).reference);
  const { code, stderr } = await pull(newRoot(), "--platform", "linux/arm64", image);
  expect(code).toBe(1);
  expect(stderr).toContain("no matching manifest for linux/arm64");
});

test("B7: a registry that never accepts its own tokens is an error, not a loop", async () => {
  await using registry = startFaultyRegistry({ auth: { kind: "bearer", neverAccept: true } });
  const image = formatReference(registry.addImage({ layers }).reference);
  const { code, stderr } = await pull(newRoot(), image);
  expect(code).toBe(1);
  expect(stderr).toContain("pull access denied for");
  expect(stderr).not.toContain("token-");
  expect(registry.requests.length).toBeLessThan(10);
});

test("a connection that breaks is told and continued", async () => {
  await using registry = startFaultyRegistry();
  const added = registry.addImage({ layers });
  const { digest } = added.layers[0]!;
  registry.inject(digest, { kind: "short", afterBytes: layerSize / 2 }, { times: 1 });
  const { code, stdout } = await pull(newRoot(), formatReference(added.reference));
  expect(code).toBe(0);
  expect(stdout).toContain(`${digest.slice(7, 19)}: Retrying in 1 second\n`);
  expect(blobRequests(registry, digest)).toHaveLength(2);
});

/** Starts a pull whose first blob stops in the middle; resolves when part of it is on disk. */
async function pullHalf(root: string, registry: FaultyRegistry) {
  const added = registry.addImage({ layers });
  const { digest } = added.layers[0]!;
  registry.inject(digest, { kind: "stall", afterBytes: layerSize / 2 }, { times: 1 });
  const image = formatReference(added.reference);
  const child = Bun.spawn([berthExecutable, "pull", image], {
    cwd: "/",
    env: { PATH: process.env.PATH ?? "", HOME: root, BERTH_ROOT: join(root, "data") },
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
  });
  const partial = () => {
    const data = join(root, "data");
    const found = readdirSync(data, { recursive: true, encoding: "utf8" }).find((path) =>
      path.endsWith(`${digest.slice(7)}.partial`),
    );
    return found === undefined ? 0 : statSync(join(data, found)).size;
  };
  while (!existsSync(join(root, "data")) || partial() === 0) await Bun.sleep(2);
  return { child, image, digest };
}

test("a pull that is killed is continued by the next one where it stopped", async () => {
  await using registry = startFaultyRegistry();
  const root = newRoot();
  const { child, image, digest } = await pullHalf(root, registry);
  child.kill("SIGKILL");
  await child.exited;
  expect(await pull(root, image)).toMatchObject({ code: 0, stderr: "" });
  const [, second] = blobRequests(registry, digest);
  expect(second!.headers.range).toMatch(/^bytes=[1-9]\d*-$/);
});

test("a pull that is interrupted ends at once, without a word, with status 130", async () => {
  await using registry = startFaultyRegistry();
  const root = newRoot();
  const { child, image } = await pullHalf(root, registry);
  child.kill("SIGINT");
  expect(await child.exited).toBe(130);
  expect(await child.stderr.text()).toBe("");
  await expectNothingKept(root);
  expect(await pull(root, image)).toMatchObject({ code: 0, stderr: "" });
});

test("on a terminal each layer has one line, and an interruption leaves the cursor below them", async () => {
  await using registry = startFaultyRegistry();
  const added = registry.addImage({ layers });
  const image = formatReference(added.reference);
  const ids = added.layers.map(({ digest }) => digest.slice(7, 19));
  registry.inject(added.layers[0]!.digest, { kind: "stall", afterBytes: layerSize / 2 }, { times: 1 });
  const root = newRoot();
  const linesOf = (output: string) => {
    const screen = new Screen(120);
    screen.write(output);
    return screen;
  };
  {
    using session = startInTerminal(root, ["pull", image], { columns: 120, rows: 24 });
    await session.shows(new RegExp(`${ids[1]}: Pull complete`));
    await session.shows(new RegExp(`${ids[0]}: Downloading`));
    session.type("\u0003");
    expect(await session.exited).toBe(130);
    const { lines } = linesOf(session.output());
    expect(lines[0]).toBe("latest: Pulling from library/app");
    expect(lines[1]).toMatch(new RegExp(`^${ids[0]}: Downloading \\[=*> *\\] +\\S+/\\S+`));
    expect(lines[2]).toBe(`${ids[1]}: Pull complete`);
    expect(lines[3] ?? "").toMatch(/^(\^C)?$/);
  }
  using session = startInTerminal(root, ["pull", image], { columns: 120, rows: 24 });
  expect(await session.exited).toBe(0);
  const { lines } = linesOf(session.output());
  expect(lines).toEqual([
    "latest: Pulling from library/app",
    `${ids[0]}: Pull complete`,
    `${ids[1]}: ${lines[2]?.endsWith("exists") ? "Already exists" : "Pull complete"}`,
    expect.stringMatching(/^Digest: sha256:[0-9a-f]{64}$/),
    `Status: Downloaded newer image for ${image}`,
    image,
  ]);
});
