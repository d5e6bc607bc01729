import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { diffIdOf, identities, UnpackLab } from "../support/unpack-lab.ts";

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await Bun.sleep(5);
}

test.each(identities)("a worker dies with the berth that started it, $mode ids", async (identity) => {
  await using lab = new UnpackLab(identity);
  const target = lab.newPath();
  const fifo = lab.newPath("fifo");
  Bun.spawnSync(["mkfifo", fifo]);
  const request = { blob: fifo, diffId: diffIdOf(Buffer.alloc(0)), target };
  const source = join(import.meta.dir, "../../src");
  const program = `
    import { createLayerUnpacker } from "${source}/snapshot/layer-unpacker.ts";
    import { helpersOnPath } from "${source}/sys/helpers.ts";
    const [identity, selfCommand, request] = process.argv.slice(1).map((text) => JSON.parse(text));
    await createLayerUnpacker({ helpers: helpersOnPath({}), identity, selfCommand }).unpack(request);
  `;
  const words = [identity, lab.environment.selfCommand, request].map((value) => JSON.stringify(value));
  const writer = Bun.spawn(["sh", "-c", 'exec 3>"$1"; exec sleep 60', "sh", fifo]);
  const engine = Bun.spawn([process.execPath, "-e", program, ...words], { stderr: "inherit" });
  try {
    await until(() => readdirSync(join(lab.path, "store")).includes("target-0"));
    const before = children(engine.pid);
    expect(before.length).toBe(1);
    engine.kill("SIGKILL");
    await engine.exited;
    await until(() => before.every((pid) => !isRunning(pid)));
  } finally {
    writer.kill("SIGKILL");
    await writer.exited;
  }
});

function children(pid: number): string[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
}

function isRunning(pid: string): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
