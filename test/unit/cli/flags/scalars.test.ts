import { expect, test } from "bun:test";
import { parseBoolean, parseInteger } from "../../../../src/cli/flags/scalars.ts";

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
