import { expect, test } from "bun:test";
import { parseDecimal, parsePaxTime, parseTarNumber } from "../../../../src/archive/layer/tar-number.ts";

const field = (text: string) => parseTarNumber(Buffer.from(text, "latin1"), 0, text.length);

test.each([
  ["0000644\0", 0o644],
  ["   644 \0", 0o644],
  ["\0\0\0\0", 0],
  ["777", 0o777],
  ["\x80\0\0\0\0\0\0\0\0\0\x01\0", 256],
  ["\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", -1],
  ["\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0", -256],
])("the field %j is the number %i", (text, value) => {
  expect(field(text)).toBe(value);
});

test.each([
  "0000008\0",
  "12x",
  "1 2",
  "7\x007",
  "-1",
  "0x10",
  "\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
])("the field %j is no number", (text) => {
  expect(field(text)).toBeUndefined();
});

test("decimal numbers are digits only and safe", () => {
  expect(parseDecimal("0")).toBe(0);
  expect(parseDecimal("9007199254740991")).toBe(2 ** 53 - 1);
  for (const text of ["", "-1", "+1", " 1", "1.0", "1e3", "9007199254740993", "1\n"])
    expect(parseDecimal(text)).toBeUndefined();
});

test.each([
  ["12.5", 12n, 500_000_000],
  ["12", 12n, 0],
  ["12.", 12n, 0],
  ["1.1234567899", 1n, 123_456_789],
  ["-1.5", -2n, 500_000_000],
  ["-3", -3n, 0],
])("the PAX time %s is %p seconds and %p nanoseconds", (text, seconds, nanoseconds) => {
  expect(parsePaxTime(text)).toEqual({ seconds, nanoseconds });
});

test.each(["", "x", "1,5", "1e9", "--1", ".5", "1".repeat(16)])("%j is no PAX time", (text) => {
  expect(parsePaxTime(text)).toBeUndefined();
});
