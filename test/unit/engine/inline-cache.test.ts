import { expect, test } from "bun:test";
import { readInlineCache, withInlineCache } from "../../../src/engine/build/inline-cache.ts";
import type { Descriptor, Digest, ImageConfig } from "../../../src/oci/types.ts";

const digest = (letter: string) => `sha256:${letter.repeat(64)}` as Digest;
const layers: Descriptor[] = ["1", "2"].map((letter) => ({
  mediaType: "x",
  digest: digest(letter),
  size: 1,
}));
const config: ImageConfig = {
  architecture: "amd64",
  os: "linux",
  rootfs: { type: "layers", diff_ids: [digest("a"), digest("b")] },
  history: [
    { created: "2026-01-01T00:00:00Z" },
    { created: "2026-01-02T00:00:00Z", empty_layer: true, created_by: "RUN true" },
    { created: "2026-01-03T00:00:00Z", created_by: "COPY a b" },
  ],
};
const key = (letter: string) => letter.repeat(64);

test("what an image says of its steps is read back, with the layers of the manifest", () => {
  const written = withInlineCache(
    config,
    new Map([
      [1, [key("c")]],
      [2, [key("d"), key("e")]],
    ]),
  );
  const layer = { diffId: digest("b"), descriptor: layers[1]! };
  const copied = { createdAt: "2026-01-03T00:00:00Z", createdBy: "COPY a b", layer };
  expect([...readInlineCache(JSON.parse(JSON.stringify(written)), config, layers).values()]).toEqual([
    { key: key("c"), createdAt: "2026-01-02T00:00:00Z", createdBy: "RUN true" },
    { ...copied, key: key("d") },
    { ...copied, key: key("e") },
  ]);
});

test("a base may have layers that no history tells of", () => {
  const [, ...history] = config.history!;
  const says = { "berth.build.cache.v1": [{ history: 1, keys: [key("d")] }] };
  const layerWith = (entries: ImageConfig["history"]) =>
    readInlineCache(says, { ...config, history: entries! }, layers).get(key("d"))?.layer;
  expect(layerWith(history)).toEqual({ diffId: digest("b"), descriptor: layers[1]! });
  const made = { created: "2026-01-04T00:00:00Z" };
  expect(layerWith([made, made])).toEqual({ diffId: digest("b"), descriptor: layers[1]! });
  expect(layerWith([made, made, made])).toBeUndefined();
});

test("whatever is not as it should be is no step", () => {
  const says = (records: unknown) =>
    readInlineCache({ "berth.build.cache.v1": records }, config, layers).size;
  expect(says([{ history: 2, keys: [key("d")] }])).toBe(1);
  for (const records of [
    undefined,
    1,
    {},
    [null],
    [{ keys: [key("d")] }],
    [{ history: 2 }],
    [{ history: 2, keys: "d" }],
  ])
    expect(says(records)).toBe(0);
  for (const history of [3, 4, -1, 0.5, "2"]) expect(says([{ history, keys: [key("d")] }])).toBe(0);
  expect(says([{ history: 2, keys: [1, "x", key("G")] }])).toBe(0);
  expect(readInlineCache(null, config, layers).size).toBe(0);
});
