import { exitCode } from "./exit-codes.ts";
import type { Host } from "./host.ts";

export interface EachOptions {
  /** These failures are said, but do not make the command fail (`rm -f` of what is not there). */
  readonly forgives?: (error: unknown) => boolean;
}

/**
 * Does `work` for every word, one after the other, and goes on after a failure, as Docker's commands on several objects
 * do. Every failure is said on stderr; the exit status is 1 if there was one.
 */
export async function forEach(
  words: readonly string[],
  host: Host,
  work: (word: string) => Promise<void>,
  options: EachOptions = {},
): Promise<number> {
  let status: number = exitCode.success;
  for (const word of words) {
    try {
      await work(word);
    } catch (error) {
      const { reportFailure } = await import("./diagnostics.ts");
      reportFailure(host, error, { debug: host.env.BERTH_DEBUG === "1" });
      if (options.forgives?.(error) !== true) status = exitCode.failure;
    }
  }
  return status;
}

/** The same, and says each word on stdout when its work is done, as Docker does where there is nothing else to say. */
export function forEachTold(
  words: readonly string[],
  host: Host,
  work: (word: string) => Promise<unknown>,
  options?: EachOptions,
): Promise<number> {
  return forEach(
    words,
    host,
    async (word) => {
      await work(word);
      host.stdout.write(`${word}\n`);
    },
    options,
  );
}
