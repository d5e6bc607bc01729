import { O } from "../../../src/sys/kernel-numbers.ts";
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as entries from "../../../src/sys/directory-entries.ts";
import * as files from "../../../src/sys/files.ts";

const directory = mkdtempSync(join(tmpdir(), "berth-files-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const at = (name: string) => join(directory, name);

describe("a file", () => {
  test.each([0, 1, 4095, 4096, 4097, 8192, 3_000_001])("of %d bytes is written and read whole", (size) => {
    const bytes = new Uint8Array(size).map((_, index) => index * 7);
    files.writeFile(at("whole"), bytes, 0o600);
    expect(statSync(at("whole")).mode & 0o777).toBe(0o600);
    expect(Bun.hash(files.readBytes(at("whole")))).toBe(Bun.hash(bytes));
    expect(files.statusAt(at("whole")).size).toBe(size);
  });

  test("is replaced by a shorter one", () => {
    files.writeFile(at("replaced"), "a longer text");
    files.writeFile(at("replaced"), "ä");
    expect(files.readText(at("replaced"))).toBe("ä");
  });

  test("that is new is not written over another", () => {
    files.writeNewFile(at("new"), "one");
    expect(() => files.writeNewFile(at("new"), "two")).toThrow(`open ${at("new")}: file exists (EEXIST)`);
    expect(readFileSync(at("new"), "utf8")).toBe("one");
  });

  test("of /proc, which does not know its size, is read whole", async () => {
    const LONG = "x".repeat(10_000);
    const process = Bun.spawn(["cat"], { env: { LONG }, stdin: "pipe", stdout: "pipe" });
    process.stdin.write("it runs");
    process.stdin.flush();
    await process.stdout.getReader().read();
    expect(files.readText(`/proc/${process.pid}/environ`)).toBe(`LONG=${LONG}\0`);
    process.stdin.end();
    await process.exited;
  });

  test("keeps its byte order mark", () => {
    writeFileSync(at("mark"), "\ufefftext");
    expect(files.readText(at("mark"))).toBe("\ufefftext");
  });

  test("is read, cut and written at places beyond 4 GiB", () => {
    const fd = files.open(at("sparse"), O.RDWR | O.CREAT);
    const far = 5 * 2 ** 30;
    files.truncate(fd, far);
    expect(files.statusOf(fd).size).toBe(far);
    expect(files.readAt(fd, new Uint8Array(10), far - 3)).toBe(3);
    files.truncate(fd, 0);
    files.writeAll(fd, new TextEncoder().encode("0123456789"));
    files.sync(fd);
    const bytes = new Uint8Array(3);
    expect(files.readAt(fd, bytes, 4)).toBe(3);
    expect(String.fromCharCode(...bytes)).toBe("456");
    files.close(fd);
    expect(() => files.close(fd)).toThrow("EBADF");
  });
});

test("what is not there is told from what cannot be reached", () => {
  writeFileSync(at("file"), "");
  symlinkSync("nowhere", at("dangling"));
  symlinkSync("loop", at("loop"));
  for (const missing of [at("missing"), at("missing/below"), at("file/below"), at("dangling")]) {
    expect(files.readTextIfThere(missing)).toBeUndefined();
    expect(files.statusIfThere(missing)).toBeUndefined();
    expect(files.exists(missing)).toBe(false);
  }
  expect(files.statusIfThere(at("dangling"), { followLink: false })).toBeDefined();
  expect(files.exists(at("file"))).toBe(true);
  for (const read of [files.readTextIfThere, files.statusIfThere, files.readText])
    expect(() => read(at("loop"))).toThrow(expect.objectContaining({ code: "ELOOP" }));
  expect(() => files.readText(directory)).toThrow(expect.objectContaining({ code: "EISDIR" }));
  expect(() => files.readText(at("a\0b"))).toThrow(expect.objectContaining({ code: "EINVAL" }));
});

test("a file system tells what it is and how much room it has", () => {
  expect(files.fileSystemAt("/proc").magic).toBe(0x9fa0);
  expect(files.fileSystemAt("/proc").free).toBe(0);
  expect(files.fileSystemAt(directory).free).toBeGreaterThan(0);
});

describe("a directory", () => {
  test("is made with those above it, and may be there", () => {
    entries.makeDirectories(at("one/two/three"), 0o700);
    for (const path of ["one", "one/two", "one/two/three"])
      expect(statSync(at(path)).mode & 0o777).toBe(0o700);
    entries.makeDirectories(at("one/two/three"), 0o700);
    mkdirSync(at("real"));
    symlinkSync("real", at("linked"));
    entries.makeDirectories(at("linked/below"));
    expect(statSync(at("real/below")).isDirectory()).toBe(true);
  });

  test("is not made where something else is", () => {
    writeFileSync(at("taken"), "");
    symlinkSync("gone", at("to-nothing"));
    const refusal = (code: string) => expect.objectContaining({ code });
    expect(() => entries.makeDirectories(at("taken"))).toThrow(refusal("EEXIST"));
    expect(() => entries.makeDirectories(at("taken/below"))).toThrow(refusal("ENOTDIR"));
    expect(() => entries.makeDirectories(at("to-nothing/below"))).toThrow(refusal("EEXIST"));
    expect(() => entries.makeDirectories("")).toThrow(refusal("ENOENT"));
    expect(() => entries.makeDirectory(at("taken"))).toThrow(refusal("EEXIST"));
  });

  test("tells all its names, however many and long", () => {
    const names = Array.from({ length: 700 }, (_, index) => `${index}-${"é".repeat(index % 120)}`);
    mkdirSync(at("full"));
    for (const name of names) writeFileSync(at(`full/${name}`), "");
    expect(entries.namesIn(at("full")).sort()).toEqual(names.sort());
    expect(() => entries.namesIn(at("missing"))).toThrow(expect.objectContaining({ code: "ENOENT" }));
  });
});

test("names are changed and removed", () => {
  writeFileSync(at("old"), "content");
  entries.rename(at("old"), at("renamed"));
  expect(readFileSync(at("renamed"), "utf8")).toBe("content");
  entries.changeModeAt(at("renamed"), 0o640);
  expect(statSync(at("renamed")).mode & 0o777).toBe(0o640);
  entries.unlink(at("renamed"));
  expect(() => entries.unlink(at("renamed"))).toThrow(expect.objectContaining({ code: "ENOENT" }));
  entries.unlinkIfThere(at("renamed"));
  expect(() => entries.rename(at("old"), at("other"))).toThrow(
    `rename ${at("old")} to ${at("other")}: no such file or directory (ENOENT)`,
  );
  mkdirSync(at("kept"));
  expect(() => entries.unlinkIfThere(at("kept"))).toThrow(expect.objectContaining({ code: "EISDIR" }));
});
