import { describe, expect, test } from "bun:test";
import { restartDelay } from "../../../src/engine/monitor/restart-policy.ts";

const first = { exitCode: 1, ranFor: 50, stopped: false, restarts: 0, previousDelay: undefined };

describe("a container that ended is started again", () => {
  test("by always, unless-stopped and on-failure", () => {
    for (const name of ["always", "unless-stopped", "on-failure"] as const)
      expect(restartDelay({ name, maximumRetries: 0 }, first)).toBe(100);
  });

  test("by always after success too, by on-failure not", () => {
    expect(restartDelay({ name: "always", maximumRetries: 0 }, { ...first, exitCode: 0 })).toBe(100);
    expect(
      restartDelay({ name: "on-failure", maximumRetries: 0 }, { ...first, exitCode: 0 }),
    ).toBeUndefined();
  });

  test("never by no, and never when somebody stopped it", () => {
    expect(restartDelay({ name: "no", maximumRetries: 0 }, first)).toBeUndefined();
    expect(restartDelay({ name: "always", maximumRetries: 0 }, { ...first, stopped: true })).toBeUndefined();
  });

  test("by on-failure:3 three times", () => {
    const policy = { name: "on-failure", maximumRetries: 3 } as const;
    expect(restartDelay(policy, { ...first, restarts: 2 })).toBe(100);
    expect(restartDelay(policy, { ...first, restarts: 3 })).toBeUndefined();
  });

  test("after twice the time, a minute at most, and quickly again after a good run", () => {
    const policy = { name: "always", maximumRetries: 0 } as const;
    expect(restartDelay(policy, { ...first, previousDelay: 100 })).toBe(200);
    expect(restartDelay(policy, { ...first, previousDelay: 51_200 })).toBe(60_000);
    expect(restartDelay(policy, { ...first, previousDelay: 51_200, ranFor: 10_000 })).toBe(100);
  });
});
