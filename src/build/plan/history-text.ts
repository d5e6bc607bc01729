import type { Healthcheck } from "../../oci/types.ts";

/** Go's `%v` of a list of strings. */
export function goList(words: readonly string[]): string {
  return `[${words.join(" ")}]`;
}

/** Go's `%q` of a list of strings. */
export function goQuotedList(words: readonly string[]): string {
  return goList(words.map((word) => JSON.stringify(word)));
}

/** Go's `%+v` of a HealthcheckConfig. */
export function goHealthcheck(check: Healthcheck): string {
  const durations = [
    ["Interval", check.Interval],
    ["Timeout", check.Timeout],
    ["StartPeriod", check.StartPeriod],
    ["StartInterval", check.StartInterval],
  ] as const;
  const times = durations.map(([name, value]) => `${name}:${goDuration(value ?? 0)}`).join(" ");
  return `{Test:${goList(check.Test ?? [])} ${times} Retries:${check.Retries ?? 0}}`;
}

/** Go's `Duration.String` of whole milliseconds, given in nanoseconds: `1m30s`, `1.5s`, `20ms`. */
function goDuration(nanoseconds: number): string {
  if (nanoseconds === 0) return "0s";
  const seconds = nanoseconds / 1e9;
  if (seconds < 1) return `${nanoseconds / 1e6}ms`;
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  const rest = `${Number((seconds % 60).toFixed(9))}s`;
  if (hours > 0) return `${hours}h${minutes}m${rest}`;
  return minutes > 0 ? `${minutes}m${rest}` : rest;
}
