/** `container|image|system prune` and `system df`: nothing that is used goes, and what goes is counted. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { builtinImage, type ContainerLab, containerLab } from "../support/container-lab.ts";
import { startInTerminal } from "../support/terminal-session.ts";

let lab: ContainerLab;
beforeAll(async () => {
  lab = await containerLab();
});
afterAll(() => lab[Symbol.asyncDispose]());

const lines = async (...args: string[]) => (await lab.berth(args)).stdout.split("\n").filter(Boolean);
const idOf = async (name: string) => (await lines("inspect", "-f", "{{.Id}}", name))[0]!;
const run = (name: string, ...rest: string[]) =>
  lab.berth(["run", "--name", name, "--network", "none", ...rest]);
const nothing = { code: 0, stdout: "Total reclaimed space: 0B\n", stderr: "" };

/** Runs until it is killed; resolves when it is listed. */
async function running(name: string, image = builtinImage): Promise<AsyncDisposable> {
  const ended = run(name, image, "sleep", "1000");
  while (!(await lines("ps", "--format", "{{.Names}}")).includes(name));
  return {
    async [Symbol.asyncDispose]() {
      await lab.berth(["rm", "-f", name]);
      await ended;
    },
  };
}

test("container prune asks, and removes what does not run", async () => {
  await using _ = await running("up");
  await run("old", "--label", "keep=no", builtinImage, "sh", "-c", "head -c 1500 /dev/zero >/file");
  const id = await idOf("old");
  const question =
    "WARNING! This will remove all stopped containers.\nAre you sure you want to continue? [y/N] ";
  for (const answer of ["n\n", "yes\n", "", "\n"])
    expect(await lab.berth(["container", "prune"], { stdin: answer })).toEqual({
      code: 0,
      stdout: question,
      stderr: "",
    });
  expect(await lab.berth(["container", "prune", "-f", "--filter", "label=keep"])).toMatchObject({
    stdout: `Deleted Containers:\n${id}\n\nTotal reclaimed space: 1.5kB\n`,
  });
  expect(await lines("ps", "-a", "--format", "{{.Names}}")).toEqual(["up"]);
  expect(await lab.berth(["container", "prune", "-f"])).toEqual(nothing);
});

test("container prune heeds until and labels", async () => {
  await run("young", "--label", "stage=test", builtinImage, "true");
  expect(await lab.berth(["container", "prune", "-f", "--filter", "until=1h"])).toEqual(nothing);
  expect(await lab.berth(["container", "prune", "-f", "--filter", "label!=stage=test"])).toEqual(nothing);
  const pruned = await lab.berth(["container", "prune", "--filter", "until=0s"], { stdin: " y \n" });
  expect(pruned.stdout).toContain("[y/N] Deleted Containers:\n");
  expect(await lines("ps", "-aq")).toEqual([]);
});

test("filters that make no sense are refused before anything is asked", async () => {
  expect(await lab.berth(["container", "prune", "--filter", "color=red"])).toEqual({
    code: 1,
    stdout: "",
    stderr: "berth: invalid filter 'color'\n",
  });
  expect(await lab.berth(["image", "prune", "--filter", "label"])).toMatchObject({ code: 125, stdout: "" });
});

test("image prune removes what has no tag, and with -a what no container uses", async () => {
  const layer = (text: string) => [{ name: "file", content: text.repeat(1000) }];
  await lab.image("moved", layer("a"));
  const [old] = await lines("images", "-q", "--no-trunc", "localhost/moved");
  await lab.image("moved", layer("b"), { Labels: { new: "yes" } });
  const [current] = await lines("images", "-q", "--no-trunc", "localhost/moved");
  await lab.image("used", layer("c"), { Labels: { used: "yes" } });
  await run("user", "localhost/used", "true");

  const pruned = await lab.berth(["image", "prune"], { stdin: "y\n" });
  expect(pruned.stdout).toStartWith(
    "WARNING! This will remove all dangling images.\nAre you sure you want to continue? [y/N] Deleted Images:\n",
  );
  expect(pruned.stdout).toContain(`deleted: ${old}\n`);
  expect(pruned.stdout).toMatch(/\n\nTotal reclaimed space: [1-9][\d.]*MB\n$/);
  expect(await lab.berth(["image", "prune", "-f"])).toEqual(nothing);

  const none = await lab.berth(["image", "prune", "-a", "-f", "--filter", "label=used"]);
  expect(none).toEqual(nothing);
  const all = await lab.berth(["image", "prune", "-a", "-f"]);
  expect(all.stdout).toContain(`untagged: localhost/moved:latest\n`);
  expect(all.stdout).toContain(`deleted: ${current}\n`);
  expect(await lines("images", "--format", "{{.Repository}}")).toEqual(["localhost/used"]);
  await lab.berth(["rm", "user"]);
});

