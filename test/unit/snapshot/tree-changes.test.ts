import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  chmodSync,
  cpSync,
  linkSync,
  lutimesSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { treeDifference } from "../../../src/snapshot/tree-difference.ts";
import { mergedTree } from "../../../src/snapshot/merged-tree.ts";
import { toByteString } from "../../../src/sys/byte-string.ts";
import { AT_FDCWD, fileSyscalls as calls, O } from "../../../src/sys/file-syscalls.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

let directory: ReturnType<typeof temporaryDirectory>;
let opened: number[] = [];
const at = (...names: string[]) => join(directory.path, ...names);

beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => {
  for (const fd of opened) calls.close(fd);
  opened = [];
  directory[Symbol.dispose]();
});

function open(name: string): number {
  const fd = calls.open(AT_FDCWD, toByteString(at(name)), O.RDONLY | O.DIRECTORY);
  expect(fd).toBeGreaterThan(0);
  opened.push(fd);
  return fd;
}

/** Lines as `berth diff` prints them. */
function difference(tree: string, form: "upper" | "whole", ...below: string[]): string[] {
  const { changes } = treeDifference({ calls, tree: open(tree), form, below: below.map(open) });
  return changes.map(({ kind, path }) => `${kind[0]!.toUpperCase()} ${path}`);
}

/** A layer and a copy of it that is the same to the nanosecond. */
function layerAndCopy(): void {
  for (const name of ["a/b", "same", "etc"]) mkdirSync(at("layer", name), { recursive: true });
  for (const name of ["a/b/file", "a/gone", "same/x"]) writeFileSync(at("layer", name), name);
  symlinkSync("x", at("layer/same/link"));
  cpSync(at("layer"), at("tree"), { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  lutimesSync(at("layer/same/link"), 5, 5);
  lutimesSync(at("tree/same/link"), 5, 5);
  for (const name of ["a", "a/b", "same", "etc", "a/b/file", "a/gone", "same/x", "."])
    for (const root of ["layer", "tree"]) utimesSync(at(root, name), 7, 7);
}

test("a copy without changes has none, and what berth makes for its mounts is none", () => {
  layerAndCopy();
  expect(difference("tree", "whole", "layer")).toEqual([]);
  for (const name of ["dev", "proc", "sys"]) mkdirSync(at("tree", name));
  for (const name of ["hosts", "hostname", "resolv.conf"]) writeFileSync(at("tree/etc", name), "");
  expect(difference("tree", "whole", "layer")).toEqual([]);
  writeFileSync(at("tree/etc/hostname"), "mine");
  mkdirSync(at("tree/dev/own"));
  expect(difference("tree", "whole", "layer")).toEqual(["A dev", "A dev/own", "C etc", "A etc/hostname"]);
});

test("a whole tree tells content, modes, links and types apart, and the directories on the way", () => {
  layerAndCopy();
  const keepTimes = (work: () => void, ...names: string[]) => {
    work();
    for (const name of names) utimesSync(at("tree", name), 7, 7);
  };
  writeFileSync(at("tree/a/b/file"), "longer than before");
  keepTimes(() => rmSync(at("tree/a/gone")), "a");
  keepTimes(() => chmodSync(at("tree/same/x"), 0o600), "same/x", "same");
  expect(difference("tree", "whole", "layer")).toEqual([
    "C a",
    "C a/b",
    "C a/b/file",
    "D a/gone",
    "C same",
    "C same/x",
  ]);
});

test("a renamed directory is one that is gone and one that is new, in the order of whole paths", () => {
  layerAndCopy();
  renameSync(at("tree/a"), at("tree/a-new"));
  expect(difference("tree", "whole", "layer")).toEqual([
    "D a",
    "A a-new",
    "A a-new/b",
    "A a-new/b/file",
    "A a-new/gone",
  ]);
});

test("in an upper directory every file counts, and a file with two names has its size once", () => {
  layerAndCopy();
  mkdirSync(at("upper/a/b"), { recursive: true });
  writeFileSync(at("upper/a/b/file"), "a/b/file");
  linkSync(at("upper/a/b/file"), at("upper/a/second"));
  writeFileSync(at("upper/a/.wh.not-content"), "");
  for (const name of ["a", "a/b", "."]) utimesSync(at("upper", name), 7, 7);
  const { changes, size } = treeDifference({
    calls,
    tree: open("upper"),
    form: "upper",
    below: [open("layer")],
  });
  expect(changes.map(({ path }) => path)).toEqual(["a", "a/b", "a/b/file", "a/second"]);
  expect(size).toBe(8);
});

test("layers are seen through each other as far as they are not opaque", () => {
  layerAndCopy();
  mkdirSync(at("upper/a"), { recursive: true });
  writeFileSync(at("upper/same"), "a file now");
  writeFileSync(at("upper/a/new"), "");
  const paths = (...layers: string[]) =>
    [...mergedTree(calls, layers.map(open))].map(({ path }) => path.join("/"));
  expect(paths("upper", "layer")).toEqual(["", "a", "a/b", "a/b/file", "a/gone", "a/new", "etc", "same"]);
  const fd = open("upper/a");
  for (const mark of ["user.overlay.opaque", "user.fuseoverlayfs.opaque"]) {
    expect(calls.setAttribute(fd, mark, Buffer.from("y"))).toBe(0);
    expect(paths("upper", "layer")).toEqual(["", "a", "a/new", "etc", "same"]);
    calls.removeAttribute(fd, mark);
  }
});

test("what disappears while it is looked at is not an error", () => {
  layerAndCopy();
  const walk = mergedTree(calls, [open("layer")]);
  for (const { path } of walk) if (path.join("/") === "a") rmSync(at("layer/a/b"), { recursive: true });
  expect([...mergedTree(calls, [open("layer")])].map(({ path }) => path.join("/"))).toEqual([
    "",
    "a",
    "a/gone",
    "etc",
    "same",
    "same/link",
    "same/x",
  ]);
});
