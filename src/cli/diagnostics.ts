import { createConsola, type LogObject } from "consola/core";
import { BerthError, messageOf } from "../base/errors.ts";
import { FlagError } from "./flags/parse.ts";
import type { Host } from "./host.ts";
import { escapeControl } from "./output/escape-control.ts";

/**
 * Prints why a command failed: `berth: <message>`, then `hint: <what would work>`; with `debug` also the stack and the
 * causes. This module is imported only when there is something to say. It uses consola's core with one plain reporter:
 * consola's own reporters write through Node's stream objects, which cost 10 ms to make and may lose text at exit.
 */
export function reportFailure(
  host: Host,
  error: unknown,
  options: { trailer?: string; debug?: boolean },
): void {
  const talk = createConsola({
    level: options.debug === true ? 4 : 3,
    reporters: [{ log: (entry) => host.stderr.write(`${render(entry)}\n`) }],
  });
  // pflag's errors stand alone, all others say who speaks.
  talk.error(error instanceof FlagError ? printable(error.message) : `berth: ${printable(messageOf(error))}`);
  const hint = limitReached(error) ?? (error instanceof BerthError ? error.hint : undefined);
  if (hint !== undefined) talk.info(`hint: ${printable(hint)}`);
  if (options.trailer !== undefined) talk.log(options.trailer);
  for (let cause = error, depth = 0; cause instanceof Error && depth < 8; cause = cause.cause, depth++)
    talk.debug(`${depth === 0 ? "" : "caused by "}${cause.stack ?? cause.message}`);
}

/** What would help where a limit of the caller's own was reached (getrlimit(2)): nothing that failed for it says so itself. */
function limitReached(error: unknown): string | undefined {
  const text = messageOf(error);
  if (/too many open files|system resource exhaustion/i.test(text))
    return "the limit of open files was reached: raise it with `ulimit -n 1024`";
  if (/resource temporarily unavailable, (posix_spawn|pthread_create)|fork.*resource temporarily/i.test(text))
    return "the limit of your processes was reached: end some, or raise it with `ulimit -u`";
  if (/file too large/i.test(text)) return "a file would become larger than `ulimit -f` lets it";
  return undefined;
}

const render = (entry: LogObject) => entry.args.join(" ");

/** Messages quote what registries and archives say, which must not command a terminal; our own line breaks stay. */
const printable = (text: string) => text.split("\n").map(escapeControl).join("\n");
