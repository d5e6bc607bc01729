import { expect, test } from "bun:test";
import { searchFilter } from "../../../src/engine/search.ts";
import { type FaultyRegistry, startFaultyRegistry } from "../../support/faulty-registry.ts";
import { failureOf, openTestRegistry } from "../../support/registry-client.ts";

function answer(registry: FaultyRegistry, where: string, status: number, document: unknown, link?: string) {
  const headers: Record<string, string> = link === undefined ? {} : { link };
  registry.inject(where, { kind: "answer", status, headers, body: JSON.stringify(document) }, { times: 1 });
}
const find = (registry: FaultyRegistry, term: string, limit = 25) =>
  openTestRegistry().search({ domain: registry.host, term, limit });

test("the registry's own search is asked, and what it says is shown without control characters", async () => {
  await using registry = startFaultyRegistry();
  const results = [
    { name: "team/app", description: "An\u001b[31m\napp", star_count: 7, is_official: true },
    { name: "other/app" },
  ];
  answer(registry, "/v1/search", 200, { num_results: 2, results });
  expect(await find(registry, "a&b", 10)).toEqual([
    { name: "team/app", description: "An [31m app", stars: 7, official: true },
    { name: "other/app", description: "", stars: 0, official: false },
  ]);
  expect(registry.requests.at(-1)?.path).toBe("/v1/search?q=a%26b&n=10");
});

test("without a search the catalog is looked through, page by page, up to the limit", async () => {
  await using registry = startFaultyRegistry();
  const next = '</v2/_catalog?last=b&n=1000>; rel="next"';
  // Later injections come first.
  answer(registry, "/v2/_catalog", 200, { repositories: ["c/app", "d/app", "e/app"] });
  answer(registry, "/v2/_catalog", 200, { repositories: ["a/app", "b"] }, next);
  answer(registry, "/v1/search", 404, {});
  expect((await find(registry, "app", 3)).map(({ name }) => name)).toEqual(["a/app", "c/app", "d/app"]);
  expect(registry.requests.at(-1)?.path).toBe("/v2/_catalog?last=b&n=1000");
});

test.each([
  [404, "unsupported", "it has neither a search nor a catalog"],
  [403, "denied", "does not let itself be searched"],
])("a catalog that answers %d is a failure", async (status, code, message) => {
  await using registry = startFaultyRegistry();
  answer(registry, "/v2/_catalog", status, {});
  answer(registry, "/v1/search", 404, {});
  const failure = await failureOf(find(registry, "app"));
  expect(failure).toMatchObject({ code, message: expect.stringContaining(message) });
});

test("filters are Docker's", () => {
  const app = { name: "app", description: "", stars: 3, official: true };
  const suits = (...filters: string[]) => searchFilter(filters)(app);
  expect(suits("stars=3", "is-official=true", "is-automated=false")).toBe(true);
  expect([suits("stars=4"), suits("is-official=0"), suits("is-automated=true")]).toEqual([
    false,
    false,
    false,
  ]);
  expect(() => searchFilter(["stars=x"])).toThrow("invalid filter 'stars=x'");
  expect(() => searchFilter(["name=x"])).toThrow("invalid filter 'name'");
});