test("system prune says all of it before, on a terminal too", async () => {
  await lab.image("idle", [{ name: "x", content: "x" }]);
  await run("gone", "localhost/idle", "true");
  const id = await idOf("gone");
  using session = startInTerminal(lab.root, ["system", "prune", "-a", "--filter", "label!=no"]);
  await session.shows(/\[y\/N\] /);
  expect(session.output().replaceAll("\r\n", "\n")).toBe(
    "WARNING! This will remove:\n" +
      "  - all stopped containers\n" +
      "  - all networks not used by at least one container\n" +
      "  - all images without at least one container associated to them\n" +
      "  - all build cache\n" +
      "\n" +
      "  Items to be pruned will be filtered with:\n" +
      "  - label!=no\n" +
      "\n" +
      "Are you sure you want to continue? [y/N] ",
  );
  session.type("y\r");
  expect(await session.exited).toBe(0);
  const output = session.output().replaceAll("\r\n", "\n");
  expect(output).toContain(`Deleted Containers:\n${id}\n\nDeleted Images:\n`);
  expect(await lines("images", "-q")).toEqual([]);
  expect(readdirSync(join(lab.root, "data/layers"))).toEqual([]);
  expect(readdirSync(join(lab.root, "data/blobs/sha256"))).toEqual([]);
});

test("a question that is interrupted ends without a word", async () => {
  using session = startInTerminal(lab.root, ["system", "prune"]);
  await session.shows(/\[y\/N\] /);
  session.type("\x03");
  expect(await session.exited).toBe(130);
  expect(session.output()).not.toContain("Total");
});

test("two prunes at once do not hurt each other", async () => {
  for (const name of ["one", "two", "three"]) await run(name, builtinImage, "true");
  const ended = await Promise.all([1, 2].map(() => lab.berth(["container", "prune", "-f"])));
  for (const { code, stderr } of ended)
    expect([
      { code: 0, stderr: "" },
      { code: 1, stderr: "berth: a prune operation is already running\n" },
    ]).toContainEqual({ code, stderr });
  expect(await lines("ps", "-aq")).toEqual([]);
});

test("a container that is just being made is not pruned", async () => {
  await using _ = await running("held");
  expect(await lab.berth(["container", "prune", "-f"])).toEqual(nothing);
  expect(existsSync(join(lab.root, "data/containers", await idOf("held")))).toBe(true);
});

test("system df tells what there is, and what pruning would free", async () => {
  await lab.berth(["system", "prune", "-af"]);
  await lab.image("shared", [{ name: "x", content: "x".repeat(3000) }]);
  await run("stopped", "localhost/shared", "sh", "-c", "echo 12345 >/six");
  await run("voluminous", "-v", "store:/store", "localhost/shared", "sh", "-c", "echo 1234567 >/store/eight");
  const [header, ...rows] = await lines("system", "df");
  expect(header).toBe("TYPE            TOTAL     ACTIVE    SIZE      RECLAIMABLE");
  expect(rows[0]).toMatch(/^Images {10}1 {9}1 {9}\d[\d.]*MB +0B \(0%\)$/);
  expect(rows.slice(1)).toEqual([
    "Containers      2         0         6B        6B (100%)",
    "Local Volumes   1         1         8B        0B (0%)",
    "Build Cache     0         0         0B        0B",
  ]);
  expect(await lines("system", "df", "--format", "{{.Type}} {{.Reclaimable}}")).toContain(
    "Containers 6B (100%)",
  );
  expect(JSON.parse((await lines("system", "df", "--format", "json"))[1]!)).toEqual({
    Active: "0",
    Reclaimable: "6B (100%)",
    Size: "6B",
    TotalCount: "2",
    Type: "Containers",
  });
});

test("system df -v has a section for each kind", async () => {
  const { stdout } = await lab.berth(["system", "df", "-v"]);
  expect(stdout).toMatch(
    /^Images space usage:\n\nREPOSITORY +TAG +IMAGE ID +CREATED +SIZE +SHARED SIZE +UNIQUE SIZE +CONTAINERS\nlocalhost\/shared +latest +[0-9a-f]{12} +\S.* +\d[\d.]*MB +0B +\d[\d.]*MB +2\n/,
  );
  expect(stdout).toMatch(
    /\n\nContainers space usage:\n\nCONTAINER ID +IMAGE +COMMAND +LOCAL VOLUMES +SIZE +CREATED +STATUS +NAMES\n[0-9a-f]{12} +localhost\/shared .* 1 +0B .* voluminous\n/,
  );
  expect(stdout).toMatch(/\n\nLocal Volumes space usage:\n\nVOLUME NAME +LINKS +SIZE\nstore +1 +8B\n/);
  expect(stdout).toEndWith(
    "\nBuild cache usage: 0B\n\nCACHE ID   CACHE TYPE   SIZE      CREATED   LAST USED   USAGE     SHARED\n",
  );
  const { stdout: json } = await lab.berth(["system", "df", "-v", "--format", "json"]);
  expect(JSON.parse(json)).toMatchObject({
    Images: [{ Repository: "localhost/shared", Containers: "2", SharedSize: "0B" }],
    Volumes: [{ Name: "store", Links: "1", Size: "8B" }],
    BuildCache: [],
  });
});
