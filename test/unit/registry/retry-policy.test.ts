import { describe, expect, test } from "bun:test";
import { backoffMs, parseRetryAfter } from "../../../src/registry/retry-policy.ts";

describe("Retry-After", () => {
  const now = Date.parse("2026-11-21T00:00:00Z");
  test("in seconds and as a date", () => {
    expect(parseRetryAfter("120", now)).toBe(120_000);
    expect(parseRetryAfter("Sat, 21 Nov 2026 00:00:05 GMT", now)).toBe(5000);
  });
  test("a date in the past is now", () => {
    expect(parseRetryAfter("Fri, 20 Nov 2026 00:00:00 GMT", now)).toBe(0);
  });
  for (const header of [null, "", "soon", "-1", "1.5", "99999999999", "2026-11-21"]) {
    test(`${header} says nothing`, () => {
      expect(parseRetryAfter(header, now)).toBeUndefined();
    });
  }
});

test("waits double up to the maximum, a quarter longer at most", () => {
  const policy = { attempts: 9, baseMs: 500, maximumMs: 3000 };
  expect([1, 2, 3, 4, 5].map((failures) => backoffMs(policy, failures, 0))).toEqual([
    500, 1000, 2000, 3000, 3000,
  ]);
  expect(backoffMs(policy, 1, 1)).toBe(625);
});
