import type { RestartPolicy } from "../run-options.ts";

export interface RunEnd {
  readonly exitCode: number;
  /** Milliseconds. */
  readonly ranFor: number;
  /** Somebody stopped or killed it. */
  readonly stopped: boolean;
  /** Starts that the policy has made so far. */
  readonly restarts: number;
  /** Milliseconds waited before this run; undefined for the first one. */
  readonly previousDelay: number | undefined;
}

const firstDelay = 100;
const longestDelay = 60_000;

/** A run that lasted this long is a good one: the next delay is the first again. */
const goodRun = 10_000;

/** Milliseconds until the next start, or undefined: it stays ended. Docker's back-off (moby restartmanager). */
export function restartDelay(policy: RestartPolicy, end: RunEnd): number | undefined {
  if (end.stopped || !wantsRestart(policy, end)) return undefined;
  if (end.previousDelay === undefined || end.ranFor >= goodRun) return firstDelay;
  return Math.min(end.previousDelay * 2, longestDelay);
}

function wantsRestart(policy: RestartPolicy, { exitCode, restarts }: RunEnd): boolean {
  switch (policy.name) {
    case "no":
      return false;
    case "always":
    case "unless-stopped":
      return true;
    case "on-failure":
      return exitCode !== 0 && (policy.maximumRetries === 0 || restarts < policy.maximumRetries);
    default:
      return policy.name satisfies never;
  }
}
