import { afterEach, beforeEach, expect, test } from "bun:test";
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { openOutputFile } from "../../../../src/cli/output/output-file.ts";
import { temporaryDirectory } from "../../../support/temporary-directory.ts";

let directory: ReturnType<typeof temporaryDirectory>;
beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => directory[Symbol.dispose]());
const at = (name: string) => join(directory.path, name);
const bytes = Buffer.from("new");

test("a file appears when it is committed, for its owner alone", () => {
  {
    using file = openOutputFile(at("out"));
    file.write(bytes);
    expect(readdirSync(directory.path)).not.toContain("out");
    file.commit();
  }
  expect(readdirSync(directory.path)).toEqual(["out"]);
  expect(readFileSync(at("out"), "utf8")).toBe("new");
  expect(statSync(at("out")).mode & 0o777).toBe(0o600);
});

test("without a commit everything is as before", () => {
  writeFileSync(at("out"), "old");
  {
    using file = openOutputFile(at("out"));
    file.write(bytes);
  }
  expect(readdirSync(directory.path)).toEqual(["out"]);
  expect(readFileSync(at("out"), "utf8")).toBe("old");
});

test("a link stays and what it leads to is replaced", () => {
  mkdirSync(at("below"));
  writeFileSync(at("below/real"), "old");
  symlinkSync("below/real", at("link"));
  {
    using file = openOutputFile(at("link"));
    file.write(bytes);
    file.commit();
  }
  expect(lstatSync(at("link")).isSymbolicLink()).toBe(true);
  expect(readFileSync(at("below/real"), "utf8")).toBe("new");
});

test("a device is written to and stays a device", () => {
  {
    using file = openOutputFile("/dev/null");
    file.write(bytes);
    file.commit();
  }
  expect(statSync("/dev/null").isCharacterDevice()).toBe(true);
});

test("a directory, a place that is not there and one below a file are refused", () => {
  writeFileSync(at("file"), "");
  expect(() => openOutputFile(directory.path)).toThrow("is a directory");
  expect(() => openOutputFile(at("no/out"))).toThrow("does not exist");
  expect(() => openOutputFile(at("file/out"))).toThrow("cannot write");
});
