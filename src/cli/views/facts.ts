/** Plain data of unknown shape, as `info` and `version` answer it. */
export type Facts = Readonly<Record<string, unknown>>;

/** The object below `key`; empty where there is none. */
export function factsBelow(facts: Facts, key: string): Facts {
  const value = facts[key];
  return isFacts(value) ? value : {};
}

export function isFacts(value: unknown): value is Facts {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The list below `key`; empty where there is none. */
export function factList(facts: Facts, key: string): readonly unknown[] {
  const value: unknown = facts[key];
  return Array.isArray(value) ? value : [];
}
