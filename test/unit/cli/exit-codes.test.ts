import { expect, test } from "bun:test";
import { BerthError, type ErrorCode } from "../../../src/base/errors.ts";
import { ExitError, exitCodeOf, type FailureStyle } from "../../../src/cli/exit-codes.ts";
import { FlagError } from "../../../src/cli/flags/parse.ts";

const rows: Array<[ErrorCode, FailureStyle, number]> = [
  ["command-not-found", "run", 127],
  ["command-not-executable", "run", 126],
  ["not-found", "run", 125],
  ["conflict", "run", 125],
  ["internal", "run", 125],
  ["not-found", "plain", 1],
  ["command-not-found", "plain", 1],
  ["usage", "plain", 1],
];
test.each(rows)("%s in a %s command ends with %d", (code, style, status) => {
  expect(exitCodeOf(new BerthError(code, "x"), style)).toBe(status);
});

test("a wrong flag is 125 everywhere, and a status of one's own wins", () => {
  expect(exitCodeOf(new FlagError("unknown flag: --x"), "plain")).toBe(125);
  expect(exitCodeOf(new ExitError(64, new Error("x")), "run")).toBe(64);
  expect(exitCodeOf(new Error("anything"), "run")).toBe(125);
  expect(exitCodeOf("not even an error", "plain")).toBe(1);
});
