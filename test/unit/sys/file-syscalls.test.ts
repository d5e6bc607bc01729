import { S } from "../../../src/sys/kernel-numbers.ts";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toByteString } from "../../../src/sys/byte-string.ts";
import { AT_FDCWD, E, fileSyscalls as calls, O } from "../../../src/sys/file-syscalls.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const directory = temporaryDirectory();
const at = (name: string) => join(directory.path, name);
let root = -1;
beforeAll(() => {
  root = calls.open(AT_FDCWD, toByteString(directory.path), O.RDONLY | O.DIRECTORY);
});
afterAll(() => {
  calls.close(root);
  directory[Symbol.dispose]();
});

test("names are bytes and come back as bytes", () => {
  const name = "\xff\xe9 caf\n";
  const fd = calls.open(root, name, O.WRONLY | O.CREAT | O.EXCL, 0o600);
  expect(fd).toBeGreaterThan(2);
  expect(calls.write(fd, Buffer.from("content"))).toBe(0);
  calls.close(fd);
  expect(calls.readDirectory(root)).toContainEqual({ name, isDirectory: false });
  expect(calls.open(root, name, O.WRONLY | O.CREAT | O.EXCL, 0o600)).toBe(E.EXIST);
  expect(calls.unlink(root, name)).toBe(0);
  expect(calls.unlink(root, name)).toBe(E.NOENT);
});

test("a name with a NUL or too long never reaches the kernel shortened", () => {
  writeFileSync(at("short"), "");
  expect(calls.unlink(root, "short\0er")).toBe(E.INVAL);
  expect(calls.unlink(root, "n".repeat(256))).toBe(E.NAMETOOLONG);
  expect(calls.unlink(root, "n".repeat(10_000))).toBe(E.NAMETOOLONG);
  expect(statSync(at("short")).size).toBe(0);
});

test("openInRoot keeps absolute links and .. inside", () => {
  mkdirSync(at("jail/etc"), { recursive: true });
  writeFileSync(at("jail/etc/name"), "inside");
  writeFileSync(at("outside"), "");
  symlinkSync("/etc/name", at("jail/absolute"));
  symlinkSync("../../../../etc/name", at("jail/up"));
  symlinkSync("../outside", at("jail/out"));
  const jail = calls.open(root, "jail", O.PATH | O.DIRECTORY);
  for (const name of ["absolute", "up", "../../etc/name"]) {
    const fd = calls.openInRoot(jail, name, O.RDONLY);
    expect(readFileSync(fd, "utf8")).toBe("inside");
    calls.close(fd);
  }
  expect(calls.openInRoot(jail, "out", O.RDONLY)).toBe(E.NOENT);
  calls.close(jail);
});

test("times, modes, attributes and links are set on exactly what is named", () => {
  writeFileSync(at("file"), "x");
  expect(calls.symbolicLink("file", root, "link")).toBe(0);
  expect(calls.setModifiedAt(root, "link", 5n, 123_456_789)).toBe(0);
  const link = calls.status(root, "link");
  expect(link).toMatchObject({ modifiedSeconds: 5n, modifiedNanoseconds: 123_456_789 });
  expect(typeof link !== "number" && link.mode & S.IFMT).toBe(S.IFLNK);
  expect(calls.readLink(root, "link")).toBe("file");
  expect(calls.hardLink(root, "link", root, "second")).toBe(0);
  expect(readlinkSync(at("second"))).toBe("file");

  const fd = calls.open(root, "file", O.RDWR);
  expect(calls.setModified(fd, -2n, 5)).toBe(0);
  expect(calls.changeMode(fd, 0o4711)).toBe(0);
  expect(calls.setAttribute(fd, "user.test", Buffer.from([0, 255]))).toBe(0);
  expect(calls.setAttribute(fd, "user.empty", new Uint8Array())).toBe(0);
  expect(calls.getAttribute(fd, "user.test")).toEqual(Buffer.from([0, 255]));
  expect(calls.getAttribute(fd, "user.empty")).toEqual(Buffer.alloc(0));
  expect(calls.getAttribute(fd, "user.none")).toBe(E.NODATA);
  expect(calls.listAttributes(fd)).toEqual(expect.arrayContaining(["user.test", "user.empty"]));
  expect(calls.status(fd, "")).toMatchObject({
    modifiedSeconds: -2n,
    size: 1,
    links: 1,
    mode: S.IFREG | 0o4711,
  });
  calls.close(fd);
});

test("data and holes of a sparse file are found", () => {
  const fd = calls.open(root, "sparse", O.RDWR | O.CREAT, 0o600);
  expect(calls.writeAt(fd, Buffer.alloc(4096, 1), 1024 * 1024)).toBe(0);
  expect(calls.truncate(fd, 4 * 1024 * 1024)).toBe(0);
  expect(calls.seekData(fd, 0)).toBe(1024 * 1024);
  expect(calls.seekHole(fd, 1024 * 1024)).toBe(1024 * 1024 + 4096);
  expect(calls.seekData(fd, 2 * 1024 * 1024)).toBe(-6);
  calls.close(fd);
});

test("a directory of many names is read whole, again and again", () => {
  mkdirSync(at("many"));
  for (let index = 0; index < 3000; index++) writeFileSync(at(`many/name-${index}-${"x".repeat(50)}`), "");
  mkdirSync(at("many/sub"));
  const fd = calls.open(root, "many", O.RDONLY | O.DIRECTORY);
  for (let time = 0; time < 2; time++) {
    const entries = calls.readDirectory(fd);
    if (typeof entries === "number") throw new Error(`errno ${-entries}`);
    expect(entries.length).toBe(3001);
    expect(entries.filter((entry) => entry.isDirectory)).toEqual([{ name: "sub", isDirectory: true }]);
  }
  calls.close(fd);
});
