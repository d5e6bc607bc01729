import { expect, test } from "bun:test";
import { listImages } from "../../../src/engine/images.ts";
import { tagImage } from "../../../src/engine/tag.ts";
import { type TestEngine, testEngine } from "../../support/engine.ts";
import { containerRecord, digestOf } from "../../support/records.ts";

function fill(engine: TestEngine) {
  const old = engine.addImage("old", ["docker.io/library/app:1", "docker.io/library/app:2"], {
    created: "2020-01-01T00:00:00Z",
    config: { Labels: { stage: "old", keep: "" } },
  });
  const fresh = engine.addImage("fresh", ["example.org/team/tool:latest"], {
    created: "2026-01-01T00:00:00Z",
  });
  const nameless = engine.addImage("nameless", []);
  engine.context.store.repositoryDigests.add({
    repository: "docker.io/library/app",
    digest: digestOf("app digest"),
    imageId: old.id,
  });
  return { old, fresh, nameless };
}

const list = async (engine: TestEngine, filters: string[] = [], reference?: string) =>
  (
    await listImages(engine.context, {
      all: false,
      filters,
      ...(reference === undefined ? {} : { reference }),
    })
  ).map(({ repository, tag }) => `${repository ?? "<none>"}:${tag ?? "<none>"}`);

test("every name is a row, familiar, newest first; a nameless image is one too", async () => {
  using engine = testEngine();
  const { old, nameless } = fill(engine);
  engine.context.store.containers.insert(containerRecord("c", old));
  const rows = await listImages(engine.context, { all: false, filters: [] });
  expect(
    rows.map(({ repository, tag, digest, containers }) => [repository, tag, digest, containers]),
  ).toEqual([
    ["example.org/team/tool", "latest", undefined, 0],
    ["app", "1", digestOf("app digest"), 1],
    ["app", "2", digestOf("app digest"), 1],
    [undefined, undefined, undefined, 0],
  ]);
  expect(rows[3]).toEqual({ id: nameless.id, size: 100, containers: 0, labels: {} });
});

test("an image that was pulled by digest alone is a row without a tag", async () => {
  using engine = testEngine();
  const image = engine.addImage("x", []);
  engine.context.store.repositoryDigests.add({
    repository: "docker.io/library/x",
    digest: digestOf("x"),
    imageId: image.id,
  });
  expect(await list(engine)).toEqual(["x:<none>"]);
  expect(await list(engine, ["dangling=true"])).toEqual(["x:<none>"]);
});

test.each([
  [["dangling=true"], ["<none>:<none>"]],
  [["dangling=false"], ["example.org/team/tool:latest", "app:1", "app:2"]],
  [["label=stage"], ["app:1", "app:2"]],
  [["label=stage=old"], ["app:1", "app:2"]],
  [["label=stage=new"], []],
  [["label=keep="], ["app:1", "app:2"]],
  [["label=toString"], []],
  [["before=example.org/team/tool"], ["app:1", "app:2", "<none>:<none>"]],
  [["since=app:1"], ["example.org/team/tool:latest"]],
  [["until=2021-01-01"], ["app:1", "app:2", "<none>:<none>"]],
  [["reference=app"], ["app:1", "app:2"]],
  [["reference=app:2"], ["app:2"]],
  [["reference=*"], ["app:1", "app:2"]],
  [["reference=*/*/*"], ["example.org/team/tool:latest"]],
  [
    ["reference=app:1", "reference=*/*/tool"],
    ["example.org/team/tool:latest", "app:1"],
  ],
])("filters %j list %j", async (filters, expected) => {
  using engine = testEngine();
  fill(engine);
  expect(await list(engine, filters)).toEqual(expected);
});

test("a reference behind the command is a pattern too", async () => {
  using engine = testEngine();
  fill(engine);
  expect(await list(engine, [], "app:1")).toEqual(["app:1"]);
  expect(await list(engine, [], "nothing")).toEqual([]);
});

test("filters that mean nothing are refused by name", async () => {
  using engine = testEngine();
  await expect(list(engine, ["color=red"])).rejects.toThrow("invalid filter 'color'");
  await expect(list(engine, ["dangling"])).rejects.toThrow("invalid filter 'dangling'");
  await expect(list(engine, ["dangling=perhaps"])).rejects.toThrow("invalid filter 'dangling=[perhaps]'");
  await expect(list(engine, ["before=nothing"])).rejects.toThrow("No such image: nothing:latest");
  await expect(list(engine, ["reference=["])).rejects.toThrow("syntax error in pattern");
});

test("a tag is a second name, moves, and is refused where it would lie", async () => {
  using engine = testEngine();
  const { fresh } = fill(engine);
  await tagImage(engine.context, fresh.id.slice(7, 19), "mine");
  await tagImage(engine.context, "example.org/team/tool", "app:1");
  expect(await list(engine, ["reference=mine"])).toEqual(["mine:latest"]);
  expect(engine.context.store.names.of(fresh.id)).toContain("docker.io/library/app:1");
  await expect(tagImage(engine.context, "app:2", `x@${digestOf("x")}`)).rejects.toThrow(
    "refusing to create a tag with a digest reference",
  );
  await expect(tagImage(engine.context, "app:2", "sha256:latest")).rejects.toThrow("ambiguous tag");
  await expect(tagImage(engine.context, "app:2", "builtin.berth/busybox:latest")).rejects.toThrow("reserved");
  await expect(tagImage(engine.context, "nothing", "x")).rejects.toThrow("No such image: nothing:latest");
  await expect(tagImage(engine.context, "app:2", "Upper")).rejects.toThrow("must be lowercase");
});
