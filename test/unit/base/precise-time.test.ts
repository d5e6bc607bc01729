import { expect, setSystemTime, test } from "bun:test";
import { preciseNow, preciseTime } from "../../../src/base/precise-time.ts";

test("as text, in UTC and always as long", () => {
  expect(preciseTime(0)).toBe("1970-01-01T00:00:00.000000000Z");
  expect(preciseTime(Date.UTC(2026, 0, 2, 15, 4, 5, 123) + 0.456)).toBe("2026-01-02T15:04:05.123456000Z");
  expect(preciseTime(1.9996)).toBe("1970-01-01T00:00:00.002000000Z");
});

test("now is in the millisecond of the clock on the wall, also after that was set", () => {
  const start = Date.now();
  try {
    for (const step of [0, 1, 2, 5, 3_600_000, 3_600_001, -3_600_000]) {
      setSystemTime(start + step);
      const told = Array.from({ length: 1000 }, preciseNow);
      expect(told).toEqual(told.toSorted());
      for (const time of told) expect(Date.parse(time)).toBe(start + step);
    }
  } finally {
    setSystemTime();
  }
});

test("now tells more than milliseconds", () => {
  const told = Array.from({ length: 1000 }, preciseNow);
  const milliseconds = new Set(told.map((time) => Date.parse(time)));
  expect(new Set(told).size).toBeGreaterThan(2 * milliseconds.size);
});
