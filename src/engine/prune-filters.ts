import { BerthError } from "../base/errors.ts";
import { hasLabel, splitFilter } from "./filter-words.ts";
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
    const [key, value] = splitFilter(filter);
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
