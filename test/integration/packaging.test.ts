import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import manifest from "../../package.json";
import { compile } from "../../scripts/packaging/compile.ts";
import { decodeHelperBundle } from "../../src/sys/helper-bundle.ts";
import { berth, berthExecutable } from "../support/berth-executable.ts";

const checkout = join(import.meta.dir, "../..");
let home: string;
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "berth-packaging-"));
});
afterAll(async () => {
  // Layers hold files of subordinate ids, which only berth can remove.
  await berth(home, ["rmi", "--force", "builtin.berth/busybox:latest"]);
  rmSync(home, { recursive: true, force: true });
});

/** A PATH with nothing on it but the two programs that have to be setuid and so cannot be carried along. */
function barePath(): string {
  const directory = join(home, "bare-path");
  if (!existsSync(directory)) {
    mkdirSync(directory);
    for (const name of ["newuidmap", "newgidmap"]) {
      const path = Bun.which(name);
      if (path !== null) symlinkSync(path, join(directory, name));
    }
  }
  return directory;
}

/** The executable and nothing else in a new directory. */
function copyAlone(name: string): string {
  const directory = join(home, name);
  mkdirSync(directory);
  copyFileSync(berthExecutable, join(directory, "berth"));
  return join(directory, "berth");
}

test("the version is the one of package.json", async () => {
  const { code, stdout } = await berth(home, ["--version"]);
  expect(stdout).toStartWith(`berth version ${manifest.version}`);
  expect(code).toBe(0);
});

describe("the executable alone in a directory, with no helper program installed", () => {
  test.each([
    ["without network", ["--network", "none"], "lo"],
    ["with the default network", [], "tap0"],
  ])("runs a container of the built-in image %s", async (name, flags, device) => {
    const executable = copyAlone(`alone ${name}`);
    const ran = await berth(
      home,
      [
        "run",
        "--rm",
        ...flags,
        "builtin.berth/busybox:latest",
        "sh",
        "-c",
        "id -u; ls /sys/class/net; cat /etc/passwd",
      ],
      { executable, env: { PATH: barePath() } },
    );
    expect(ran.stderr).toBe("");
    const lines = ran.stdout.split("\n");
    expect(lines[0]).toBe("0");
    expect(lines).toContain(device);
    expect(lines).toContain("root:x:0:0:root:/root:/bin/sh");
    expect(ran.code).toBe(0);
  });

  test.each(["overlay", "fuse-overlayfs"])("runs a container on %s", async (driver) => {
    const ran = await berth(
      home,
      [
        "run",
        "--rm",
        "--network",
        "none",
        "builtin.berth/busybox:latest",
        "sh",
        "-c",
        "echo x >/new; cat /new",
      ],
      { env: { PATH: barePath(), BERTH_STORAGE_DRIVER: driver } },
    );
    expect(ran).toEqual({ code: 0, stdout: "x\n", stderr: "" });
  });

  test("reaps orphans with --init", async () => {
    const ran = await berth(
      home,
      [
        "run",
        "--rm",
        "--init",
        "--network",
        "none",
        "builtin.berth/busybox:latest",
        "cat",
        "/proc/1/cmdline",
      ],
      { env: { PATH: barePath() } },
    );
    expect(ran.stdout.split("\0")).toContain("cat");
    expect(ran.stdout.split("\0")[0]).not.toBe("cat");
    expect(ran.code).toBe(0);
  });
});

test("the built-in image is there without a pull", async () => {
  const { code, stdout } = await berth(home, ["inspect", "builtin.berth/busybox:latest"], {
    env: { PATH: "/" },
  });
  expect(code).toBe(0);
  expect(JSON.parse(stdout)[0].Config.Cmd).toEqual(["sh"]);
});

test("--version and --help leave nothing behind", async () => {
  const root = join(home, "untouched");
  mkdirSync(root);
  for (const flag of ["--version", "--help"]) expect((await berth(root, [flag])).code).toBe(0);
  expect(readdirSync(root)).toEqual([]);
});

test("files that Bun would read in the current directory have no influence", async () => {
  const cwd = join(home, "hostile");
  mkdirSync(cwd);
  writeFileSync(join(cwd, ".env"), "BERTH_ROOT=relative\n");
  writeFileSync(join(cwd, "preload.ts"), 'console.log("preloaded");\n');
  writeFileSync(join(cwd, "bunfig.toml"), 'preload = ["./preload.ts"]\n');
  writeFileSync(join(cwd, "package.json"), '{"version": "9.9.9"}\n');
  const { code, stdout } = await berth(home, ["--version"], { cwd });
  expect(stdout).toStartWith(`berth version ${manifest.version}`);
  expect(stdout).not.toContain("preloaded");
  expect(code).toBe(0);
  const listed = await berth(home, ["images", "-q"], { cwd });
  expect(listed.stderr).toBe("");
  expect(listed.code).toBe(0);
});

test("licenses names every embedded file, with the text of its licence", async () => {
  const { code, stdout } = await berth(home, ["licenses"]);
  expect(code).toBe(0);
  const covered = new Set(stdout.split("\n").flatMap((line) => line.split(/\s+/)));
  const bundle = decodeHelperBundle(readFileSync(join(checkout, "dist/assets/helpers.bundle")));
  const files = bundle.map(({ name }) => name);
  expect(files.length).toBeGreaterThan(8);
  expect(files.filter((file) => !covered.has(file))).toEqual([]);
  for (const name of Object.keys(manifest.dependencies)) expect(covered).toContain(name);
  expect(stdout).toContain("GNU GENERAL PUBLIC LICENSE");
  expect(stdout).toContain("GNU LESSER GENERAL PUBLIC LICENSE");
  expect(stdout).toContain("Apache License");
});

test("the same sources give the same executable", async () => {
  const assets = join(checkout, "dist/assets");
  const read = (name: string) => JSON.parse(readFileSync(join(assets, name), "utf8"));
  const digests: string[] = [];
  for (const name of ["first", "second"]) {
    mkdirSync(join(home, name));
    const outfile = join(home, name, "berth");
    await compile({
      root: checkout,
      assets,
      outfile,
      helpers: read("helpers.json"),
      image: read("builtin-image.json"),
      commit: undefined,
      date: undefined,
    });
    digests.push(new Bun.CryptoHasher("sha256").update(readFileSync(outfile)).digest("hex"));
  }
  expect(digests[1]).toBe(digests[0]!);
}, 60_000);
