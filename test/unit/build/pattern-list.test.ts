import { expect, test } from "bun:test";
import { PatternList } from "../../../src/build/ignore/pattern-list.ts";

test("an ignored directory is entered only where an exception may lead", () => {
  const list = new PatternList(["node_modules", "docs", "!docs/api/*.md", "out", "!**/keep"]);
  expect(["node_modules", "docs", "docs/api"].map((path) => list.ignores(path))).toEqual([true, true, true]);
  expect(new PatternList(["docs", "!docs/api/*.md"]).mayReturnBelow("docs")).toBe(true);
  expect(new PatternList(["docs", "!docs/api/*.md"]).mayReturnBelow("docs/other")).toBe(false);
  expect(new PatternList(["docs", "!src/a"]).mayReturnBelow("docs")).toBe(false);
  expect(list.mayReturnBelow("out")).toBe(true);
  expect(list.ignores("docs/api/a.md")).toBe(false);
  expect(list.ignores("docs/api/a.txt")).toBe(true);
});

test("matching takes linear time (security case D8)", () => {
  const started = performance.now();
  const list = new PatternList([`**/**/**/**/**/${"a*b*c*d*".repeat(10)}`, "*a".repeat(100)]);
  for (const path of ["a".repeat(10_000), "a/".repeat(5_000), "abcd".repeat(2_500)]) list.ignores(path);
  expect(performance.now() - started).toBeLessThan(1000);
});
