import { BerthError } from "../../base/errors.ts";
import type { LogDriver, LoggingOption } from "../../engine/run-options.ts";
import { parseSize } from "../../base/parse-size.ts";

export const logDrivers: readonly LogDriver[] = ["json-file", "k8s-file", "local", "none"];

/** Docker's drivers that send logs somewhere else. */
const foreign = [
  "awslogs",
  "etwlogs",
  "fluentd",
  "gcplogs",
  "gelf",
  "journald",
  "passthrough",
  "splunk",
  "syslog",
];

/** `--log-driver` and `--log-opt`; undefined when nothing was asked for. Throws BerthError. */
export function parseLogOption(
  driver: string | undefined,
  words: readonly string[],
): LoggingOption | undefined {
  const options = Object.fromEntries(words.map(parseWord));
  if (!driver && words.length === 0) return undefined;
  const known = checkDriver(driver || "k8s-file");
  if (known === "none" && words.length > 0)
    throw new BerthError("invalid-argument", `invalid logging opts for driver ${known}`);
  let maxSize: number | undefined;
  let maxFiles: number | undefined;
  for (const [name, value] of Object.entries(options)) {
    switch (name) {
      case "max-size":
        maxSize = parseSize(value, 1000);
        if (maxSize <= 0) throw new BerthError("invalid-argument", "max-size must be a positive number");
        break;
      case "max-file":
        maxFiles = Number(/^\d+$/.test(value) ? value : "0");
        if (maxFiles < 1) throw new BerthError("invalid-argument", "max-file cannot be less than 1");
        break;
      case "labels":
      case "env":
        break;
      default:
        throw new BerthError("invalid-argument", `unknown log opt '${name}' for ${known} log driver`, {
          hint: "berth knows max-size, max-file, labels and env",
        });
    }
  }
  return {
    driver: known,
    options,
    ...(maxSize === undefined ? {} : { maxSize }),
    ...(maxFiles === undefined ? {} : { maxFiles }),
  };
}

function parseWord(word: string): [string, string] {
  const equals = word.indexOf("=");
  if (equals === -1)
    throw new BerthError("invalid-argument", `invalid logging option: ${word}`, {
      hint: "--log-opt NAME=VALUE",
    });
  return [word.slice(0, equals), word.slice(equals + 1)];
}

function checkDriver(name: string): LogDriver {
  const known = logDrivers.find((driver) => driver === name);
  if (known !== undefined) return known;
  const hint = "json-file, local and k8s-file all mean berth's own log file; none keeps none";
  if (foreign.includes(name))
    throw new BerthError(
      "unsupported",
      `log driver ${name} is not supported: berth keeps logs in files only`,
      { hint },
    );
  throw new BerthError("invalid-argument", `logger: no log driver named '${name}' is registered`, { hint });
}
