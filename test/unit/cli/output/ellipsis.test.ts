import { expect, test } from "bun:test";
import { displayWidth, ellipsis } from "../../../../src/cli/output/ellipsis.ts";

test.each([
  ["t🐳ststring", 0, ""],
  ["t🐳ststring", 1, "t"],
  ["t🐳ststring", 2, "t…"],
  ["t🐳ststring", 6, "t🐳st…"],
  ["t🐳ststring", 20, "t🐳ststring"],
  ["你好世界teststring", 0, ""],
  ["你好世界teststring", 1, "你"],
  ["你好世界teststring", 3, "你…"],
  ["你好世界teststring", 6, "你好…"],
  ["你好世界teststring", 20, "你好世界teststring"],
  ["abcdef", 6, "abcdef"],
  ["abcdefg", 6, "abcde…"],
  ["", 1, ""],
])("%s in %d columns is %s", (text, width, expected) => expect(ellipsis(text, width)).toBe(expected));

test("the result never takes more columns than it may", () => {
  const text = "a你é\u0301🐳b世xyz".repeat(4);
  for (let width = 2; width < 60; width++)
    expect(displayWidth(ellipsis(text, width))).toBeLessThanOrEqual(width);
});
