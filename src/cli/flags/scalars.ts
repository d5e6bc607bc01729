import { BerthError } from "../../base/errors.ts";

const truths = new Set(["1", "t", "T", "true", "TRUE", "True"]);
const untruths = new Set(["0", "f", "F", "false", "FALSE", "False"]);

/** A boolean as Go's strconv.ParseBool reads it; its error text, too. */
export function parseBoolean(text: string): boolean {
  if (truths.has(text)) return true;
  if (untruths.has(text)) return false;
  throw new BerthError("usage", `strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
}

/** A decimal integer with an optional sign, in the range that JavaScript holds exactly. */
export function parseInteger(text: string): number {
  const fail = (why: string): never => {
    throw new BerthError("usage", `strconv.ParseInt: parsing ${JSON.stringify(text)}: ${why}`);
  };
  if (!/^[+-]?\d+$/.test(text)) return fail("invalid syntax");
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : fail("value out of range");
}
