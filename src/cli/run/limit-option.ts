import { BerthError } from "../../base/errors.ts";
import { limitNames, type ProcessLimit } from "../../sys/process-limits.ts";

/** The last of each name. */
export function parseLimits(texts: readonly string[]): ProcessLimit[] {
  return [...new Map(texts.map(parseLimit).map((limit) => [limit.name, limit])).values()];
}

/** `--ulimit name=soft[:hard]` with go-units' texts; -1 is unlimited, one number is both. */
export function parseLimit(text: string): ProcessLimit {
  const refuse = (why: string) => new BerthError("invalid-argument", why);
  const [key = "", value, ...rest] = text.split("=");
  if (value === undefined || rest.length > 0) throw refuse(`invalid ulimit argument: ${text}`);
  const name = limitNames.find((known) => known === key && known !== "as");
  if (name === undefined) throw refuse(`invalid ulimit type: ${key}`);
  const parts = value.split(":");
  if (parts.length > 2)
    throw refuse(`too many limit values - ${value}, can only have up to two, \`soft[:hard]\``);
  const [soft = 0, hard = soft] = parts.map((part) => {
    const number = part === "unlimited" ? -1 : Number(part);
    if (/^-?\d+$|^unlimited$/.test(part) && Number.isSafeInteger(number) && number >= -1) return number;
    throw refuse(`strconv.ParseInt: parsing ${JSON.stringify(part)}: invalid syntax`);
  });
  if (hard !== -1 && (soft === -1 || soft > hard))
    throw refuse(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
  return { name, soft, hard };
}
