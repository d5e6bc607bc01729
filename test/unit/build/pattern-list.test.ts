import { expect, test } from "bun:test";
import { PatternList } from "../../../src/build/ignore/pattern-list.ts";
import { expectLinearTime } from "../../support/linear-time.ts";

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
  const list = new PatternList([`**/**/**/**/**/${"a*b*c*d*".repeat(10)}`, "*a".repeat(100)]);
  for (const piece of ["a", "a/", "abcd"])
    expectLinearTime(400, (size) => list.ignores(piece.repeat(size / piece.length)));
});
