import { expect, test } from "bun:test";
import { parseContentRange } from "../../../src/registry/content-range.ts";

test("a range of bytes with and without the size", () => {
  expect(parseContentRange("bytes 5-9/10")).toEqual({ first: 5, last: 9, size: 10 });
  expect(parseContentRange("Bytes 0-0/*")).toEqual({ first: 0, last: 0 });
});

for (const header of [
  null,
  "",
  "bytes */10",
  "bytes 5-4/10",
  "bytes 5-10/10",
  "bytes -1-4/10",
  "items 0-1/2",
  "bytes 0-1",
]) {
  test(`${header} is no range`, () => {
    expect(parseContentRange(header)).toBeUndefined();
  });
}
