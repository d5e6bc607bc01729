import { describe, expect, test } from "bun:test";
import {
  delayOf,
  healthAfter,
  type HealthTiming,
  probeCommand,
  settleHealthcheck,
  startingHealth,
  timingOf,
} from "../../../src/engine/health-state.ts";
import type { ContainerHealth } from "../../../src/store/types.ts";

const timing: HealthTiming = {
  interval: 30_000,
  timeout: 1000,
  startPeriod: 10_000,
  startInterval: 2000,
  retries: 3,
};

/** A container on a clock of its own: each check starts when the one before says, takes 100 ms, and answers what is given. */
function life(answers: readonly number[], times: HealthTiming = timing) {
  const startedAt = Date.parse("2026-01-02T03:04:05.000Z");
  let now = startedAt;
  let health: ContainerHealth = startingHealth;
  const seen: [seconds: number, status: string, streak: number][] = [];
  for (const exitCode of answers) {
    now += delayOf(health, times, now - startedAt);
    const start = now;
    now += 100;
    health = healthAfter(health, { start, end: now, exitCode, output: `${seen.length}` }, times, startedAt);
    seen.push([(start - startedAt) / 1000, health.status, health.failingStreak]);
  }
  return { seen, health };
}

describe("health", () => {
  test("is unhealthy after so many failures in a row, and healthy after one success", () => {
    const { seen } = life([1, 1, 0, 1, 1, 1, 1, 0], { ...timing, startPeriod: 0 });
    expect(seen.map(([, status, streak]) => [status, streak])).toEqual([
      ["starting", 1],
      ["starting", 2],
      ["healthy", 0],
      ["healthy", 1],
      ["healthy", 2],
      ["unhealthy", 3],
      ["unhealthy", 4],
      ["healthy", 0],
    ]);
  });

  test("is asked more often in the start period, in which failures do not count", () => {
    expect(life([1, 1, 1, 1, 1, 1, 1, 1]).seen).toEqual([
      [2, "starting", 0],
      [4.1, "starting", 0],
      [6.2, "starting", 0],
      [8.3, "starting", 0],
      [10.4, "starting", 1],
      [40.5, "starting", 2],
      [70.6, "unhealthy", 3],
      [100.7, "unhealthy", 4],
    ]);
  });

  test("once it was good, failures count also in the start period, at the ordinary pace", () => {
    expect(life([0, 1], { ...timing, startPeriod: 60_000 }).seen).toEqual([
      [2, "healthy", 0],
      [32.1, "healthy", 1],
    ]);
  });

  test("keeps the last five checks", () => {
    const { log } = life([0, 0, 0, 0, 0, 0, 7]).health;
    expect(log.map(({ output }) => output)).toEqual(["2", "3", "4", "5", "6"]);
    expect(log.at(-1)).toEqual({
      start: "2026-01-02T03:07:07.600Z",
      end: "2026-01-02T03:07:07.700Z",
      exitCode: 7,
      output: "6",
    });
  });
});

describe("a health check", () => {
  test("is the image's where nothing else was asked for", () => {
    const image = { Test: ["CMD", "true"], Interval: 1e9, Retries: 7 };
    expect(settleHealthcheck(undefined, image)).toEqual(image);
    expect(settleHealthcheck({ Test: ["CMD-SHELL", "x"], Interval: 2e9 }, image)).toEqual({
      Test: ["CMD-SHELL", "x"],
      Interval: 2e9,
      Retries: 7,
    });
    expect(settleHealthcheck({ Test: ["NONE"] }, image)).toMatchObject({ Test: ["NONE"] });
    expect(settleHealthcheck({ Interval: 1e9 }, null)).toBeUndefined();
    expect(settleHealthcheck(undefined, undefined)).toBeUndefined();
  });

  test("is a program, or a line for the image's shell", () => {
    expect(probeCommand({ Test: ["CMD", "a", "b"] }, undefined)).toEqual(["a", "b"]);
    expect(probeCommand({ Test: ["CMD-SHELL", "a b"] }, undefined)).toEqual(["/bin/sh", "-c", "a b"]);
    expect(probeCommand({ Test: ["CMD-SHELL", "a b"] }, ["/bin/bash", "-ec"])).toEqual([
      "/bin/bash",
      "-ec",
      "a b",
    ]);
    for (const Test of [["NONE"], [], ["CMD"], ["OTHER", "x"]])
      expect(probeCommand({ Test }, undefined)).toBeUndefined();
  });

  test("has Docker's defaults, and durations in nanoseconds", () => {
    expect(timingOf({})).toEqual({
      interval: 30_000,
      timeout: 30_000,
      startPeriod: 0,
      startInterval: 5000,
      retries: 3,
    });
    expect(timingOf({ Interval: 1_500_000, Retries: 1, StartPeriod: 2e9 })).toMatchObject({
      interval: 1.5,
      retries: 1,
      startPeriod: 2000,
    });
  });
});
