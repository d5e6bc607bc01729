import { BerthError } from "./errors.ts";

/** SIGHUP is 1 … SIGSYS is 31 (signal(7)), the same on x86-64 and arm64; node:os knows them, too, but takes time to load. */
const names = (
  "HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG " +
  "XCPU XFSZ VTALRM PROF WINCH IO PWR SYS"
).split(" ");

const synonyms = new Map([
  ["IOT", "ABRT"],
  ["CLD", "CHLD"],
  ["POLL", "IO"],
]);

/** SIGRTMIN and SIGRTMAX of glibc, which keeps the first two for itself (signal(7)). */
const realTime = { first: 34, last: 64 };

/** The number of a signal: `9`, `KILL`, `SIGKILL`, `SIGRTMIN+3`. Throws `invalid-argument` in Docker's words. */
export function parseSignal(text: string): number {
  const number = /^\d+$/.test(text) ? Number(text) : numberOf(text.toUpperCase().replace(/^SIG/, ""));
  if (number !== undefined && number > 0 && number <= realTime.last) return number;
  throw new BerthError("invalid-argument", `invalid signal: ${text}`);
}

function numberOf(name: string): number | undefined {
  const known = names.indexOf(synonyms.get(name) ?? name);
  if (known !== -1) return known + 1;
  const [, base, offset = "0"] = /^RT(MIN|MAX)(?:[+-](\d+))?$/.exec(name) ?? [];
  if (base === undefined) return undefined;
  const result = base === "MIN" ? realTime.first + Number(offset) : realTime.last - Number(offset);
  return result >= realTime.first && result <= realTime.last ? result : undefined;
}
