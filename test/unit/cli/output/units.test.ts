import { describe, expect, test } from "bun:test";
import { parseSize } from "../../../../src/base/parse-size.ts";
import {
  bytesSize,
  humanDuration,
  humanSize,
  humanSizeFine,
  humanSizeWithPrecision,
} from "../../../../src/cli/output/units.ts";

test.each([
  [0, "0B"],
  [1, "1B"],
  [999, "999B"],
  [1000, "1kB"],
  [1125, "1.12kB"],
  [1500, "1.5kB"],
  [55_340_000, "55.3MB"],
  [132_700_000, "133MB"],
  [1_089_500_000, "1.09GB"],
  [999_949, "1e+03kB"],
  [999_499, "999kB"],
  [1e15, "1PB"],
  [1e30, "1e+06YB"],
])("%d bytes are %s", (bytes, text) => expect(humanSize(bytes)).toBe(text));

test.each([
  [55_340_000, "55.34MB"],
  [1_000_000, "1MB"],
  [12_345, "12.35kB"],
])("%d bytes are finely %s", (bytes, text) => expect(humanSizeFine(bytes)).toBe(text));

test.each([
  [1500, "1.465KiB"],
  [7_864_320, "7.5MiB"],
  [16_642_998_272, "15.5GiB"],
  [1023, "1023B"],
])("%d bytes of memory are %s", (bytes, text) => expect(bytesSize(bytes)).toBe(text));

test("precision is significant digits", () => expect(humanSizeWithPrecision(123_456, 2)).toBe("1.2e+02kB"));

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
test.each([
  [-5 * second, "Less than a second"],
  [999, "Less than a second"],
  [second, "1 second"],
  [59.9 * second, "59 seconds"],
  [minute, "About a minute"],
  [119 * second, "About a minute"],
  [2 * minute, "2 minutes"],
  [59.9 * minute, "59 minutes"],
  [hour, "About an hour"],
  [89 * minute, "About an hour"],
  [90 * minute, "2 hours"],
  [47 * hour, "47 hours"],
  [47.5 * hour, "2 days"],
  [48 * hour, "2 days"],
  [13 * day, "13 days"],
  [14 * day, "2 weeks"],
  [59 * day, "8 weeks"],
  [60 * day, "2 months"],
  [23 * 30 * day, "23 months"],
  [2 * 365 * day, "2 years"],
  [56 * 365.25 * day, "56 years"],
])("%d ms are %s", (milliseconds, text) => expect(humanDuration(milliseconds)).toBe(text));

describe("sizes are read as Docker reads memory", () => {
  test.each([
    ["0", 0],
    ["32", 32],
    ["32b", 32],
    ["32B", 32],
    ["32k", 32 * 1024],
    ["32K", 32 * 1024],
    ["32kb", 32 * 1024],
    ["32KiB", 32 * 1024],
    ["64m", 64 * 1024 ** 2],
    ["32.5 MB", 32.5 * 1024 ** 2],
    ["1g", 1024 ** 3],
    ["2T", 2 * 1024 ** 4],
    [".3kB", 307],
    ["0.3 K", 307],
    ["1.", 1],
  ])("%s", (text, bytes) => expect(parseSize(text)).toBe(bytes));

  test.each([
    "",
    "hello",
    "-32",
    " 32 ",
    "32 mi",
    "32.mib5",
    "32 k b",
    "32kbb",
    "32x",
    "1ee5",
    "9999999p",
    "NaN",
    "Infinity",
  ])("%j is refused", (text) => expect(() => parseSize(text)).toThrow(/^invalid (size|suffix): '/));
});
