import { expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { RotatedLines } from "../../../src/container/rotated-lines.ts";
import { ContainerLog } from "../../../src/container/container-log.ts";
import { logPath } from "../../../src/engine/container-logging.ts";
import { type LogsOptions, readLogs } from "../../../src/engine/logs.ts";
import type { ContainerState } from "../../../src/store/types.ts";
import { identifyProcess } from "../../../src/sys/process-identity.ts";
import { testEngine } from "../../support/engine.ts";
import { nextMillisecond } from "../../support/next-millisecond.ts";
import { containerRecord } from "../../support/records.ts";
import { temporaryDirectory } from "../../support/temporary-directory.ts";

/** A container with a log, in an engine of its own. */
function lab(state: Partial<ContainerState> = { status: "running", monitor: identifyProcess(process.pid)! }) {
  const engine = testEngine();
  const { context } = engine;
  const image = engine.addImage("base", ["docker.io/library/base:latest"]);
  const record = {
    ...containerRecord("box", image),
    labels: { tier: "a b", other: "x" },
    options: {
      env: ["STAGE=test", "OTHER=1"],
      run: { logging: { driver: "local", options: { labels: "tier,none", env: "STAGE" } } },
    },
    state: { status: "created", ...state } as ContainerState,
  };
  context.store.containers.insert(record);
  const directory = context.store.layout.container(record.id);
  mkdirSync(directory, { recursive: true });
  const path = logPath(directory);
  let log: ContainerLog | undefined;
  const signal = new AbortController();
  return {
    context,
    abort: signal,
    write(stream: "stdout" | "stderr", text: string) {
      log ??= new ContainerLog(path, { maxSize: 2000, maxFiles: 50 });
      log.write(stream, Buffer.from(text));
    },
    set: (status: ContainerState["status"]) =>
      context.store.containers.update(record.id, () => ({ ...record.state, status })),
    async read(options: Partial<LogsOptions> = {}, seen: (all: string) => void = () => {}) {
      const text = { stdout: "", stderr: "" };
      let order = "";
      await readLogs(
        context,
        "box",
        { follow: false, timestamps: false, details: false, ...options },
        (stream, bytes) => {
          text[stream] += Buffer.from(bytes).toString();
          order += Buffer.from(bytes).toString();
          seen(order);
        },
        signal.signal,
      );
      return { ...text, order };
    },
    [Symbol.dispose]() {
      log?.close();
      engine[Symbol.dispose]();
    },
  };
}

test("what was written, kept apart by stream, in its order", async () => {
  using box = lab();
  box.write("stdout", "one\ntwo\n");
  box.write("stderr", "bad\n");
  box.write("stdout", "no end");
  expect(await box.read()).toEqual({
    stdout: "one\ntwo\nno end",
    stderr: "bad\n",
    order: "one\ntwo\nbad\nno end",
  });
});

test("timestamps and details stand before whole lines only", async () => {
  using box = lab();
  box.write("stdout", "begin ");
  box.write("stdout", "end\n");
  box.write("stderr", "bad\n");
  const { stdout, stderr } = await box.read({ timestamps: true, details: true });
  const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z`;
  expect(stdout).toMatch(new RegExp(`^${time} STAGE=test,tier=a\\+b begin end\n$`));
  expect(stderr).toMatch(new RegExp(`^${time} STAGE=test,tier=a\\+b bad\n$`));
});

test("from and until a moment", async () => {
  using box = lab();
  box.write("stdout", "early\n");
  const middle = nextMillisecond();
  nextMillisecond();
  box.write("stdout", "late\n");
  expect((await box.read({ since: middle })).stdout).toBe("late\n");
  expect((await box.read({ until: middle })).stdout).toBe("early\n");
  expect((await box.read({ since: middle, until: middle })).stdout).toBe("");
  // Following what has an end in the past ends.
  expect((await box.read({ until: middle, follow: true })).stdout).toBe("early\n");
});

test("the last lines, also over rotated files", async () => {
  using box = lab();
  for (let index = 0; index < 500; index++) box.write(index % 5 === 0 ? "stderr" : "stdout", `${index}\n`);
  expect((await box.read({ tail: 7 })).order).toBe("493\n494\n495\n496\n497\n498\n499\n");
  expect((await box.read({ tail: 0 })).order).toBe("");
  expect((await box.read()).order.split("\n").length).toBe(501);
});

test("follows a container over rotations until it ends, and misses nothing", async () => {
  using box = lab();
  const count = 2000;
  box.write("stdout", "0\n");
  const done = box.read({ follow: true }, (all) => {
    // Each line that was seen lets ten more be written, so that reading and writing take turns.
    for (let ten = 0; next < count && ten < 10 && all.includes(`${next - 1}\n`); ten++)
      box.write("stdout", `${next++}\n`);
    if (next === count && !ended) {
      ended = true;
      box.set("exited");
    }
  });
  let next = 1;
  let ended = false;
  const { order } = await done;
  expect(order).toBe(Array.from({ length: count }, (_, index) => `${index}\n`).join(""));
});

test("misses nothing of a writer that rotates all the time", async () => {
  using directory = temporaryDirectory();
  const path = join(directory.path, "log");
  const count = 2000;
  const source = join(import.meta.dir, "../../../src/container/container-log.ts");
  const writer = Bun.spawn([
    process.execPath,
    "-e",
    `const { ContainerLog } = await import(${JSON.stringify(source)});
     const log = new ContainerLog(${JSON.stringify(path)}, { maxSize: 2000, maxFiles: 1000 });
     for (let index = 0; index < ${count}; index++) log.write("stdout", Buffer.from(index + "\\n"));`,
  ]);
  using lines = new RotatedLines(path);
  const seen: string[] = [];
  for (let isOver = false; !isOver; ) {
    isOver = writer.exitCode !== null;
    for (let block = lines.read(); block !== undefined; block = lines.read())
      for (const line of block.bytes.toString().trimEnd().split("\n")) seen.push(line.split(" ")[3]!);
    await new Promise(setImmediate);
  }
  expect(writer.exitCode).toBe(0);
  expect(seen).toEqual(Array.from({ length: count }, (_, index) => String(index)));
});

test("follows a container over a restart", async () => {
  using box = lab();
  box.write("stdout", "first\n");
  const { order } = await box.read({ follow: true }, (all) => {
    if (all === "first\n") {
      box.set("restarting");
      setTimeout(() => {
        box.write("stdout", "second\n");
        box.set("running");
      }, 20);
    } else box.set("exited");
  });
  expect(order).toBe("first\nsecond\n");
});

test("following only what is new, until somebody interrupts", async () => {
  using box = lab();
  box.write("stdout", "old\n");
  setTimeout(() => box.write("stdout", "new\n"), 20);
  const seen: string[] = [];
  const following = box.read({ follow: true, tail: 0 }, (all) => {
    seen.push(all);
    box.abort.abort(new Error("interrupted"));
  });
  await expect(following).rejects.toThrow("interrupted");
  expect(seen).toEqual(["new\n"]);
});

test("following a container that does not run ends at once", async () => {
  using box = lab({ status: "exited", exitCode: 0 });
  box.write("stdout", "x\n");
  expect((await box.read({ follow: true })).order).toBe("x\n");
});

test("a monitor that was killed ends the following", async () => {
  const monitor = Bun.spawn(["sleep", "100"]);
  using box = lab({ status: "running", monitor: identifyProcess(monitor.pid)! });
  box.write("stdout", "x\n");
  const { order } = await box.read({ follow: true }, () => monitor.kill(9));
  expect(order).toBe("x\n");
});

test("a container that never ran has said nothing; one without a log cannot be asked", async () => {
  using created = lab({ status: "created" });
  expect((await created.read()).order).toBe("");
  using running = lab();
  await expect(running.read()).rejects.toThrow("configured logging driver does not support reading");
  using dead = lab({ status: "dead" });
  await expect(dead.read()).rejects.toThrow(
    "can not get logs from container which is dead or marked for removal",
  );
  await expect(
    readLogs(
      dead.context,
      "none",
      { follow: false, timestamps: false, details: false },
      () => {},
      dead.abort.signal,
    ),
  ).rejects.toThrow("No such container: none");
});
