import { BerthError } from "../base/errors.ts";

/** The error for work that its caller called off; a BerthError given as the reason is passed on as it is. */
export function interrupted(signal: AbortSignal | undefined): BerthError {
  const reason: unknown = signal?.reason;
  return reason instanceof BerthError
    ? reason
    : new BerthError("interrupted", "the transfer was interrupted", { cause: reason });
}

/** Waits for `promise`, but no longer than until the signal fires; the work behind the promise goes on. */
export function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(interrupted(signal));
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
