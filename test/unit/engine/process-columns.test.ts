import { expect, test } from "bun:test";
import { choose } from "../../../src/engine/host-ps.ts";
import { columnsOf } from "../../../src/engine/process-columns.ts";

const noon = new Date(2026, 4, 6, 12, 0, 0).getTime() / 1000;
const status = { pid: 10, parent: 1, uid: 0, startedAt: noon - 60, cpuTime: 0, terminal: 0, command: "a b" };
const columns = (changes: Partial<typeof status>) => columnsOf({ ...status, ...changes }, "root", noon);

test("a process is a line of ps -ef", () => {
  expect(columns({})).toEqual(["root", "10", "1", "0", "11:59", "?", "00:00:00", "a b"]);
});

test("the share of a CPU is that of its whole life", () => {
  expect(columns({ cpuTime: 30 })[3]).toBe("50");
  expect(columns({ cpuTime: 600 })[3]).toBe("99");
  expect(columns({ startedAt: noon, cpuTime: 0.5 })[3]).toBe("50");
});

test("the start is a time today, a day this year, or a year", () => {
  expect(columns({ startedAt: noon - 12 * 3600 })[4]).toBe("00:00");
  expect(columns({ startedAt: noon - 13 * 3600 })[4]).toBe("May05");
  expect(columns({ startedAt: noon - 200 * 86_400 })[4]).toBe("2025");
});

test("terminals and times are as procps writes them", () => {
  expect(
    [0x8800, 0x8803, 0x8900 + 2, 0x401, 0x440, 0x501].map((terminal) => columns({ terminal })[5]),
  ).toEqual(["pts/0", "pts/3", "pts/258", "tty1", "ttyS0", "?"]);
  expect([59.9, 3661, 90_061].map((cpuTime) => columns({ cpuTime })[6])).toEqual([
    "00:00:59",
    "01:01:01",
    "1-01:01:01",
  ]);
});

test("of a list of ps the lines of the wanted processes remain, with their threads", () => {
  const output =
    "  PID  LWP CMD\n    1    - init x\n   20    - a  b\n    -   20 -\n    -   21 -\n   30    - c\n    -   30 -\n";
  expect(choose(output, new Set([20]))).toEqual({
    titles: ["PID", "LWP", "CMD"],
    processes: [
      ["20", "-", "a b"],
      ["-", "20", "-"],
      ["-", "21", "-"],
    ],
  });
  expect(() => choose("CMD\nx\n", new Set([1]))).toThrow("Couldn't find PID field in ps output");
});
