import { expect, test } from "bun:test";
import { editDistance } from "../../../src/base/edit-distance.ts";
import { closest } from "../../../src/cli/suggestion.ts";

test.each([
  ["", "", 0],
  ["pull", "pull", 0],
  ["pul", "pull", 1],
  ["plul", "pull", 1],
  ["pulls", "pull", 1],
  ["full", "pull", 1],
  ["kitten", "sitting", 3],
])("%j is away from %j by %d", (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
});

test("a near word is suggested, a far or short one is not", () => {
  const known = ["run", "rm", "pull", "images", "history"];
  expect(closest("imagse", known)).toBe("images");
  expect(closest("PULL", known)).toBe("pull");
  expect(closest("ru", known)).toBeUndefined();
  expect(closest("frobnicate", known)).toBeUndefined();
});
