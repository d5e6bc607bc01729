/** Times as Go prints them, in the local zone. */

const two = (value: number) => String(value).padStart(2, "0");

function offset(date: Date, separator: string): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.trunc(size / 60))}${separator}${two(size % 60)}`;
}

const day = (date: Date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
const clock = (date: Date) => `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;

/** RFC 3339 in the local zone: `2026-01-02T15:04:05+01:00`, `Z` for UTC. */
export function goRfc3339(date: Date): string {
  const zone = date.getTimezoneOffset() === 0 ? "Z" : offset(date, ":");
  return `${day(date)}T${clock(date)}${zone}`;
}

/** Go's `Time.String`: `2026-01-02 15:04:05 +0100 CET`; a zone without a name of letters shows its offset. */
export function goTimeString(date: Date): string {
  return `${day(date)} ${clock(date)} ${offset(date, "")} ${zoneName(date)}`;
}

function zoneName(date: Date): string {
  if (date.getTimezoneOffset() === 0 && isUtc()) return "UTC";
  const parts = new Intl.DateTimeFormat("en-US", { timeZoneName: "short" }).formatToParts(date);
  const name = parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
  return /^[A-Z]{3,5}$/.test(name) ? name : offset(date, "");
}

function isUtc(): boolean {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return zone === "UTC" || zone === "Etc/UTC" || zone === "GMT";
}
