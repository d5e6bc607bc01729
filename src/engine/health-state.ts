/** What health checks make of a container, as pure functions of their results and the time (moby daemon/health.go). */
import type { Healthcheck, ImageExecutionConfig } from "../oci/types.ts";
import type { ContainerHealth } from "../store/types.ts";

/** One check; times are milliseconds since 1970. */
export interface Probe {
  readonly start: number;
  readonly end: number;
  /** 0 is healthy; -1 when it could not be made, or not in time. */
  readonly exitCode: number;
  readonly output: string;
}

/** Milliseconds, except `retries`. */
export interface HealthTiming {
  readonly interval: number;
  readonly timeout: number;
  readonly startPeriod: number;
  readonly startInterval: number;
  readonly retries: number;
}

/** What was asked for with what the image says; undefined where there is nothing to check. */
export function settleHealthcheck(
  asked: Healthcheck | undefined,
  image: Healthcheck | null | undefined,
): Healthcheck | undefined {
  const check = { ...image, ...asked };
  return check.Test === undefined || check.Test.length === 0 ? undefined : check;
}

/** The program of a check; undefined for `NONE` and for what is no check. */
export function probeCommand(
  check: Healthcheck,
  shell: ImageExecutionConfig["Shell"],
): readonly string[] | undefined {
  const [kind, ...words] = check.Test ?? [];
  if (words.length === 0) return undefined;
  if (kind === "CMD") return words;
  return kind === "CMD-SHELL" ? [...(shell?.length ? shell : ["/bin/sh", "-c"]), ...words] : undefined;
}

export function timingOf(check: Healthcheck): HealthTiming {
  const milliseconds = (nanoseconds: number | undefined, otherwise: number) =>
    nanoseconds ? nanoseconds / 1e6 : otherwise;
  return {
    interval: milliseconds(check.Interval, 30_000),
    timeout: milliseconds(check.Timeout, 30_000),
    startPeriod: milliseconds(check.StartPeriod, 0),
    startInterval: milliseconds(check.StartInterval, 5000),
    retries: check.Retries && check.Retries > 0 ? check.Retries : 3,
  };
}

export const startingHealth: ContainerHealth = { status: "starting", failingStreak: 0, log: [] };

/** Milliseconds from the end of one check, or from the start of the container, to the next. */
export function delayOf(health: ContainerHealth, timing: HealthTiming, sinceStart: number): number {
  const inStartPeriod = sinceStart < timing.startPeriod && health.status === "starting";
  return inStartPeriod ? timing.startInterval : timing.interval;
}

const keptProbes = 5;

/** A container that was never healthy may fail during its start period; from then on each failure counts. */
export function healthAfter(
  health: ContainerHealth,
  probe: Probe,
  timing: HealthTiming,
  startedAt: number,
): ContainerHealth {
  const entry = {
    start: new Date(probe.start).toISOString(),
    end: new Date(probe.end).toISOString(),
    exitCode: probe.exitCode,
    output: probe.output,
  };
  const log = [...health.log, entry].slice(-keptProbes);
  if (probe.exitCode === 0) return { status: "healthy", failingStreak: 0, log };
  const forgiven = health.status === "starting" && probe.start - startedAt < timing.startPeriod;
  const failingStreak = health.failingStreak + (forgiven ? 0 : 1);
  return { status: failingStreak >= timing.retries ? "unhealthy" : health.status, failingStreak, log };
}
