import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { exampleImage } from "../../support/import-process.ts";
import { removeTree, type TemporaryStore, temporaryStore } from "../../support/temporary-store.ts";

const script = join(import.meta.dir, "../../support/import-process.ts");
const layers = 6;
const size = 100_000;

function start(temporary: TemporaryStore) {
  const log = join(dirname(temporary.directory), "log");
  const child = Bun.spawn(
    [process.execPath, script, temporary.directory, log, String(layers), String(size)],
    { stdout: "pipe", stderr: "pipe" },
  );
  return { child, log };
}

function expectWhole({ store }: TemporaryStore): void {
  const image = exampleImage(layers, size);
  const record = store.images.getByName("docker.io/library/x:latest");
  expect(record?.id).toBe(image.id);
  for (const [digest, bytes] of image.blobs) {
    expect(new Uint8Array(readFileSync(store.blobs.path(digest)))).toEqual(new Uint8Array(bytes));
  }
  for (const diffId of record!.config.rootfs.diff_ids) {
    expect(existsSync(join(store.layers.path(diffId), "data"))).toBe(true);
  }
  expect(record!.size).toBe(layers * size);
}

test("six processes that import one image at once share one download and one unpack", async () => {
  using temporary = temporaryStore();
  const started = Array.from({ length: 6 }, () => start(temporary));
  const outputs = await Promise.all(started.map(({ child }) => new Response(child.stdout).text()));
  const errors = await Promise.all(started.map(({ child }) => new Response(child.stderr).text()));
  expect(errors.join("")).toBe("");
  for (const output of outputs) expect(output).toContain("done sha256:");
  const lines = readFileSync(started[0]!.log, "utf8").trim().split("\n");
  expect(lines.filter((line) => line.endsWith(" 0"))).toHaveLength(layers + 1); // and the configuration
  expect(lines.filter((line) => line.startsWith("unpack"))).toHaveLength(layers);
  expectWhole(temporary);
});

test("an import killed after any step is completed by the next one", async () => {
  using temporary = temporaryStore();
  // A whole import takes about 160 steps; the killed ones get a little further each time.
  for (const steps of [1, 2, 5, 11, 23, 31, 40]) {
    const { child } = start(temporary);
    let seen = 0;
    for await (const chunk of child.stdout) {
      seen += chunk.byteLength;
      if (seen >= steps) break;
    }
    child.kill("SIGKILL");
    await child.exited;
  }
  const { child } = start(temporary);
  expect(await new Response(child.stdout).text()).toContain("done");
  expectWhole(temporary);
  await temporary.store.garbage.collect(removeTree);
  expectWhole(temporary);
});
