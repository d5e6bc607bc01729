import { expect, test } from "bun:test";
import { parseLogOption } from "../../../../src/cli/run/log-option.ts";

test("nothing asked for is nothing", () => {
  expect(parseLogOption(undefined, [])).toBeUndefined();
  expect(parseLogOption("", [])).toBeUndefined();
});

test("sizes are decimal, as Docker's logging drivers take them", () => {
  const options = { "max-size": "10m", "max-file": "3", labels: "a,b", env: "X" };
  expect(
    parseLogOption(
      "json-file",
      Object.entries(options).map((pair) => pair.join("=")),
    ),
  ).toEqual({ driver: "json-file", options, maxSize: 10_000_000, maxFiles: 3 });
  expect(parseLogOption(undefined, ["max-size=1k"])).toMatchObject({ driver: "k8s-file", maxSize: 1000 });
});

test.each([
  ["syslog", [], "log driver syslog is not supported: berth keeps logs in files only"],
  ["nothing", [], "logger: no log driver named 'nothing' is registered"],
  ["none", ["max-size=1m"], "invalid logging opts for driver none"],
  ["local", ["max-size"], "invalid logging option: max-size"],
  ["local", ["max-size=0"], "max-size must be a positive number"],
  ["local", ["max-size=much"], "invalid size: 'much'"],
  ["local", ["max-file=0"], "max-file cannot be less than 1"],
  ["local", ["max-file=1.5"], "max-file cannot be less than 1"],
  ["local", ["compress=true"], "unknown log opt 'compress' for local log driver"],
] as const)("%s with %j is refused", (driver, words, message) => {
  expect(() => parseLogOption(driver, words)).toThrow(message);
});
