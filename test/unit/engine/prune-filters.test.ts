import { expect, test } from "bun:test";
import { pruneFilter } from "../../../src/engine/prune-filters.ts";

const now = Date.parse("2026-01-10T00:00:00Z");
const hour = 3_600_000;
const accepts = (filters: readonly string[], labels: Record<string, string> = {}, age = 0) =>
  pruneFilter(filters, now)({ createdAt: now - age, labels });

test("until keeps what is younger, and what has no date", () => {
  expect(accepts(["until=24h"], {}, 25 * hour)).toBe(true);
  expect(accepts(["until=24h"], {}, 23 * hour)).toBe(false);
  expect(accepts(["until=2026-01-09T12:00:00Z"], {}, 13 * hour)).toBe(true);
  expect(pruneFilter(["until=24h"], now)({ createdAt: undefined, labels: {} })).toBe(false);
  expect(pruneFilter([], now)({ createdAt: undefined, labels: {} })).toBe(true);
});

test.each([
  [["label=a"], { a: "1" }, true],
  [["label=a"], { b: "1" }, false],
  [["label=a=1"], { a: "1" }, true],
  [["label=a=1"], { a: "2" }, false],
  [["label=toString"], {}, false],
  [["label=a", "label=b"], { a: "1" }, false],
  [["label=a", "label=b"], { a: "1", b: "" }, true],
  [["label!=a"], { a: "1" }, false],
  [["label!=a"], {}, true],
  [["label!=a=1"], { a: "2" }, true],
  [["label!=a", "label!=b"], { a: "1" }, true],
  [["label!=a", "label!=b"], { a: "1", b: "1" }, false],
  [["label=a", "label!=b"], { a: "1", b: "1" }, false],
] as const)("%j accepts %j: %p", (filters, labels, expected) => {
  expect(accepts(filters, labels)).toBe(expected);
});

test("other filters, and two moments, are refused", () => {
  expect(() => pruneFilter(["dangling=true"])).toThrow("invalid filter 'dangling'");
  expect(() => pruneFilter(["until=1h", "until=2h"])).toThrow("more than one until filter specified");
  expect(() => pruneFilter(["until=soon"])).toThrow();
});
