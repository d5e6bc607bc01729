import { expect, test } from "bun:test";
import { chmodSync, closeSync, mkdirSync, openSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { impliedAttribute, incompleteAttribute } from "../../../src/archive/layer/implied-directories.ts";
import { completeLayers, isIncomplete } from "../../../src/snapshot/complete-layers.ts";
import { createLayerUnpacker } from "../../../src/snapshot/layer-unpacker.ts";
import type { WorkerEnvironment } from "../../../src/snapshot/run-worker.ts";
import { fileSyscalls as calls } from "../../../src/sys/file-syscalls.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

const yes = Buffer.from("y");

/** Makes the directories of a layer with their modes; those of mode 0 are implied. */
function makeLayer(
  path: string,
  directories: Readonly<Record<string, number>>,
  opaque: readonly string[] = [],
) {
  mkdirSync(path);
  const set = (name: string, attribute: string) => {
    const fd = openSync(join(path, name), "r");
    expect(calls.setAttribute(fd, attribute, yes)).toBe(0);
    closeSync(fd);
  };
  for (const [name, mode] of Object.entries(directories)) {
    mkdirSync(join(path, name), { recursive: true });
    chmodSync(join(path, name), mode === 0 ? 0o755 : mode);
    utimesSync(join(path, name), 1, 1_000_000 + mode);
    if (mode !== 0) continue;
    set(name, impliedAttribute);
    set(".", incompleteAttribute);
  }
  for (const name of opaque) set(name, "user.overlay.opaque");
}

function complete(paths: readonly string[]): void {
  const layers = paths.map((path) => openSync(path, "r"));
  completeLayers(calls, layers);
  for (const fd of layers) closeSync(fd);
}

const modeOf = (...parts: readonly string[]) => (statSync(join(...parts)).mode & 0o7777).toString(8);

test("an implied directory is what the nearest layer below says, and that only once", () => {
  using directory = temporaryDirectory();
  const paths = ["a", "b", "c"].map((name) => join(directory.path, name));
  const [a = "", b = "", c = ""] = paths;
  makeLayer(a, { tmp: 0o1777, "tmp/deep": 0o711, only: 0o750 });
  makeLayer(b, { tmp: 0, "tmp/deep": 0o700 });
  makeLayer(c, { tmp: 0, "tmp/deep": 0, only: 0, nowhere: 0 });
  expect(paths.map(isIncomplete)).toEqual([false, true, true]);
  complete(paths);
  expect(paths.map(isIncomplete)).toEqual([false, false, false]);
  expect([modeOf(b, "tmp"), modeOf(c, "tmp"), modeOf(c, "tmp/deep")]).toEqual(["1777", "1777", "700"]);
  expect([modeOf(c, "only"), modeOf(c, "nowhere")]).toEqual(["750", "755"]);
  expect(statSync(join(c, "tmp")).mtimeMs).toBe(statSync(join(a, "tmp")).mtimeMs);
  chmodSync(join(a, "tmp"), 0o700);
  complete(paths);
  expect(modeOf(c, "tmp")).toBe("1777");
});

test("where all directories are the user's own there is no worker", async () => {
  using directory = temporaryDirectory();
  const paths = ["a", "b"].map((name) => join(directory.path, name));
  const [a = "", b = ""] = paths;
  makeLayer(a, { tmp: 0o1777 });
  makeLayer(b, { tmp: 0 });
  const none = new Proxy({} as WorkerEnvironment, {
    get() {
      throw new Error("a worker is started");
    },
  });
  await createLayerUnpacker(none).complete(paths);
  expect(paths.map(isIncomplete)).toEqual([false, false]);
  expect(modeOf(b, "tmp")).toBe("1777");
});

test.skipIf(process.getuid!() === 0)("what may not be looked into is no reason to go on", () => {
  using directory = temporaryDirectory();
  const paths = ["a", "b"].map((name) => join(directory.path, name));
  const [a = "", b = ""] = paths;
  makeLayer(a, { closed: 0o100 });
  makeLayer(b, { closed: 0 });
  expect(() => complete(paths)).toThrow('cannot open "closed": permission denied');
  expect(isIncomplete(b)).toBe(true);
  chmodSync(join(a, "closed"), 0o700); // so that it can be removed
});

test("what a layer hides is not looked at", () => {
  using directory = temporaryDirectory();
  const paths = ["a", "b", "c"].map((name) => join(directory.path, name));
  const [a = "", b = "", c = ""] = paths;
  makeLayer(a, { "file/x": 0o700, "opaque/x": 0o700, "opaque/y": 0o711 });
  makeLayer(b, { "opaque/x": 0o750 }, ["opaque"]);
  writeFileSync(join(b, "file"), "");
  makeLayer(c, { "file/x": 0, "opaque/x": 0, "opaque/y": 0 });
  complete(paths);
  expect([modeOf(c, "file/x"), modeOf(c, "opaque/x"), modeOf(c, "opaque/y")]).toEqual(["755", "750", "755"]);
});
