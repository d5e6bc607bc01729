import { expect, test } from "bun:test";
import { parseGoDuration } from "../../../src/base/go-duration.ts";
import { parseMoment } from "../../../src/engine/parse-moment.ts";

test.each([
  ["1h30m", 5_400_000],
  ["1.5h", 5_400_000],
  ["-10s", -10_000],
  ["250ms", 250],
  ["0", 0],
  [".5m", 30_000],
])("the duration %j has %d milliseconds", (text, expected) => {
  expect(parseGoDuration(text)).toBe(expected);
});

test("a moment is a duration ago, seconds since 1970, or a date", () => {
  expect(parseMoment("1h", 10_000_000)).toBe(10_000_000 - 3_600_000);
  expect(parseMoment("1700000000.5", 0)).toBe(1_700_000_000_500);
  expect(parseMoment("2026-01-02T03:04:05Z", 0)).toBe(Date.UTC(2026, 0, 2, 3, 4, 5));
  expect(parseMoment("2026-01-02T03:04:05+01:00", 0)).toBe(Date.UTC(2026, 0, 2, 2, 4, 5));
  expect(parseMoment("2026-01-02T03:04:05.123456Z", 0)).toBe(Date.UTC(2026, 0, 2, 3, 4, 5, 123) + 0.456);
  expect(parseMoment("2026-01-02", 0)).toBe(new Date(2026, 0, 2).getTime());
  expect(() => parseMoment("yesterday", 0)).toThrow('"yesterday" is neither a time nor a duration');
});
