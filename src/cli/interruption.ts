import { isBerthError } from "../base/errors.ts";
import { exitCode } from "./exit-codes.ts";

/** The person or the system asked us to stop; the command line ends with 128 plus the signal's number and no message. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  constructor(readonly status: number) {
    super("interrupted");
  }
}

const signals = [
  ["SIGHUP", 1],
  ["SIGINT", 2],
  ["SIGTERM", 15],
] as const;

/**
 * Does `work` with a signal that SIGINT, SIGTERM and SIGHUP abort, so that it can undo what it began. Throws
 * Interrupted when it fails after that; a second signal of the same kind ends the process at once.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let received: number | undefined;
  const listeners: Array<() => void> = [];
  for (const [name, number] of signals) {
    const listener = () => {
      received ??= number;
      controller.abort(new Interrupted(exitCode.signal + number));
    };
    process.once(name, listener);
    listeners.push(() => process.removeListener(name, listener));
  }
  try {
    return await work(controller.signal);
  } catch (error) {
    const isAbort = error instanceof Interrupted || isBerthError(error, "interrupted") || isAbortError(error);
    if (received !== undefined && isAbort) throw new Interrupted(exitCode.signal + received);
    throw error;
  } finally {
    for (const remove of listeners) remove();
  }
}

const isAbortError = (error: unknown) => error instanceof Error && error.name === "AbortError";
