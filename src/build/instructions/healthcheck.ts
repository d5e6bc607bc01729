import { parseGoDuration } from "../../base/go-duration.ts";
import type { Healthcheck } from "../../oci/types.ts";
import { DockerfileError } from "../dockerfile-error.ts";
import { readFlags } from "./flags.ts";

/** HEALTHCHECK: `words` are its type and the command, `json` says how the command was written. */
export function readHealthcheck(
  words: readonly string[],
  json: boolean,
  given: readonly string[],
): Healthcheck {
  const [first, ...command] = words;
  if (first === undefined) throw new DockerfileError("HEALTHCHECK requires at least one argument");
  const type = first.toUpperCase();
  if (type === "NONE") {
    if (command.length > 0) throw new DockerfileError("HEALTHCHECK NONE takes no arguments");
    return { Test: ["NONE"] };
  }
  const flags = readFlags(given, {
    interval: "text",
    timeout: "text",
    "start-period": "text",
    "start-interval": "text",
    retries: "text",
  });
  if (type !== "CMD")
    throw new DockerfileError(`Unknown type ${JSON.stringify(type)} in HEALTHCHECK (try CMD)`);
  if (command.length === 0) throw new DockerfileError("Missing command after HEALTHCHECK CMD");
  return {
    Test: json ? ["CMD", ...command] : ["CMD-SHELL", command.join(" ")],
    ...nanoseconds("Interval", flags.interval, "interval"),
    ...nanoseconds("Timeout", flags.timeout, "timeout"),
    ...nanoseconds("StartPeriod", flags["start-period"], "start-period"),
    ...nanoseconds("StartInterval", flags["start-interval"], "start-interval"),
    ...retries(flags.retries),
  };
}

function nanoseconds<K extends string>(key: K, text: string, flag: string): { [P in K]?: number } {
  if (text === "") return {};
  const milliseconds = parseGoDuration(text);
  if (milliseconds === undefined) throw new DockerfileError(`time: invalid duration ${JSON.stringify(text)}`);
  if (milliseconds === 0) return {};
  if (milliseconds < 1) throw new DockerfileError(`Interval ${JSON.stringify(flag)} cannot be less than 1ms`);
  return { [key]: milliseconds * 1e6 } as { [P in K]?: number };
}

function retries(text: string): { Retries?: number } {
  if (text === "") return {};
  if (!/^[+-]?\d{1,9}$/.test(text))
    throw new DockerfileError(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`);
  const count = Number(text);
  if (count < 0) throw new DockerfileError(`--retries cannot be negative (${count})`);
  return count === 0 ? {} : { Retries: count };
}
