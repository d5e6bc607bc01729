import { BerthError } from "../base/errors.ts";
import type { VolumeRecord } from "../store/types.ts";

/**
 * `--filter` of `volume ls` (moby volume/service): `dangling`, `driver`, `label`, `name`; values of one key are
 * alternatives, labels must all be there, keys must all hold.
 */
export function volumeFilter(filters: readonly string[]): (volume: VolumeRecord) => boolean {
  const byKey = new Map<string, string[]>();
  for (const filter of filters) {
    const equals = filter.indexOf("=");
    const key = filter.slice(0, equals).trim().toLowerCase();
    const value = filter.slice(equals + 1).trim();
    if (!["dangling", "driver", "label", "name"].includes(key))
      throw new BerthError("invalid-argument", `invalid filter '${equals === -1 ? filter : key}'`);
    byKey.set(key, [...(byKey.get(key) ?? []), value]);
  }
  const dangling = byKey.get("dangling")?.map(truth);
  if (dangling && new Set(dangling).size > 1)
    throw new BerthError(
      "invalid-argument",
      `invalid filter 'dangling=${JSON.stringify(byKey.get("dangling"))}'`,
    );
  const [drivers, labels, names] = ["driver", "label", "name"].map((key) => byKey.get(key));
  const matches = names?.map(nameMatcher);
  return (volume) =>
    (dangling === undefined || dangling[0] === (volume.usedBy.length === 0)) &&
    (drivers === undefined || drivers.includes(volume.driver)) &&
    (labels ?? []).every((label) => hasLabel(volume.labels, label)) &&
    (matches === undefined || matches.some((match) => match(volume.name)));
}

function truth(value: string): boolean {
  if (value === "true" || value === "1") return true;
  if (value === "false" || value === "0") return false;
  throw new BerthError("invalid-argument", `invalid filter 'dangling=[${value}]'`);
}

function hasLabel(labels: Readonly<Record<string, string>>, label: string): boolean {
  const equals = label.indexOf("=");
  if (equals === -1) return Object.hasOwn(labels, label);
  return labels[label.slice(0, equals)] === label.slice(equals + 1);
}

/** An unanchored regular expression; what is none is only equal to itself. */
function nameMatcher(value: string): (name: string) => boolean {
  try {
    const expression = new RegExp(value);
    return (name) => expression.test(name);
  } catch {
    return (name) => name === value;
  }
}
