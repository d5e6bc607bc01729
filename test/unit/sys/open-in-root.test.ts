import { O } from "../../../src/sys/kernel-numbers.ts";
import { expect, test } from "bun:test";
import { closeSync, mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileSyscalls } from "../../../src/sys/file-syscalls.ts";
import { openInRoot } from "../../../src/sys/libc.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

test("a path with .. opens while names are changed elsewhere", () => {
  // The kernel answers EAGAIN when any rename on the machine comes between (openat2(2)).
  using directory = temporaryDirectory();
  const [root, elsewhere] = [join(directory.path, "root"), join(directory.path, "elsewhere")];
  mkdirSync(join(root, "a/b"), { recursive: true });
  mkdirSync(elsewhere);
  writeFileSync(join(root, "file"), "");
  const script = `const { renameSync, writeFileSync } = require("node:fs");
    writeFileSync("x", ""); console.log("ready");
    for (;;) { renameSync("x", "y"); renameSync("y", "x"); }`;
  const renaming = Bun.spawn([process.execPath, "-e", script], { cwd: elsewhere, stdout: "pipe" });
  const fd = openSync(root, "r");
  try {
    const path = `${"a/b/../../".repeat(40)}file`;
    const end = performance.now() + 300;
    while (performance.now() < end) {
      closeSync(openInRoot(fd, path, O.PATH));
      const opened = fileSyscalls.openInRoot(fd, path, O.PATH);
      expect(opened).toBeGreaterThan(0);
      closeSync(opened);
    }
  } finally {
    closeSync(fd);
    renaming.kill("SIGKILL");
  }
});
