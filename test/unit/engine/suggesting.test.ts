import { expect, test } from "bun:test";
import { BerthError } from "../../../src/base/errors.ts";
import { suggesting } from "../../../src/engine/build/base-image.ts";

test.each([
  ["biuld", "not there (did you mean build?)"],
  ["Build", "not there (did you mean build?)"],
  ["alpin", "not there (did you mean alpine?)"],
  ["build", "not there"],
  ["nothing/like/it", "not there"],
])("an image %s that cannot be had: %s", async (name, message) => {
  const failing = async () => {
    throw new BerthError("not-found", "not there", { hint: "look elsewhere" });
  };
  const stages = [{}, { name: "build" }];
  await expect(suggesting(name, stages, failing)).rejects.toMatchObject({
    code: "not-found",
    message,
    hint: "look elsewhere",
  });
  expect(await suggesting(name, stages, async () => 1)).toBe(1);
});
