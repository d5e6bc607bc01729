import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { openDirectoryInRoot, openFileInRoot } from "../../../src/container/root-path.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

let base: ReturnType<typeof temporaryDirectory>;
let path: string;
let root: number;
beforeEach(() => {
  base = temporaryDirectory();
  path = join(base.path, "root");
  mkdirSync(path);
  writeFileSync(join(base.path, "outside"), "");
  root = openSync(path, "r");
});
afterEach(() => {
  closeSync(root);
  expect(readdirSync(base.path).toSorted()).toEqual(["outside", "root"]);
  base[Symbol.dispose]();
});

/** Where a descriptor leads, from the root. */
function place(fd: number): string {
  const target = readlinkSync(`/proc/self/fd/${fd}`);
  closeSync(fd);
  return target.startsWith(path) ? target.slice(path.length) || "/" : `outside: ${target}`;
}

describe("a path in a root", () => {
  test("is made where it is missing", () => {
    expect(place(openDirectoryInRoot(root, "/a/./b//c"))).toBe("/a/b/c");
    expect(statSync(join(path, "a/b/c")).mode & 0o777).toBe(0o755 & ~process.umask());
    expect(place(openFileInRoot(root, "/a/b/file"))).toBe("/a/b/file");
    expect(statSync(join(path, "a/b/file")).isFile()).toBe(true);
    expect(place(openFileInRoot(root, "/new/file"))).toBe("/new/file");
  });

  test.each([
    ["../../outside", "/outside/x"],
    ["/outside", "/outside/x"],
    ["a/../../..", "/x"],
    ["deep/er/missing", "/deep/er/missing/x"],
  ])("goes through a dangling link to %j inside the root", (target, expected) => {
    symlinkSync(target, join(path, "link"));
    symlinkSync("link", join(path, "second"));
    expect(place(openDirectoryInRoot(root, "/second/x"))).toBe(expected);
    expect(place(openFileInRoot(root, "/second/file"))).toBe(expected.replace(/x$/, "file"));
  });

  test("creates the file that a dangling link names, with its directories", () => {
    symlinkSync("/run/made/resolv.conf", join(path, "resolv.conf"));
    expect(place(openFileInRoot(root, "/resolv.conf"))).toBe("/run/made/resolv.conf");
  });

  test("is refused where a link, a loop or a file is in the way", () => {
    symlinkSync("missing", join(path, "link"));
    symlinkSync("loop", join(path, "loop"));
    symlinkSync("../ring/x", join(path, "ring"));
    writeFileSync(join(path, "file"), "");
    expect(() => openDirectoryInRoot(root, "/link/x", true)).toThrow(/ELOOP/);
    expect(() => openFileInRoot(root, "/link", true)).toThrow(/ELOOP/);
    expect(() => openDirectoryInRoot(root, "/loop/x")).toThrow(/ELOOP/);
    expect(() => openDirectoryInRoot(root, "/ring/x")).toThrow(/ELOOP/);
    expect(() => openDirectoryInRoot(root, "/file/x")).toThrow(/ENOTDIR/);
    expect(() => openDirectoryInRoot(root, "/file")).toThrow(/ENOTDIR/);
    expect(existsSync(join(path, "missing"))).toBe(false);
  });

  test("opens what is there as it is, a FIFO too, without waiting", () => {
    Bun.spawnSync(["mkfifo", join(path, "fifo")]);
    const fd = openFileInRoot(root, "/fifo");
    expect(fstatSync(fd).isFIFO()).toBe(true);
    closeSync(fd);
  });
});
