import { BerthError } from "../../base/errors.ts";
import { parseGoDuration } from "../../base/go-duration.ts";
import type { Healthcheck } from "../../oci/types.ts";
import { type FlagValues, flag } from "../flags/spec.ts";

function checkDuration(text: string): void {
  if (parseGoDuration(text) === undefined) throw new Error(`time: invalid duration ${JSON.stringify(text)}`);
}

const duration = (description: string) =>
  flag.text(`${description} (ms|s|m|h) (default 0s)`, { type: "duration", check: checkDuration });

export const healthFlags = {
  "health-cmd": flag.text("Command to run to check health"),
  "health-interval": duration("Time between running the check"),
  "health-retries": flag.integer("Consecutive failures needed to report unhealthy"),
  "health-start-interval": duration("Time between running the check during the start period"),
  "health-start-period": duration(
    "Start period for the container to initialize before starting health-retries countdown",
  ),
  "health-timeout": duration("Maximum time to allow one check to run"),
  "no-healthcheck": flag.boolean("Disable any container-specified HEALTHCHECK"),
} as const;

/** What was asked for, by the names that images use; undefined leaves it to the image. Throws as Docker does. */
export function healthOptions(flags: FlagValues<typeof healthFlags>): Healthcheck | undefined {
  const retries = flags["health-retries"] ?? 0;
  if (retries < 0) throw refuse("--health-retries cannot be negative");
  const asked: Healthcheck = {
    ...(flags["health-cmd"] ? { Test: ["CMD-SHELL", flags["health-cmd"]] } : {}),
    ...nanoseconds("Interval", "health-interval", flags),
    ...nanoseconds("Timeout", "health-timeout", flags),
    ...nanoseconds("StartPeriod", "health-start-period", flags),
    ...nanoseconds("StartInterval", "health-start-interval", flags),
    ...(retries > 0 ? { Retries: retries } : {}),
  };
  const isAsked = Object.keys(asked).length > 0;
  if (!flags["no-healthcheck"]) return isAsked ? asked : undefined;
  if (isAsked) throw refuse("--no-healthcheck conflicts with --health-* options");
  return { Test: ["NONE"] };
}

type DurationFlag = {
  [K in keyof typeof healthFlags]: (typeof healthFlags)[K] extends ReturnType<typeof duration> ? K : never;
}[keyof typeof healthFlags];

function nanoseconds<K extends string>(
  key: K,
  name: DurationFlag,
  flags: FlagValues<typeof healthFlags>,
): { [P in K]?: number } {
  const milliseconds = parseGoDuration(flags[name] ?? "0") ?? 0;
  if (milliseconds < 0) throw refuse(`--${name} cannot be negative`);
  if (milliseconds === 0) return {};
  if (milliseconds < 1) throw refuse(`${key} in Healthcheck cannot be less than 1ms`);
  return { [key]: Math.round(milliseconds * 1e6) } as { [P in K]?: number };
}

const refuse = (message: string) => new BerthError("usage", message);
