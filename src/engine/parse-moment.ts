import { BerthError } from "../base/errors.ts";

const unitMilliseconds: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** A Go duration (`1h30m`, `-1.5h`) in milliseconds, or undefined. */
export function parseGoDuration(text: string): number | undefined {
  const match = /^([+-]?)((?:(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+)$/.exec(text);
  if (match === null) return text === "0" ? 0 : undefined;
  let sum = 0;
  for (const [, number, unit] of match[2]!.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g)) {
    sum += Number(number) * unitMilliseconds[unit!]!;
  }
  return match[1] === "-" ? -sum : sum;
}

/**
 * A point in time as Docker's filters take it, in milliseconds since 1970: a Go duration before `now`, Unix seconds with an
 * optional fraction, or a date (`2026-01-02`, `2026-01-02T15:04`, RFC 3339; local time without a zone).
 * Throws `invalid-argument`.
 */
export function parseMoment(text: string, now: number): number {
  const duration = parseGoDuration(text);
  if (duration !== undefined) return now - duration;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const date =
    /^(\d{4}-\d\d-\d\d)(?:T(\d\d(?::\d\d(?::\d\d(?:\.\d{0,3}(\d*))?)?)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text);
  if (date !== null) {
    const [, day, time = "00:00", belowMilliseconds = "", zone = ""] = date;
    const moment = Date.parse(`${day}T${time.length === 2 ? `${time}:00` : time}${zone}`);
    if (!Number.isNaN(moment)) return moment + Number(`0.${belowMilliseconds}`);
  }
  throw new BerthError("invalid-argument", `"${text}" is neither a time nor a duration`, {
    hint: "for example 24h, 2026-01-02T15:04:05, or seconds since 1970",
  });
}
