import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { ExtractionNotes } from "../../../src/archive/layer/extraction-notes.ts";
import { ownerPolicyFrom } from "../../../src/archive/layer/owner-policy.ts";
import { readTar } from "../../../src/archive/layer/read-tar.ts";
import { BerthError } from "../../../src/base/errors.ts";
import { parseCopyPath } from "../../../src/container/copy/copy-path.ts";
import { containerTree, type CopyTree, hostTree } from "../../../src/container/copy/locate.ts";
import { CopyReceiver, type ReceiveRequest } from "../../../src/container/copy/receive.ts";
import { sendTree } from "../../../src/container/copy/send.ts";
import { AT_FDCWD, fileSyscalls as calls, O } from "../../../src/sys/file-syscalls.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";
import { tarArchive, tarEntry } from "../../support/tar-bytes.ts";

let directory: ReturnType<typeof temporaryDirectory>;
const at = (...names: string[]) => join(directory.path, ...names);

beforeEach(() => {
  directory = temporaryDirectory();
  mkdirSync(at("dir/sub"), { recursive: true });
  writeFileSync(at("dir/sub/inner"), "inner");
  writeFileSync(at("file"), "content");
  symlinkSync("file", at("link"));
  mkdirSync(at("there"));
});
afterEach(() => directory[Symbol.dispose]());

const missing = (path: string) => new BerthError("not-found", `missing ${path.replace(directory.path, "")}`);
const host = hostTree(calls);

async function receive(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  to: string,
  options: { tree?: CopyTree; manner?: ReceiveRequest["manner"] } = {},
): Promise<number> {
  const { tree = host, manner = "copy" } = options;
  const base = tree === host ? directory.path : "/";
  using receiver = new CopyReceiver(
    { destination: parseCopyPath(to, base), manner, keepOwners: false },
    {
      tree,
      owning: "none",
      owners: ownerPolicyFrom("0 0 4294967295", "0 0 4294967295"),
      notes: new ExtractionNotes(),
      shown: to,
      missingParent: missing,
    },
  );
  await readTar(
    (async function* () {
      for await (const piece of source) yield Buffer.from(piece);
    })(),
    receiver,
  );
  receiver.finish();
  return receiver.size;
}

const copy = (from: string, to: string, follow = false) =>
  receive(sendTree(host, { source: parseCopyPath(from, directory.path), follow }, missing), to);

/** Everything below a directory: names, with the text of files and the targets of links. */
function tree(name: string): string[] {
  const isLink = (path: string) => lstatSync(at(name, path)).isSymbolicLink();
  return readdirSync(at(name), { recursive: true, encoding: "utf8" })
    .filter((path) => !path.includes("/") || !isLink(path.slice(0, path.indexOf("/"))))
    .sort()
    .map((path) => {
      const status = lstatSync(at(name, path));
      if (status.isSymbolicLink()) return `${path} -> ${readlinkSync(at(name, path))}`;
      return status.isFile() ? `${path}=${readFileSync(at(name, path), "utf8")}` : path;
    });
}

describe("where a copy goes", () => {
  test.each([
    ["file", "there", ["file=content"]],
    ["file", "there/", ["file=content"]],
    ["file", "there/new", ["new=content"]],
    ["dir", "there", ["dir", "dir/sub", "dir/sub/inner=inner"]],
    ["dir/", "there", ["dir", "dir/sub", "dir/sub/inner=inner"]],
    ["dir/.", "there", ["sub", "sub/inner=inner"]],
    ["dir", "there/new", ["new", "new/sub", "new/sub/inner=inner"]],
    ["dir/.", "there/new", ["new", "new/sub", "new/sub/inner=inner"]],
    ["dir", "there/new/", ["new", "new/sub", "new/sub/inner=inner"]],
    ["there/../dir/sub/inner", "./there/.", ["inner=inner"]],
    ["link", "there", ["link -> file"]],
    ["link", "there/new", ["new -> file"]],
  ])("%s to %s", async (from, to, expected) => {
    await copy(from, to);
    expect(tree("there")).toEqual(expected);
  });

  test("with -L a link is what it leads to, under its own name", async () => {
    symlinkSync("dir", at("to-dir"));
    await copy("link", "there", true);
    await copy("to-dir", "there", true);
    await copy("to-dir/", "there/slash");
    expect(tree("there")).toEqual([
      "link=content",
      "slash",
      "slash/sub",
      "slash/sub/inner=inner",
      "to-dir",
      "to-dir/sub",
      "to-dir/sub/inner=inner",
    ]);
  });

  test("a link at the destination is followed, also to what is not there yet", async () => {
    symlinkSync("there", at("to-there"));
    symlinkSync("there/made", at("to-made"));
    await copy("file", "to-there");
    await copy("file", "to-made");
    expect(tree("there")).toEqual(["file=content", "made=content"]);
    expect(lstatSync(at("to-made")).isSymbolicLink()).toBe(true);
  });

  test("a file replaces a file, and is not written through a second name of it", async () => {
    writeFileSync(at("there/file"), "old");
    linkSync(at("there/file"), at("second"));
    expect(await copy("file", "there/file")).toBe(7);
    expect([readFileSync(at("there/file"), "utf8"), readFileSync(at("second"), "utf8")]).toEqual([
      "content",
      "old",
    ]);
  });

  test.each([
    ["file", "there/no/such", "missing /there/no/"],
    ["file", "no/", "no such directory"],
    ["dir", "file", "cannot copy directory"],
    ["nope", "there", "missing /nope"],
    ["file/", "there", /not a directory/],
  ])("%s to %s is refused", async (from, to, message) => {
    await expect(copy(from, to)).rejects.toThrow(message);
    expect(tree("there")).toEqual([]);
  });

  test("a directory and something else do not replace each other", async () => {
    mkdirSync(at("there/file"));
    await expect(copy("file", "there")).rejects.toThrow(
      'cannot overwrite directory "file" with non-directory',
    );
    writeFileSync(at("there/dir"), "");
    await expect(copy("dir", "there")).rejects.toThrow('cannot overwrite non-directory "dir" with directory');
  });
});

