import { expect, test } from "bun:test";
import { constants } from "node:os";
import { parseSignal } from "../../../src/base/parse-signal.ts";

test.each([
  ["9", 9],
  ["KILL", 9],
  ["sigterm", 15],
  ["SIGRTMIN", 34],
  ["RTMIN+3", 37],
  ["SIGRTMAX-1", 63],
])("%s is a signal", (text, number) => {
  expect(parseSignal(text)).toBe(number);
});

test.each(["", "0", "65", "-1", "SIGNONE", "RTMAX-64", "9x"])("%s is none", (text) => {
  expect(() => parseSignal(text)).toThrow(`invalid signal: ${text}`);
});

test("every signal that node:os knows is one", () => {
  for (const [name, number] of Object.entries(constants.signals))
    if (number !== undefined) expect([name, parseSignal(name)]).toEqual([name, number]);
});
