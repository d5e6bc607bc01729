import { BerthError } from "../base/errors.ts";
import {
  booleanAt,
  integerAt,
  listAt,
  objectAt,
  parseJsonObject,
  stringAt,
  stringsAt,
} from "../oci/document.ts";
import { maximumManifestSize } from "../oci/limits.ts";
import { busyFailure } from "./error-answer.ts";
import { isWebPage } from "./web-page.ts";
import { nextQuery } from "./list-tags.ts";
import type { RegistryAnswer, RegistryClient } from "./registry-client.ts";
import { shownText } from "./shown-text.ts";

/** A repository that a search found; texts are one line each and without control characters. */
export interface FoundRepository {
  readonly name: string;
  readonly description: string;
  readonly stars: number;
  readonly official: boolean;
}

export interface RepositorySearch {
  /** As references name it. */
  readonly domain: string;
  readonly term: string;
  readonly limit: number;
}

/** More repositories than this are not looked through. */
const maximumRepositories = 100_000;

const hubSearch = "https://index.docker.io/v1/search";

/**
 * Asks a registry for repositories: by Docker's search API of version 1 where it has one, else by looking through its catalog.
 * Throws `unsupported` where it has neither, `unauthorized`, `denied`, `registry`.
 */
export async function searchRepositories(
  client: RegistryClient,
  { domain, term, limit }: RepositorySearch,
  signal: AbortSignal | undefined,
): Promise<readonly FoundRepository[]> {
  const get = async (target: string | URL, catalog: boolean) => {
    const answered = await client.send({
      repository: { domain, path: "" },
      method: "GET",
      target,
      access: { catalog },
      headers: { Accept: "application/json" },
      signal,
    });
    const { status } = answered.answer;
    if (status === 429 || status === 408 || status >= 500) throw busyFailure(answered.answer, "");
    return answered;
  };
  const query = `?${new URLSearchParams({ q: term, n: String(limit) })}`;
  const isHub = domain === "docker.io";
  const searched = await get(isHub ? new URL(hubSearch + query) : `/v1/search${query}`, false);
  if (searched.answer.status === 200 && !isWebPage(searched.answer))
    return foundIn(await searched.answer.bytes(maximumManifestSize)).slice(0, limit);
  if (isHub) throw await refusal(domain, searched);
  await searched.answer.discard();

  const found = new Set<string>();
  let seen = 0;
  for (let page: string | undefined = "?n=1000"; page !== undefined && found.size < limit; ) {
    const answered: RegistryAnswer = await get(`/v2/_catalog${page}`, true);
    const { answer } = answered;
    if (answer.status !== 200 || isWebPage(answer)) throw await refusal(domain, answered);
    const what = `catalog of ${domain}`;
    const document = parseJsonObject(await answer.bytes(maximumManifestSize), what, maximumManifestSize);
    const names = stringsAt(document.repositories, what) ?? [];
    for (const name of names) if (name.includes(term) && found.size < limit) found.add(shownText(name));
    seen += names.length;
    page = names.length === 0 || seen > maximumRepositories ? undefined : nextQuery(answer);
  }
  return [...found].map((name) => ({ name, description: "", stars: 0, official: false }));
}

function foundIn(bytes: Uint8Array): readonly FoundRepository[] {
  const what = "search results";
  const { results } = parseJsonObject(bytes, what, maximumManifestSize);
  return listAt(results, what).map((value) => {
    const item = objectAt(value, what);
    return {
      name: shownText(stringAt(item.name, what) ?? ""),
      description: shownText(stringAt(item.description, what) ?? ""),
      stars: integerAt(item.star_count, what) ?? 0,
      official: booleanAt(item.is_official, what) ?? false,
    };
  });
}

async function refusal(domain: string, { answer, authentication }: RegistryAnswer): Promise<BerthError> {
  const { status } = answer;
  await answer.discard();
  if (status !== 401 && status !== 403)
    return new BerthError(
      "unsupported",
      `${domain} cannot be searched: it has neither a search nor a catalog`,
    );
  const why = authentication === undefined ? "" : `: ${authentication}`;
  return new BerthError(
    status === 401 ? "unauthorized" : "denied",
    `${domain} does not let itself be searched${why}`,
    {
      hint: `log in with: berth login ${domain}; many registries let nobody read their catalog`,
    },
  );
}
