import { BerthError } from "../base/errors.ts";
import type { FoundRepository } from "../registry/search.ts";
import type { EngineContext } from "./context.ts";
import { groupFilters } from "./filter-words.ts";
import { openRegistries, type RegistryChoice } from "./registry-access.ts";

export interface SearchOptions extends RegistryChoice {
  /** At most 100; 25 unless told. */
  readonly limit?: number;
  /** `is-official=true`, `stars=3`; applied to what the registry found, as in Docker. */
  readonly filters: readonly string[];
  readonly signal?: AbortSignal;
}

/**
 * Repositories whose names (or descriptions, as the registry likes) have the term, best liked first. `HOST/term` asks another
 * registry than Docker Hub. Throws `invalid-argument`, and what the registry throws.
 */
export async function searchImages(
  context: EngineContext,
  text: string,
  { limit: wanted, filters, signal, ...choice }: SearchOptions,
): Promise<readonly FoundRepository[]> {
  if (text.includes("://"))
    throw new BerthError("invalid-argument", `invalid repository name (${text})`, {
      hint: "a registry is named without a scheme: berth search HOST/TERM",
    });
  const limit = wanted || 25;
  if (limit < 1 || limit > 100)
    throw new BerthError("invalid-argument", `limit ${limit} is outside the range of [1, 100]`);
  const suits = searchFilter(filters);
  const [, host, rest] = /^(localhost|[^/]*[.:][^/]*)\/(.*)$/.exec(text) ?? [];
  const isHub = host === undefined || host === "index.docker.io";
  const search = { domain: isHub ? "docker.io" : host, term: rest ?? text, limit };
  const found = await openRegistries(context, choice).search(search, signal);
  return found.filter(suits).toSorted((a, b) => b.stars - a.stars);
}

/** Throws `invalid-argument`. */
export function searchFilter(filters: readonly string[]): (repository: FoundRepository) => boolean {
  const byKey = groupFilters(filters);
  const refuse = (key: string, value?: string) =>
    new BerthError("invalid-argument", `invalid filter '${key}${value === undefined ? "" : `=${value}`}'`);
  const tests: ((repository: FoundRepository) => boolean)[] = [];
  for (const [key, values] of byKey)
    for (const value of values) {
      if (key === "stars") {
        if (!/^\d+$/.test(value)) throw refuse(key, value);
        tests.push(({ stars }) => stars >= Number(value));
      } else if (key === "is-official" || key === "is-automated") {
        if (!["true", "1", "false", "0"].includes(value)) throw refuse(key, value);
        const wanted = value === "true" || value === "1";
        // No registry builds by itself any more.
        tests.push(({ official }) => (key === "is-official" ? official : false) === wanted);
      } else throw refuse(key);
    }
  return (repository) => tests.every((test) => test(repository));
}
