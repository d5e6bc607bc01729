import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BerthError } from "../../../src/base/errors.ts";
import { encodeHelperBundle } from "../../../src/sys/helper-bundle.ts";
import { type HelperName, type HelpersOptions, openHelpers } from "../../../src/sys/helpers.ts";
import * as unpacking from "../../../src/sys/unpack-helpers.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "berth-helpers-"));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const bytes = encodeHelperBundle([
  { name: "busybox", content: Buffer.from("#!/bin/sh\necho busybox\n") },
  { name: "unshare", content: Buffer.from("not executed here") },
  { name: "ld-linux.so", content: Buffer.from("nor this") },
]);

function embedded(digest = "d1") {
  let reads = 0;
  const archive = {
    digest,
    loader: "ld-linux.so",
    programs: { busybox: "static", unshare: "dynamic" } as const,
    read: () => {
      reads++;
      return bytes;
    },
  };
  return { open: () => archive, reads: () => reads };
}

function options(overrides: Partial<HelpersOptions> = {}): HelpersOptions {
  return { dataDirectory: join(directory, "data"), configured: {}, unpacking, ...overrides };
}

function failure(action: () => unknown): BerthError {
  try {
    action();
  } catch (error) {
    if (error instanceof BerthError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

/** A path below a plain file: no directory can be made there, not even by root. */
function impossible(name: string): string {
  writeFileSync(join(directory, name), "");
  return join(directory, name, "below");
}

test("a static program starts by itself, a dynamic one through the embedded loader and libraries", () => {
  const helpers = openHelpers(options(), embedded().open);
  const home = join(directory, "data/libexec/d1");
  expect(helpers.command("busybox")).toEqual([join(home, "busybox")]);
  expect(helpers.command("unshare")).toEqual([
    join(home, "ld-linux.so"),
    "--library-path",
    home,
    join(home, "unshare"),
  ]);
  expect(Bun.spawnSync([...helpers.command("busybox")]).stdout.toString()).toBe("busybox\n");
});

test("the helpers are unpacked once, executable by everybody whatever the umask", () => {
  const bundle = embedded();
  const umask = process.umask(0o077);
  try {
    openHelpers(options(), bundle.open).command("busybox");
  } finally {
    process.umask(umask);
  }
  openHelpers(options(), bundle.open).command("unshare");
  expect(bundle.reads()).toBe(1);
  expect(statSync(join(directory, "data/libexec/d1")).mode & 0o777).toBe(0o755);
  expect(statSync(join(directory, "data/libexec/d1/unshare")).mode & 0o777).toBe(0o755);
});

test("another version of the helpers is unpacked beside the first", () => {
  openHelpers(options(), embedded("d1").open).command("busybox");
  openHelpers(options(), embedded("d2").open).command("busybox");
  expect(readdirSync(join(directory, "data/libexec")).toSorted()).toEqual(["d1", "d2"]);
});

test("what a killed process left unfinished is removed, what a live one is writing stays", () => {
  const libexec = join(directory, "data/libexec");
  const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim().replaceAll("-", "");
  const dead = `.unpacking-${boot}-${process.pid}-1`;
  const parent = readFileSync(`/proc/${process.ppid}/stat`, "latin1");
  const started = parent.slice(parent.lastIndexOf(")") + 2).split(" ")[19];
  const alive = `.unpacking-${boot}-${process.ppid}-${started}`;
  const elsewhere = ".unpacking-0123456789abcdef-1-1";
  for (const name of [dead, alive, elsewhere]) mkdirSync(join(libexec, name), { recursive: true });
  openHelpers(options(), embedded().open).command("busybox");
  expect(readdirSync(libexec).toSorted()).toEqual([alive, elsewhere, "d1"].toSorted());
});

test("a configured program wins and nothing is unpacked for it", () => {
  const bundle = embedded();
  const helpers = openHelpers(options({ configured: { unshare: "/bin/sh" } }), bundle.open);
  expect(helpers.command("unshare")).toEqual(["/bin/sh"]);
  expect(bundle.reads()).toBe(0);
});

test("a configured program that is not there is an error that names it, not a silent fallback", () => {
  const missing = join(directory, "missing");
  const error = failure(() =>
    openHelpers(options({ configured: { ip: missing } }), embedded().open).command("ip"),
  );
  expect(error.message).toContain(`helper program ip cannot be used`);
  expect(error.message).toContain(missing);
  expect(error.hint).toContain("config.toml");
});

test("where the data directory cannot be written the runtime directory is used", () => {
  const dataDirectory = impossible("file");
  const runtimeDirectory = join(directory, "run");
  const helpers = openHelpers(options({ dataDirectory, runtimeDirectory }), embedded().open);
  expect(helpers.command("busybox")).toEqual([join(runtimeDirectory, "libexec/d1/busybox")]);
  expect(statSync(runtimeDirectory).mode & 0o777).toBe(0o700);
});

test("a runtime directory that others can enter, or that is a link, is not trusted", () => {
  const open = join(directory, "open");
  mkdirSync(open);
  chmodSync(open, 0o777);
  const link = join(directory, "link");
  symlinkSync(open, link);
  const dataDirectory = impossible("file");
  for (const runtimeDirectory of [open, link]) {
    const helpers = openHelpers(options({ dataDirectory, runtimeDirectory }), embedded().open);
    expect(helpers.command("unshare")).toEqual([Bun.which("unshare")!]);
    expect(readdirSync(open)).toEqual([]);
  }
});

test("when nothing can be unpacked and nothing is installed, the error says where it was tried and why", () => {
  const dataDirectory = impossible("file");
  const runtimeDirectory = impossible("other");
  const helpers = openHelpers(options({ dataDirectory, runtimeDirectory }), embedded().open);
  const error = failure(() => helpers.command("no-such-program" as HelperName));
  expect(error.message).toContain("helper program no-such-program is not installed");
  expect(error.message).toContain(join(dataDirectory, "libexec/d1"));
  expect(error.message).toContain(join(runtimeDirectory, "libexec/d1"));
  expect(error.message).toContain("ENOTDIR");
});

test("without anything embedded the programs of the PATH are used", () => {
  const helpers = openHelpers(options(), () => undefined);
  expect(helpers.command("unshare")).toEqual([Bun.which("unshare")!]);
});