test("modes, times, hard links and holes are kept, and closed directories filled", async () => {
  writeFileSync(at("dir/hole"), "");
  const { truncateSync } = await import("node:fs");
  truncateSync(at("dir/hole"), 8_000_000);
  linkSync(at("dir/sub/inner"), at("dir/twin"));
  chmodSync(at("dir/sub/inner"), 0o4711);
  utimesSync(at("dir/sub/inner"), 1000, 2000);
  chmodSync(at("dir/sub"), 0o500);
  utimesSync(at("dir/sub"), 1000, 3000);
  await copy("dir", "there");
  const inner = statSync(at("there/dir/sub/inner"));
  expect([inner.mode & 0o7777, inner.mtimeMs, inner.nlink]).toEqual([0o4711, 2_000_000, 2]);
  expect(inner.ino).toBe(statSync(at("there/dir/twin")).ino);
  const sub = statSync(at("there/dir/sub"));
  expect([sub.mode & 0o7777, sub.mtimeMs]).toEqual([0o500, 3_000_000]);
  const hole = statSync(at("there/dir/hole"));
  expect(hole.size).toBe(8_000_000);
  expect(hole.blocks).toBeLessThan(100);
  for (const name of ["dir/sub", "there/dir/sub"]) chmodSync(at(name), 0o700);
});

describe("in a container's root", () => {
  let root: number;
  beforeEach(() => {
    mkdirSync(at("root/etc"), { recursive: true });
    mkdirSync(at("victim"));
    writeFileSync(at("victim/secret"), "canary");
    root = calls.open(AT_FDCWD, at("root"), O.PATH | O.DIRECTORY);
  });
  afterEach(() => {
    expect(tree("victim")).toEqual(["secret=canary"]);
    calls.close(root);
  });

  test("links lead nowhere but inside, at the end of a path and on its way", async () => {
    const inside = containerTree(calls, root);
    const file = () =>
      sendTree(host, { source: parseCopyPath("file", directory.path), follow: false }, missing);
    for (const [name, target] of [
      ["absolute", at("victim")],
      ["climbing", `../../../../../../../..${at("victim")}`],
    ] as const) {
      symlinkSync(target, at("root", name));
      await expect(receive(file(), `/${name}`, { tree: inside })).rejects.toThrow("missing");
      await expect(receive(file(), `/${name}/secret`, { tree: inside })).rejects.toThrow("missing");
      const out = (path: string, follow: boolean) =>
        [...sendTree(inside, { source: parseCopyPath(path, "/"), follow }, missing)].length;
      expect(() => out(`/${name}/secret`, true)).toThrow("missing");
      expect(() => out(`/${name}/`, false)).toThrow("missing");
      expect(() => out(`/${name}`, true)).toThrow("missing");
      expect(out(`/${name}`, false)).toBeGreaterThan(0); // the link itself
    }
    symlinkSync("/etc", at("root/to-etc"));
    await receive(file(), "/to-etc/../to-etc", { tree: inside });
    expect(tree("root/etc")).toEqual(["file=content"]);
  });

  test("a hostile archive stays in the directory that it is unpacked in", async () => {
    const inside = containerTree(calls, root);
    const into = (...entries: Buffer[]) =>
      receive([tarArchive(...entries)], "/etc", { tree: inside, manner: "unpack" });
    const wayOut = tarEntry({ name: "out", type: "2", link: at("victim") });
    await expect(into(tarEntry({ name: "../x" }, "x"))).rejects.toThrow("its name leads out of the root");
    await expect(into(wayOut, tarEntry({ name: "out/secret" }, "x"))).rejects.toThrow(
      "leads to no directory",
    );
    await expect(into(tarEntry({ name: "h", type: "1", link: "out/secret" }))).rejects.toThrow(
      "is not there",
    );
    await into(tarEntry({ name: ".wh.kept" }, "a name like others"), tarEntry({ name: "a/b" }, "x"));
    expect(tree("root/etc")).toEqual([".wh.kept=a name like others", "a", "a/b=x", `out -> ${at("victim")}`]);
  });

  test("an archive needs a directory to be unpacked in", () => {
    const inside = containerTree(calls, root);
    expect(() => receive([], "/nope", { tree: inside, manner: "unpack" })).toThrow(
      'destination "/nope" must be a directory',
    );
    expect(existsSync(at("root/nope"))).toBe(false);
  });
});
