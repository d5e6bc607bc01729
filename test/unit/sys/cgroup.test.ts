import { afterAll, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { applySettings, cgroupEvents, outOfMemoryKills, removeCgroup } from "../../../src/sys/cgroup.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const directory = temporaryDirectory();
afterAll(() => directory[Symbol.dispose]());

/** Files of a pretended cgroup; the kernel's are there from the start, and writing makes none. */
function pretended(name: string, files: Readonly<Record<string, string>>): string {
  const path = join(directory.path, name);
  mkdirSync(path, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  return path;
}

test("settings are written, each into its file", () => {
  const path = pretended("limited", { "memory.max": "max\n", "pids.max": "max\n" });
  applySettings(path, [
    { controller: "memory", file: "memory.max", value: "1000" },
    { controller: "memory", file: "memory.swap.max", value: "1000", optional: true },
    { controller: "pids", file: "pids.max", value: "7" },
  ]);
  expect(readFileSync(join(path, "memory.max"), "utf8")).toStartWith("1000");
  expect(readFileSync(join(path, "pids.max"), "utf8")).toStartWith("7");
  expect(existsSync(join(path, "memory.swap.max"))).toBe(false);
});

test("a limit that was asked for and that the kernel does not have is an error", () => {
  const path = pretended("old", {});
  const setting = { controller: "memory", file: "memory.swap.max", value: "5" } as const;
  expect(() => applySettings(path, [setting])).toThrow(
    `cannot write 5 to ${join(path, "memory.swap.max")}: ENOENT`,
  );
});

test("processes that were killed for memory are counted", () => {
  const path = pretended("full", { "memory.events": "low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\n" });
  expect(outOfMemoryKills(path)).toBe(2);
  expect(outOfMemoryKills(pretended("other", {}))).toBe(0);
  expect(cgroupEvents(path, "memory.events").get("max")).toBe("12");
});

test("a cgroup goes with those below it; one that is gone already is no error", () => {
  const path = pretended("tree", {});
  mkdirSync(join(path, "one/two"), { recursive: true });
  removeCgroup(path);
  expect(existsSync(path)).toBe(false);
  removeCgroup(path);
});
