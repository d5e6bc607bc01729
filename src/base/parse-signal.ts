import { constants } from "node:os";
import { BerthError } from "./errors.ts";

/** SIGRTMIN and SIGRTMAX of glibc, which keeps the first two for itself (signal(7)). */
const realTime = { first: 34, last: 64 };

/** The number of a signal: `9`, `KILL`, `SIGKILL`, `SIGRTMIN+3`. Throws `invalid-argument` in Docker's words. */
export function parseSignal(text: string): number {
  const number = /^\d+$/.test(text) ? Number(text) : numberOf(text.toUpperCase().replace(/^SIG/, ""));
  if (number !== undefined && number > 0 && number <= realTime.last) return number;
  throw new BerthError("invalid-argument", `invalid signal: ${text}`);
}

function numberOf(name: string): number | undefined {
  const known = constants.signals[`SIG${name}` as NodeJS.Signals];
  if (known !== undefined) return known;
  const [, base, offset = "0"] = /^RT(MIN|MAX)(?:[+-](\d+))?$/.exec(name) ?? [];
  if (base === undefined) return undefined;
  const result = base === "MIN" ? realTime.first + Number(offset) : realTime.last - Number(offset);
  return result >= realTime.first && result <= realTime.last ? result : undefined;
}
