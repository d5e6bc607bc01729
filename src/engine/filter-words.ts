import { BerthError } from "../base/errors.ts";

/** Key and value of `--filter key=value`. Throws `invalid-argument`. */
export function splitFilter(filter: string): readonly [key: string, value: string] {
  const equals = filter.indexOf("=");
  if (equals === -1)
    throw new BerthError("invalid-argument", "bad format of filter (expected name=value)", {
      hint: `it is "${filter}"`,
    });
  return [filter.slice(0, equals).trim().toLowerCase(), filter.slice(equals + 1).trim()];
}

/** The values of each key, in their order. */
export function groupFilters(filters: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const byKey = new Map<string, string[]>();
  for (const filter of filters) {
    const [key, value] = splitFilter(filter);
    byKey.set(key, [...(byKey.get(key) ?? []), value]);
  }
  return byKey;
}

/** Whether there is a label `name`, or one that is as `name=value` says. */
export function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const equals = wanted.indexOf("=");
  if (equals === -1) return Object.hasOwn(labels, wanted);
  const name = wanted.slice(0, equals);
  return Object.hasOwn(labels, name) && labels[name] === wanted.slice(equals + 1);
}
