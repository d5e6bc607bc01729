import { expect, test } from "bun:test";
import { parseBoolean, parseBytes, parseInteger } from "../../../../src/cli/flags/scalars.ts";

test.each([
  ["0", 0],
  ["64", 64],
  ["64b", 64],
  ["64k", 65_536],
  ["64m", 67_108_864],
  ["64MB", 67_108_864],
  ["64MiB", 67_108_864],
  ["1.5g", 1_610_612_736],
])("bytes: %s is %d", (text, bytes) => {
  expect(parseBytes(text)).toBe(bytes);
});

test.each(["", "m", "-1", "1x", "1kk", "1e3", "0x10", " 1", "99999999t"])("bytes: %j is refused", (text) => {
  expect(() => parseBytes(text)).toThrow(`invalid size: '${text}'`);
});

test("booleans are Go's", () => {
  expect(["1", "t", "T", "TRUE", "true", "True"].map(parseBoolean)).not.toContain(false);
  expect(["0", "f", "F", "FALSE", "false", "False"].map(parseBoolean)).not.toContain(true);
  for (const text of ["", "yes", "tRUE", "2"]) expect(() => parseBoolean(text)).toThrow("invalid syntax");
});

test("integers are decimal and exact", () => {
  expect(parseInteger("-12")).toBe(-12);
  expect(parseInteger("+7")).toBe(7);
  for (const text of ["", "1.5", "0x1", "1e3", " 1"])
    expect(() => parseInteger(text)).toThrow("invalid syntax");
  expect(() => parseInteger("9007199254740993")).toThrow("value out of range");
});
