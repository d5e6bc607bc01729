import { describe, expect, test } from "bun:test";
import { meaningOf, splitEntryPath } from "../../../../src/archive/layer/entry-path.ts";

describe("a name", () => {
  test.each([
    ["a/b", ["a", "b"]],
    ["./a//b/", ["a", "b"]],
    ["/etc/passwd", ["etc", "passwd"]],
    ["a/../b", ["b"]],
    ["a/./../a", ["a"]],
    ["", []],
    ["./", []],
    ["...", ["..."]],
    ["a\\..\\b", ["a\\..\\b"]],
    ["\xe9/ ", ["\xe9", " "]],
  ])("%j is the parts %p", (name, parts) => {
    expect(splitEntryPath(name)).toEqual(parts);
  });

  test.each(["..", "../x", "/..", "/../x", "a/../../x", "./../", "a/b/../../../a"])(
    "%j leads out",
    (name) => {
      expect(() => splitEntryPath(name)).toThrow(
        `layer entry "${name}" refused: its name leads out of the root`,
      );
    },
  );

  test("as a link target is refused in the name of the entry", () => {
    expect(() => splitEntryPath("../x", "entry")).toThrow(
      'layer entry "entry" refused: its target leads out',
    );
  });
});

describe("a whiteout", () => {
  const meaning = (name: string) => meaningOf(splitEntryPath(name), name);

  test.each([
    ["a", { kind: "entry" }],
    ["a/b.wh.", { kind: "entry" }],
    [".wha", { kind: "entry" }],
    ["a/.wh.b", { kind: "whiteout", name: "b" }],
    [".wh....", { kind: "whiteout", name: "..." }],
    ["a/.wh..wh..opq", { kind: "opaque" }],
    [".wh..wh.plnk", { kind: "aufs" }],
    ["a/.wh..wh.plnk/b", { kind: "aufs" }],
  ] as const)("%j means %p", (name, expected) => {
    expect(meaning(name)).toEqual(expected);
  });

  test.each([".wh.", ".wh..", ".wh...", "a/.wh..", "a/.wh.b/c"])("%j is refused", (name) => {
    expect(() => meaning(name)).toThrow("refused");
  });
});
