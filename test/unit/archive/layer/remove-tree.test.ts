import { expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { removeTree } from "../../../../src/archive/layer/remove-tree.ts";
import { toByteString } from "../../../../src/sys/byte-string.ts";
import { AT_FDCWD, fileSyscalls as calls, O } from "../../../../src/sys/file-syscalls.ts";
import { temporaryDirectory } from "../../../support/temporary-directory.ts";

function remove(directory: string, name: string): void {
  const fd = calls.open(AT_FDCWD, toByteString(directory), O.RDONLY | O.DIRECTORY);
  try {
    removeTree(calls, fd, toByteString(name));
  } finally {
    calls.close(fd);
  }
}

test("a tree goes with all that is in it, closed directories too, and nothing else", () => {
  using directory = temporaryDirectory();
  const tree = join(directory.path, "tree");
  mkdirSync(join(tree, "a/b"), { recursive: true });
  mkdirSync(join(tree, "closed/inner"), { recursive: true });
  writeFileSync(join(tree, "a/b/ü"), "x");
  writeFileSync(join(directory.path, "victim"), "alive");
  symlinkSync("..", join(tree, "a/up"));
  symlinkSync("../victim", join(tree, "closed/link"));
  chmodSync(join(tree, "closed/inner"), 0o500);
  chmodSync(join(tree, "closed"), 0);
  remove(directory.path, "tree");
  expect(readdirSync(directory.path)).toEqual(["victim"]);
  expect(readFileSync(join(directory.path, "victim"), "utf8")).toBe("alive");
});

test("a tree deeper than any path can name goes", () => {
  using directory = temporaryDirectory();
  let fd = calls.open(AT_FDCWD, toByteString(directory.path), O.RDONLY | O.DIRECTORY);
  for (let depth = 0; depth < 250; depth++) {
    const name = depth === 0 ? "tree" : "a-name-of-some-length";
    expect(calls.makeDirectory(fd, name, 0o755)).toBe(0);
    const next = calls.open(fd, name, O.RDONLY | O.DIRECTORY);
    calls.close(fd);
    fd = next;
  }
  calls.close(fd);
  remove(directory.path, "tree");
  expect(readdirSync(directory.path)).toEqual([]);
});

test("a name that is not there, a file and a link are fine", () => {
  using directory = temporaryDirectory();
  remove(directory.path, "missing");
  writeFileSync(join(directory.path, "file"), "");
  symlinkSync("/", join(directory.path, "link"));
  remove(directory.path, "file");
  remove(directory.path, "link");
  expect(readdirSync(directory.path)).toEqual([]);
  expect(existsSync("/")).toBe(true);
});
