import { BerthError } from "../base/errors.ts";
import { parseMoment } from "./parse-moment.ts";

/** What a prune filter looks at. */
export interface Prunable {
  /** Milliseconds since 1970; undefined is not known, and then `until` keeps it. */
  readonly createdAt: number | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * `--filter` of the prune commands (moby daemon/prune.go): `until=<moment>` once, `label=` and `label!=` with a name or
 * `name=value`. What has all of the `label!=` is kept. Throws `invalid-argument`.
 */
export function pruneFilter(filters: readonly string[], now = Date.now()): (object: Prunable) => boolean {
  const moments: number[] = [];
  const wanted: string[] = [];
  const unwanted: string[] = [];
  for (const filter of filters) {
    const [, key = "", value = ""] = /^\s*([^=]*?)\s*=\s*(.*?)\s*$/s.exec(filter) ?? [];
    if (key === "until") moments.push(parseMoment(value, now));
    else if (key === "label") wanted.push(value);
    else if (key === "label!") unwanted.push(value);
    else throw new BerthError("invalid-argument", `invalid filter '${key}'`);
  }
  if (moments.length > 1) throw new BerthError("invalid-argument", "more than one until filter specified");
  const [until] = moments;
  return ({ createdAt, labels }) => {
    if (until !== undefined && (createdAt === undefined || createdAt > until)) return false;
    const has = (label: string) => hasLabel(labels, label);
    return wanted.every(has) && (unwanted.length === 0 || !unwanted.every(has));
  };
}

function hasLabel(labels: Readonly<Record<string, string>>, label: string): boolean {
  const equals = label.indexOf("=");
  if (equals === -1) return Object.hasOwn(labels, label);
  return labels[label.slice(0, equals)] === label.slice(equals + 1);
}
