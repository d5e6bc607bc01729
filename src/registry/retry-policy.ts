import { isTransient, type TransferFailure } from "./transfer-failure.ts";
import { interrupted } from "./interruption.ts";

export interface RetryPolicy {
  /** Tries without progress, the first one included. */
  readonly attempts: number;
  /** The first wait; each further one is twice as long. */
  readonly baseMs: number;
  readonly maximumMs: number;
}

export const defaultRetryPolicy: RetryPolicy = { attempts: 5, baseMs: 500, maximumMs: 30_000 };

/** A server that asks for a longer wait than this gets no further try: the person decides. */
const longestRetryAfterMs = 120_000;

/** `Retry-After` (RFC 9110 section 10.2.3), seconds or an HTTP date, as milliseconds from `now`; undefined if malformed. */
export function parseRetryAfter(header: string | null, now: number): number | undefined {
  const text = header?.trim() ?? "";
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  if (!/^[A-Za-z]{3}, \d\d [A-Za-z]{3} \d{4} \d\d:\d\d:\d\d GMT$/.test(text)) return undefined;
  const date = Date.parse(text);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** Waits between tries: exponential, up to a quarter longer at random, so that many clients do not come back together. */
export function backoffMs(policy: RetryPolicy, failures: number, random: number): number {
  return Math.min(policy.maximumMs, policy.baseMs * 2 ** (failures - 1)) * (1 + random / 4);
}

export interface AttemptsOptions {
  readonly policy: RetryPolicy;
  /** Told before each wait, in seconds. */
  readonly notify: ((seconds: number) => void) | undefined;
  readonly signal: AbortSignal | undefined;
  /** Whether the registry answered before: a refused connection is then an interruption, not the answer. */
  readonly wasReached: () => boolean;
}

/** The tries for one object. Progress starts the count again. */
export class Attempts {
  readonly #policy: RetryPolicy;
  readonly #notify: ((seconds: number) => void) | undefined;
  readonly #signal: AbortSignal | undefined;
  readonly #wasReached: () => boolean;
  #failures = 0;

  constructor(options: AttemptsOptions) {
    this.#policy = options.policy;
    this.#notify = options.notify;
    this.#signal = options.signal;
    this.#wasReached = options.wasReached;
  }

  progressed(): void {
    this.#failures = 0;
  }

  /** Runs `attempt` until it succeeds, fails for good, or the tries are spent. */
  async run<T>(attempt: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await attempt();
      } catch (error) {
        await this.waitAfter(error);
      }
    }
  }

  /** Waits until the next try may begin; throws `error` when there is none. */
  async waitAfter(error: unknown): Promise<void> {
    if (!isTransient(error, this.#wasReached())) throw error;
    this.#failures += 1;
    if (this.#failures >= this.#policy.attempts) throw error;
    const ms = this.#delayAfter(error);
    this.#notify?.(Math.max(1, Math.round(ms / 1000)));
    await pause(ms, this.#signal);
  }

  #delayAfter(failure: TransferFailure): number {
    const own = backoffMs(this.#policy, this.#failures, Math.random());
    if (failure.retryAfterMs === undefined) return own;
    if (failure.retryAfterMs > longestRetryAfterMs) throw failure;
    return Math.max(own, failure.retryAfterMs);
  }
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(interrupted(signal));
      return;
    }
    const onAbort = () => {
      clearTimeout(timer);
      reject(interrupted(signal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
