import { expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { attachPasta } from "../../../src/network/pasta.ts";
import { attachSlirp4netns } from "../../../src/network/slirp4netns.ts";
import type { Helpers } from "../../../src/sys/helpers.ts";

const missing: Helpers = {
  command: () => {
    throw new Error("missing");
  },
};
const notThere: Helpers = { command: () => ["/nonexistent/program"] };
const descriptors = () => readdirSync("/proc/self/fd").length;

test.each([
  ["slirp4netns", "is not found", attachSlirp4netns, missing],
  ["slirp4netns", "cannot be started", attachSlirp4netns, notThere],
  ["pasta", "is not found", attachPasta, missing],
  ["pasta", "cannot be started", attachPasta, notThere],
])("no descriptor is left when %s %s", async (_name, _why, attach, helpers) => {
  const tryIt = () =>
    attach({ helpers, pid: process.pid, options: {}, enableIPv6: false }).then(
      () => expect.unreachable(),
      () => undefined,
    );
  await tryIt();
  const before = descriptors();
  for (let time = 0; time < 10; time++) await tryIt();
  expect(descriptors()).toBeLessThan(before + 10);
});
