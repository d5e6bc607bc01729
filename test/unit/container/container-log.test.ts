import { expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ContainerLog, type LogLimits } from "../../../src/container/container-log.ts";
import { headLength, readKind } from "../../../src/container/log-entry.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const roomy: LogLimits = { maxSize: 1 << 20, maxFiles: 3 };
const bytes = (text: string) => Buffer.from(text, "latin1");

/** `[stream, is full, content]` of every entry; fails on what is none. */
function entries(path: string): [string, boolean, string][] {
  const content = readFileSync(path);
  const found: [string, boolean, string][] = [];
  for (let at = 0; at < content.length; ) {
    const end = content.indexOf("\n", at);
    const kind = readKind(content, at, end);
    if (kind === undefined) throw new Error(`no entry at ${at}`);
    found.push([kind.stream, kind.full, content.toString("latin1", at + headLength, end)]);
    at = end + 1;
  }
  return found;
}

/** Writes to a fresh log and answers its entries. */
function logged(...chunks: ["stdout" | "stderr", string][]) {
  using directory = temporaryDirectory();
  const path = join(directory.path, "log");
  const log = new ContainerLog(path, roomy);
  for (const [stream, text] of chunks) log.write(stream, bytes(text));
  log.close();
  return entries(path);
}

test("every line is an entry with its stream", () => {
  expect(logged(["stdout", "one\n\ntwo\n"], ["stderr", "three\n"])).toEqual([
    ["stdout", true, "one"],
    ["stdout", true, ""],
    ["stdout", true, "two"],
    ["stderr", true, "three"],
  ]);
});

test("a line that comes in parts is marked as such", () => {
  expect(logged(["stdout", "one\ntw"], ["stderr", "!"], ["stdout", "o"], ["stdout", "\nend"])).toEqual([
    ["stdout", true, "one"],
    ["stdout", false, "tw"],
    ["stderr", false, "!"],
    ["stdout", false, "o"],
    ["stdout", true, ""],
    ["stdout", false, "end"],
  ]);
});

test("bytes that are no text are kept", () => {
  const all = String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code)).replace("\n", "");
  expect(logged(["stdout", `${all}\r\n`])).toEqual([["stdout", true, `${all}\r`]]);
});

test("a line longer than the buffer is written in parts, whole", () => {
  const long = "x".repeat(1_000_000);
  const found = logged(["stdout", `${long}\nshort\n`]);
  expect(found.map(([, , content]) => content).join("")).toBe(`${long}short`);
  expect(found.filter(([, full]) => full).length).toBe(2);
});

test("the time is in UTC, of fixed length, and does not go back", () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "log");
  const log = new ContainerLog(path, roomy);
  const before = new Date().toISOString();
  for (let index = 0; index < 100; index++) log.write("stdout", bytes("x\n"));
  const after = new Date(Date.now() + 1).toISOString();
  const times = readFileSync(path, "latin1")
    .trimEnd()
    .split("\n")
    .map((line) => line.split(" ")[0]!);
  for (const time of times) expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
  expect(times).toEqual(times.toSorted());
  expect(times[0]!.slice(0, 23) >= before.slice(0, 23) && times.at(-1)! <= after).toBe(true);
});

test("a file that would grow too long is renamed, and only as many are kept", () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "log");
  const maxSize = 10 * (headLength + 6);
  const log = new ContainerLog(path, { maxSize, maxFiles: 3 });
  for (let index = 0; index < 55; index++) log.write("stdout", bytes(`${10000 + index}\n`));
  log.close();
  expect(readdirSync(directory.path).toSorted()).toEqual(["log", "log.1", "log.2"]);
  const numbers = ["log.2", "log.1", "log"].flatMap((name) => {
    expect(statSync(join(directory.path, name)).size).toBeLessThanOrEqual(maxSize);
    return entries(join(directory.path, name)).map(([, , content]) => Number(content));
  });
  expect(numbers).toEqual(Array.from({ length: 25 }, (_, index) => 10030 + index));
});

test("one chunk with many lines is spread over files, too", () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "log");
  const log = new ContainerLog(path, { maxSize: 1000, maxFiles: 1000 });
  log.write("stdout", bytes("0123456789\n".repeat(500)));
  log.close();
  const sizes = readdirSync(directory.path).map((name) => statSync(join(directory.path, name)).size);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(1000);
  expect(sizes.reduce((sum, size) => sum + size)).toBe(500 * (headLength + 11));
});

test("a single file begins anew", () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "log");
  const log = new ContainerLog(path, { maxSize: 2 * (headLength + 2), maxFiles: 1 });
  for (const letter of "abc") log.write("stdout", bytes(`${letter}\n`));
  log.close();
  expect(readdirSync(directory.path)).toEqual(["log"]);
  expect(entries(path)).toEqual([["stdout", true, "c"]]);
});

test("a log goes on after a restart, also behind half an entry", () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "log");
  writeFileSync(path, "2026-01-02T15:04:05.00");
  const log = new ContainerLog(path, roomy);
  log.write("stdout", bytes("next\n"));
  log.close();
  const [half, next] = readFileSync(path, "latin1").split("\n");
  expect(half).toBe("2026-01-02T15:04:05.00");
  expect(next).toEndWith(" stdout F next");
});

test("a log whose directory is gone loses what is written, and fails nobody", () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "gone", "log");
  expect(() => new ContainerLog(path, roomy)).toThrow("ENOENT");
  using second = temporaryDirectory();
  const log = new ContainerLog(join(second.path, "log"), { maxSize: 100, maxFiles: 2 });
  rmSync(second.path, { recursive: true });
  for (let index = 0; index < 10; index++) log.write("stdout", bytes("x\n"));
  log.close();
  expect(existsSync(second.path)).toBe(false);
});

test("what does not fit on the disk is left out by whole entries", () => {
  const log = new ContainerLog("/dev/full", roomy);
  expect(() => log.write("stdout", bytes("x\n"))).not.toThrow();
  log.close();
});
