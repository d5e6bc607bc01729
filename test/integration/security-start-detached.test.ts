import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "../support/temporary-directory.ts";

test("what a process keeps of the host's tree cannot be opened for writing once it has entered the root", async () => {
  // Of the descriptors that could be kept, /proc/self/exe is the one that execve leaves (CVE-2019-5736).
  using directory = temporaryDirectory();
  const root = join(directory.path, "root");
  const file = join(directory.path, "file");
  mkdirSync(root);
  writeFileSync(file, "");
  const enter = [process.execPath, join(import.meta.dir, "../support/enter-root.ts"), root, file];
  const child = Bun.spawn(["unshare", "-Urmpf", "--propagation", "slave", ...enter], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  expect(JSON.parse(await child.stdout.text())).toEqual({
    before: "writable",
    path: "EROFS",
    reading: "EROFS",
  });
});

test("what init rehearses before it has its order can be done, all of it", async () => {
  using directory = temporaryDirectory();
  const rehearse = [process.execPath, join(import.meta.dir, "../support/rehearse.ts"), directory.path];
  const child = Bun.spawn(["unshare", "-Urmpf", "--propagation", "slave", ...rehearse], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  expect(await child.stdout.text()).toBe("whole\n");
});
