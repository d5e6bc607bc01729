import { DockerfileError } from "../dockerfile-error.ts";
import type { ModeChange, ModeClause } from "./types.ts";

const whoBits: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o0007, a: 0o7777 };
const permissionBits: Readonly<Record<string, number>> = {
  r: 0o444,
  w: 0o222,
  x: 0o111,
  s: 0o6000,
  t: 0o1000,
};

/** `--chmod`: octal, or symbolic as chmod(1) takes it (`u=rwX,go=rX`). Throws DockerfileError. */
export function parseModeChange(text: string): ModeChange {
  if (/^[0-7]+$/.test(text) && Number.parseInt(text, 8) <= 0o7777) return Number.parseInt(text, 8);
  const clauses: ModeClause[] = [];
  for (const part of text.split(",")) {
    const match = /^([ugoa]*)((?:[-+=][rwxXst]*)+)$/.exec(part);
    if (match === null)
      throw new DockerfileError(
        `invalid chmod parameter: '${text}'. it should be octal string and between 0 and 07777`,
      );
    const who = [...(match[1] || "a")].reduce((mask, letter) => mask | whoBits[letter]!, 0);
    for (const [, operator, letters] of match[2]!.matchAll(/([-+=])([rwxXst]*)/g)) {
      const bits = [...letters!].reduce((sum, letter) => sum | (permissionBits[letter] ?? 0), 0);
      clauses.push({
        who,
        operator: operator as ModeClause["operator"],
        bits: bits & who,
        conditionalExecute: letters!.includes("X"),
      });
    }
  }
  return clauses;
}

/** Applies a change to the mode of a file. */
export function changedMode(mode: number, isDirectory: boolean, change: ModeChange): number {
  if (typeof change === "number") return change;
  let result = mode;
  for (const { who, operator, bits, conditionalExecute } of change) {
    const executes = conditionalExecute && (isDirectory || (result & 0o111) !== 0) ? 0o111 & who : 0;
    if (operator === "-") result &= ~(bits | executes);
    else result = (operator === "=" ? result & ~who : result) | bits | executes;
  }
  return result;
}
