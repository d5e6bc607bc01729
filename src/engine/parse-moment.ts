import { BerthError } from "../base/errors.ts";
import { parseGoDuration } from "../base/go-duration.ts";

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
