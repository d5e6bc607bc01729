import { expect, test } from "bun:test";
import { isDecimal } from "../../../src/base/decimal.ts";

test.each([
  ["0", true],
  ["0123456789", true],
  ["", false],
  ["-1", false],
  ["1 ", false],
  ["1\n", false],
  ["1e3", false],
  ["\u0661", false],
])("%j: %p", (text, answer) => {
  expect(isDecimal(text)).toBe(answer);
});

test("no more than so many digits", () => {
  expect([isDecimal("123", 3), isDecimal("1234", 3)]).toEqual([true, false]);
});
