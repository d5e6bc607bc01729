import { BerthError } from "../base/errors.ts";
import { parseJsonObject, stringsAt } from "../oci/document.ts";
import { familiarName, withTag } from "../oci/reference.ts";
import type { Reference } from "../oci/types.ts";
import { maximumManifestSize } from "../oci/limits.ts";
import { errorFromAnswer } from "./error-answer.ts";
import type { Answer } from "./exchange.ts";
import type { RegistryClient } from "./registry-client.ts";
import { isWebPage, webPage } from "./web-page.ts";

/** More than any real repository has. */
const maximumTags = 100_000;

/** What is asked for at once; registries may give less. */
const pageSize = 1000;

/**
 * All tags of a repository, in the registry's order (distribution-spec "Listing Tags"). Throws `not-found`, `registry` for a
 * list that does not end or holds what is no tag.
 */
export async function listTags(
  client: RegistryClient,
  repository: Reference,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const tags = new Set<string>();
  for (let query = `?n=${pageSize}`; ; ) {
    const { answer, authentication } = await client.get({
      repository,
      resource: `tags/list${query}`,
      accept: "application/json",
      ...(signal === undefined ? {} : { signal }),
    });
    if (answer.status !== 200)
      throw await errorFromAnswer(answer, { kind: "tags", reference: repository }, authentication);
    if (isWebPage(answer)) throw await webPage(answer);
    const before = tags.size;
    for (const tag of await tagsOf(answer, repository)) tags.add(tag);
    const next = nextQuery(answer);
    if (next === undefined) return [...tags];
    if (tags.size === before || tags.size > maximumTags) {
      throw new BerthError("registry", `the tags of ${familiarName(repository)} do not come to an end`, {
        hint: `${tags.size} came, at most ${maximumTags} are accepted`,
      });
    }
    query = next;
  }
}

async function tagsOf(answer: Answer, repository: Reference): Promise<readonly string[]> {
  const where = `the tags of ${familiarName(repository)}`;
  const document = parseJsonObject(await answer.bytes(maximumManifestSize), where, maximumManifestSize);
  const tags = stringsAt(document.tags, where) ?? []; // null for a repository that has lost its last tag
  for (const tag of tags) withTag(repository, tag);
  return tags;
}

/** The query of `Link: </v2/…?last=x&n=2>; rel="next"`; the address is ours whatever the registry says. */
export function nextQuery(answer: Answer): string | undefined {
  const target = /<([^>]*)>\s*;[^,]*\brel="?next"?/.exec(answer.headers.get("link") ?? "")?.[1];
  if (target === undefined || !URL.canParse(target, answer.url.href)) return undefined;
  return new URL(target, answer.url).search;
}
