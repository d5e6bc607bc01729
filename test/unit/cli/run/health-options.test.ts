import { expect, test } from "bun:test";
import { healthFlags, healthOptions } from "../../../../src/cli/run/health-options.ts";
import { parseFlags } from "../../../../src/cli/flags/parse.ts";

function asked(...words: string[]) {
  const parsed = parseFlags(healthFlags, words, { interspersed: true });
  if (parsed.kind === "help") throw new Error("no help was asked for");
  return healthOptions(parsed.values);
}

test("flags become a health check as images have them", () => {
  expect(asked()).toBeUndefined();
  expect(
    asked("--health-cmd", "curl -f localhost", "--health-interval=1m30s", "--health-retries", "2"),
  ).toEqual({
    Test: ["CMD-SHELL", "curl -f localhost"],
    Interval: 90e9,
    Retries: 2,
  });
  expect(
    asked("--health-timeout=1.5ms", "--health-start-period=0s", "--health-start-interval=100ms"),
  ).toEqual({ Timeout: 1_500_000, StartInterval: 100_000_000 });
  expect(asked("--no-healthcheck")).toEqual({ Test: ["NONE"] });
});

test("wrong ones are refused in Docker's words", () => {
  const refusals: [string[], string][] = [
    [
      ["--health-interval", "soon"],
      'invalid argument "soon" for "--health-interval" flag: time: invalid duration "soon"',
    ],
    [["--health-interval=-1s"], "--health-interval cannot be negative"],
    [["--health-timeout=1us"], "Timeout in Healthcheck cannot be less than 1ms"],
    [["--health-retries=-1"], "--health-retries cannot be negative"],
    [["--no-healthcheck", "--health-cmd", "true"], "--no-healthcheck conflicts with --health-* options"],
  ];
  for (const [words, message] of refusals) expect(() => asked(...words)).toThrow(message);
});
