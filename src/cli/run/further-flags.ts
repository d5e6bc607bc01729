/**
 * The flags of `run` and `create` that few calls name, and what they ask for. Loaded with the first of them: a third of what
 * it takes to read the words of an ordinary `run`.
 */
import type { RunOptions } from "../../engine/run-options.ts";
import { type FlagValues, flag } from "../flags/spec.ts";
import { healthFlags, healthOptions } from "./health-options.ts";
import { isolationFlags } from "./isolation-flags.ts";
import { isolationOptions } from "./isolation-options.ts";
import { buildRunLimits, deviceLimitFlags, limitFlags } from "./limit-flags.ts";
import { logDrivers, parseLogOption } from "./log-option.ts";

export const furtherFlags = {
  ...isolationFlags,
  ...limitFlags,
  ...deviceLimitFlags,
  ...healthFlags,
  "log-driver": flag.text("Logging driver for the container", { completes: logDrivers }),
  "log-opt": flag.list("Log driver options"),
} as const;

/** Throws BerthError. What none of the flags says is left out. */
export function furtherOptions(
  flags: FlagValues<typeof furtherFlags>,
  surroundings: Parameters<typeof isolationOptions>[1],
): Partial<RunOptions> {
  const logging = parseLogOption(flags["log-driver"], flags["log-opt"]);
  const resources = buildRunLimits(flags);
  const healthcheck = healthOptions(flags);
  const cgroupParent = flags["cgroup-parent"];
  return {
    ...isolationOptions(flags, surroundings),
    ...(logging === undefined ? {} : { logging }),
    ...(resources === undefined ? {} : { resources }),
    ...(cgroupParent ? { cgroupParent } : {}),
    ...(healthcheck === undefined ? {} : { healthcheck }),
  };
}
