import { BerthError } from "../base/errors.ts";
import type { VolumeRecord } from "../store/types.ts";
import { groupFilters, hasLabel } from "./filter-words.ts";

/**
 * `--filter` of `volume ls` (moby volume/service): `dangling`, `driver`, `label`, `name`; values of one key are
 * alternatives, labels must all be there, keys must all hold.
 */
export function volumeFilter(filters: readonly string[]): (volume: VolumeRecord) => boolean {
  const byKey = groupFilters(filters);
  for (const key of byKey.keys()) {
    if (!["dangling", "driver", "label", "name"].includes(key))
      throw new BerthError("invalid-argument", `invalid filter '${key}'`);
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

/** An unanchored regular expression; what is none is only equal to itself. */
function nameMatcher(value: string): (name: string) => boolean {
  try {
    const expression = new RegExp(value);
    return (name) => expression.test(name);
  } catch {
    return (name) => name === value;
  }
}
