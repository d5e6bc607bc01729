import { expect, test } from "bun:test";
import { startFaultyRegistry } from "../../support/faulty-registry.ts";
import { failureOf, openTestRegistry } from "../../support/registry-client.ts";

const json = (value: unknown) => JSON.stringify(value);

async function listing(...pages: readonly { readonly tags: unknown; readonly link?: string }[]) {
  const registry = startFaultyRegistry();
  // Later injections come first.
  for (const { tags, link } of pages.toReversed()) {
    const headers: Record<string, string> = link === undefined ? {} : { link };
    const body = json({ name: "team/app", tags });
    registry.inject("/tags/list", { kind: "answer", status: 200, headers, body }, { times: 1 });
  }
  return { registry, list: () => openTestRegistry().listTags({ domain: registry.host, path: "team/app" }) };
}

test("the pages of a list are put together, each tag once", async () => {
  const { registry, list } = await listing(
    { tags: ["1", "2"], link: '</v2/team/app/tags/list?last=2&n=2>; rel="next"' },
    { tags: ["2", "latest"] },
  );
  await using _ = registry;
  expect(await list()).toEqual(["1", "2", "latest"]);
  expect(registry.requests.map(({ path }) => path).filter((path) => path.includes("tags"))).toEqual([
    "/v2/team/app/tags/list?n=1000",
    "/v2/team/app/tags/list?last=2&n=2",
  ]);
});

test("a repository without tags has none", async () => {
  const { registry, list } = await listing({ tags: null });
  await using _ = registry;
  expect(await list()).toEqual([]);
});

test("the next page is asked of the same registry and repository, whatever it says", async () => {
  await using elsewhere = startFaultyRegistry();
  const { registry, list } = await listing(
    { tags: ["1"], link: `<${elsewhere.origin}/v2/secret/tags/list?last=1>; rel="next"` },
    { tags: ["2"] },
  );
  await using _ = registry;
  expect(await list()).toEqual(["1", "2"]);
  expect(elsewhere.requests).toEqual([]);
  expect(registry.requests.at(-1)?.path).toBe("/v2/team/app/tags/list?last=1");
});

test("B8: a list that leads back to itself ends", async () => {
  const link = '</v2/team/app/tags/list?last=1>; rel="next"';
  const { registry, list } = await listing({ tags: ["1"], link }, { tags: ["1"], link });
  await using _ = registry;
  expect(await failureOf(list())).toMatchObject({
    code: "registry",
    message: expect.stringContaining("do not come to an end"),
  });
});

test.each([["x y"], ["../../etc"], ["\u001b]0;title"], [7]])("%j is refused as a tag", async (tag) => {
  const { registry, list } = await listing({ tags: ["1", tag] });
  await using _ = registry;
  expect(["invalid-reference", "invalid-image"]).toContain((await failureOf(list())).code);
});

test("an endless list is refused", async () => {
  await using registry = startFaultyRegistry();
  registry.inject("/tags/list", { kind: "endless" });
  const listed = openTestRegistry().listTags({ domain: registry.host, path: "team/app" });
  expect(await failureOf(listed)).toMatchObject({ code: "registry" });
});

test("a repository that is not there is named", async () => {
  await using registry = startFaultyRegistry();
  const listed = openTestRegistry().listTags({ domain: registry.host, path: "team/app" });
  expect(await failureOf(listed)).toMatchObject({
    code: "not-found",
    message: expect.stringContaining(`repository ${registry.host}/team/app not found`),
  });
});
