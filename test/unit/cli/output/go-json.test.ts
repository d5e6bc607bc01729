import { expect, test } from "bun:test";
import { compareBytes, goJson } from "../../../../src/cli/output/go-json.ts";

test("HTML characters and line separators are escaped as Go does", () => {
  expect(goJson("<none> & \u2028\u2029")).toBe('"\\u003cnone\\u003e \\u0026 \\u2028\\u2029"');
  expect(goJson("<none> & \u2028", { escapeHtml: false })).toBe('"<none> & \\u2028"');
});

test("controls, quotes and unpaired surrogates", () => {
  expect(goJson('\b\f\n\r\t\u0001\u001f\u007f"\\é🐳\ud800')).toBe(
    '"\\b\\f\\n\\r\\t\\u0001\\u001f\\u007f\\"\\\\é🐳\ufffd"',
  );
});

test("what a terminal obeys is escaped, and means the same", () => {
  expect(goJson("\u009b31m\u0080")).toBe('"\\u009b31m\\u0080"');
});

test("indentation is Go's", () => {
  expect(goJson([{ a: [], b: {}, c: [1, null] }], { indent: "    " })).toBe(
    '[\n    {\n        "a": [],\n        "b": {},\n        "c": [\n            1,\n            null\n        ]\n    }\n]',
  );
});

test("undefined fields are left out, keys are sorted on request", () => {
  expect(goJson({ b: 1, a: undefined, A: { z: 1, y: 2 } })).toBe('{"b":1,"A":{"z":1,"y":2}}');
  expect(goJson({ b: 1, a: 2, A: { z: 1, y: 2 } }, { sortKeys: true })).toBe(
    '{"A":{"y":2,"z":1},"a":2,"b":1}',
  );
  expect(goJson(undefined)).toBe("null");
});

test("whatever is encoded reads back", () => {
  for (const value of [
    "</script>&",
    { "<a>": ["&"] },
    [1e21, 1e-7, 0.1],
    [[], {}],
    { __proto__: null, x: "\u2028" },
  ]) {
    expect(JSON.parse(goJson(value, { indent: "  " }))).toEqual(JSON.parse(JSON.stringify(value)));
  }
});

test("strings are ordered by code point, not by code unit", () => {
  expect(["\uffff", "🐳", "a"].sort(compareBytes)).toEqual(["a", "\uffff", "🐳"]);
});
