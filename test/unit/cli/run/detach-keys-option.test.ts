import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { detachKeysFrom } from "../../../../src/cli/run/detach-keys-option.ts";

const directory = mkdtempSync(join(tmpdir(), "berth-detach-keys-"));
writeFileSync(join(directory, "config.json"), JSON.stringify({ detachKeys: "ctrl-1" }));
afterAll(() => rmSync(directory, { recursive: true }));
const env = { DOCKER_CONFIG: directory };

test("bad keys in Docker's configuration matter only where somebody can type them", () => {
  expect(detachKeysFrom(undefined, env)(false)).toHaveLength(0);
  expect(() => detachKeysFrom(undefined, env)(true)).toThrow("invalid detach keys (ctrl-1)");
});

test("bad keys that were asked for are refused anywhere", () => {
  expect(() => detachKeysFrom("ctrl-2", {})).toThrow("invalid detach keys (ctrl-2)");
  expect([...detachKeysFrom("a", env)(true)]).toEqual([97]);
});
