import { expect, test } from "bun:test";
import { pathMatcher } from "../../../src/base/path-match.ts";

test.each([
  ["busybox", "busybox", true],
  ["busy*", "busybox", true],
  ["busy*", "busybox:latest", true],
  ["*", "a/b", false],
  ["*/*", "a/b", true],
  ["a?c", "abc", true],
  ["a?c", "a/c", false],
  ["[a-c]x", "bx", true],
  ["[^a-c]x", "bx", false],
  ["[^a-c]x", "dx", true],
  [String.raw`a\*`, "a*", true],
  [String.raw`a\*`, "ab", false],
  [String.raw`[\]a]`, "]", true],
  ["", "", true],
  ["", "a", false],
  ["alpine:3.*", "alpine:3.20", true],
])("pattern %j on %j: %j", (pattern, text, expected) => {
  expect(pathMatcher(pattern)(text)).toBe(expected);
});

test.each(["[", "[]", "[a", "[-a]", "[a-]", "\\", "a[^"])("pattern %j is malformed", (pattern) => {
  expect(() => pathMatcher(pattern)).toThrow(`syntax error in pattern: ${pattern}`);
});

test("many stars take time in proportion to the text, not a power of it", () => {
  const matches = pathMatcher(`${"*a".repeat(200)}b`);
  expect(matches("a".repeat(5000))).toBe(false);
});
