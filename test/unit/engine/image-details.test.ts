import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { imageHistory } from "../../../src/engine/history.ts";
import { inspectImage } from "../../../src/engine/inspect-image.ts";
import { type TestEngine, testEngine } from "../../support/engine.ts";
import { digestOf } from "../../support/records.ts";
import { removeTree } from "../../support/temporary-store.ts";

async function withLayer({ context }: TestEngine, name: string, size: number) {
  using lease = context.store.lease();
  const unpack = async (target: string) => {
    mkdirSync(target);
    return size;
  };
  await context.store.layers.ensure(digestOf(name), lease, unpack, removeTree);
  return digestOf(name);
}

test("history is newest first, sizes follow the layers, only the newest row has an id", async () => {
  using engine = testEngine();
  const diffIds = [await withLayer(engine, "one", 10), await withLayer(engine, "two", 20)];
  const image = engine.addImage("a", ["docker.io/library/app:1"], {
    rootfs: { type: "layers", diff_ids: diffIds },
    history: [
      { created: "2026-01-01T00:00:00Z", created_by: "ADD rootfs" },
      { created_by: "ENV A=b", empty_layer: true, comment: "buildkit.dockerfile.v0" },
      { created_by: "RUN x" },
    ],
  });
  expect(await imageHistory(engine.context, "app:1")).toEqual([
    { id: image.id, createdBy: "RUN x", size: 20, comment: "", tags: ["app:1"] },
    { createdBy: "ENV A=b", size: 0, comment: "buildkit.dockerfile.v0", tags: [] },
    { created: "2026-01-01T00:00:00Z", createdBy: "ADD rootfs", size: 10, comment: "", tags: [] },
  ]);
});

test("a history that claims more layers than there are is refused", async () => {
  using engine = testEngine();
  engine.addImage("a", ["docker.io/library/app:1"], { history: [{}, {}] });
  await expect(imageHistory(engine.context, "app:1")).rejects.toThrow(
    "too many non-empty layers in History section",
  );
});

test("an image without history has none", async () => {
  using engine = testEngine();
  engine.addImage("a", ["docker.io/library/app:1"]);
  expect(await imageHistory(engine.context, "app:1")).toEqual([]);
});

test("inspect has Docker's keys in Docker's order", async () => {
  using engine = testEngine();
  const image = engine.addImage("a", ["docker.io/library/app:1"], {
    created: "2026-01-01T00:00:00Z",
    author: "somebody",
    variant: "v8",
    config: { Env: ["A=b"], Cmd: ["x"], ExposedPorts: { "80/tcp": {} }, StopSignal: "SIGINT" },
  });
  engine.context.store.repositoryDigests.add({
    repository: "docker.io/library/app",
    digest: digestOf("m"),
    imageId: image.id,
  });
  const shown = await inspectImage(engine.context, "app:1");
  expect(Object.keys(shown)).toEqual(
    "Id RepoTags RepoDigests Comment Created Author Config Architecture Variant Os Size GraphDriver RootFS Metadata Descriptor".split(
      " ",
    ),
  );
  expect(shown).toMatchObject({
    Id: image.id,
    RepoTags: ["app:1"],
    RepoDigests: [`app@${digestOf("m")}`],
    Author: "somebody",
    RootFS: { Type: "layers", Layers: [...image.config.rootfs.diff_ids] },
  });
  expect(shown.Config).toEqual({
    User: "",
    ExposedPorts: { "80/tcp": {} },
    Env: ["A=b"],
    Cmd: ["x"],
    Volumes: null,
    WorkingDir: "",
    Entrypoint: null,
    OnBuild: null,
    Labels: null,
    StopSignal: "SIGINT",
  });
});
