/** Times as Go prints them, in the local zone. */
import { readTextIfThere } from "../../sys/files.ts";

const two = (value: number) => String(value).padStart(2, "0");

function offset(date: Date, separator: string): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.trunc(size / 60))}${separator}${two(size % 60)}`;
}

const year = (date: Date) => String(date.getFullYear()).padStart(4, "0");
const day = (date: Date) => `${year(date)}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
const clock = (date: Date) => `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;

/** RFC 3339 in the local zone: `2026-01-02T15:04:05+01:00`, `Z` for UTC. */
export function goRfc3339(date: Date): string {
  const zone = date.getTimezoneOffset() === 0 ? "Z" : offset(date, ":");
  return `${day(date)}T${clock(date)}${zone}`;
}

/** Go's `Time.String`: `2026-01-02 15:04:05 +0100 CET`; a zone without a name shows its offset. */
export function goTimeString(date: Date): string {
  return `${day(date)} ${clock(date)} ${offset(date, "")} ${zoneName(date)}`;
}

function zoneName(date: Date): string {
  known ??= { names: zoneNames() };
  const { names } = known;
  if (names === undefined) return date.getTimezoneOffset() === 0 ? "UTC" : offset(date, "");
  const isStandard = names.daylight === undefined || date.getTimezoneOffset() === names.westOfUtc;
  return isStandard ? names.standard : (names.daylight ?? names.standard);
}

/** A process stays in its zone. */
let known: { readonly names: ZoneNames | undefined } | undefined;

interface ZoneNames {
  readonly standard: string;
  readonly daylight?: string;
  /** Of standard time, in minutes. */
  readonly westOfUtc: number;
}

/**
 * The abbreviations of the local zone, from the rule for present times at the end of its TZif file (RFC 8536, 3.3):
 * `CET-1CEST,M3.5.0,M10.5.0/3`. JavaScript knows them for a few zones only. Undefined where there is no such file.
 */
function zoneNames(): ZoneNames | undefined {
  const name = process.env.TZ?.replace(/^:/, "");
  const path =
    name === undefined ? "/etc/localtime" : name.startsWith("/") ? name : `/usr/share/zoneinfo/${name}`;
  let rule: string | undefined;
  try {
    rule = readTextIfThere(path)?.trimEnd().split("\n").at(-1);
  } catch {
    return undefined;
  }
  const word = "(?:([A-Za-z]{3,})|<([A-Za-z0-9+-]+)>)";
  const match = new RegExp(`^${word}([+-]?)(\\d+)(?::(\\d+))?[^A-Za-z<,]*${word}?`).exec(rule ?? "");
  const standard = match?.[1] ?? match?.[2];
  if (match === null || standard === undefined) return undefined;
  const daylight = match[6] ?? match[7];
  const minutes = Number(match[4]) * 60 + Number(match[5] ?? 0);
  return {
    standard,
    westOfUtc: match[3] === "-" ? -minutes : minutes,
    ...(daylight === undefined ? {} : { daylight }),
  };
}
