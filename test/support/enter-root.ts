/**
 * A program for tests, started in new user, mount and pid namespaces: `bun enter-root.ts ROOT FILE`. It keeps
 * descriptors of FILE, enters ROOT as internal-init does, and prints what becomes of opening them for writing.
 */
import { O } from "../../src/sys/kernel-numbers.ts";
import { closeSync, openSync } from "node:fs";
import { systemErrorCode } from "../../src/base/errors.ts";
import { MountInterpreter } from "../../src/container/mount-interpreter.ts";
import { AT_FDCWD, openAt } from "../../src/sys/libc.ts";

const [root, file] = process.argv.slice(2) as [string, string];
const kept = { path: openAt(AT_FDCWD, file, O.PATH), reading: openAt(AT_FDCWD, file, O.RDONLY) };
const interpreter = new MountInterpreter({});
interpreter.perform({ kind: "root", root: { kind: "directory", path: root } });
interpreter.perform({
  kind: "filesystem",
  type: "proc",
  target: "/proc",
  parameters: {},
  attributes: ["nosuid", "nodev", "noexec"],
  place: "system",
});

function writable(fd: number): string {
  try {
    closeSync(openSync(`/proc/self/fd/${fd}`, "r+"));
    return "writable";
  } catch (error) {
    return systemErrorCode(error) ?? "unknown";
  }
}

const before = writable(kept.path);
interpreter.enter();
console.log(JSON.stringify({ before, path: writable(kept.path), reading: writable(kept.reading) }));
