import { afterAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { berth, berthExecutable } from "../support/berth-executable.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { startInTerminal } from "../support/terminal-session.ts";

const isAlive = (pid: number) => existsSync(`/proc/${pid}`);
const image = "builtin.berth/busybox:latest";

describe("run in a terminal", () => {
  const directory = temporaryDirectory();
  const root = directory.path;
  const start = (...args: string[]) => startInTerminal(root, ["run", "--rm", "--network", "none", ...args]);
  afterAll(() => directory[Symbol.dispose]());

  test("-it gives a terminal of the container's own, with job control and the right size", async () => {
    using session = start("-it", image, "sh");
    await session.shows(/# /);
    session.type("tty; stty size; echo $TERM; ls -l /dev/console | cut -c1\n");
    await session.shows(/\/dev\/pts\/0\r\n24 80\r\nxterm\r\nc\r\n/);
    session.type("exit 5\n");
    expect(await session.exited).toBe(5);
  });

  test("a new window size reaches the container", async () => {
    using session = start(
      "-it",
      image,
      "sh",
      "-c",
      "trap 'stty size; exit' WINCH; echo ready; while :; do sleep 0.05; done",
    );
    await session.shows(/ready/);
    session.resize(100, 40);
    await session.shows(/40 100/);
    expect(await session.exited).toBe(0);
  });

  test("Ctrl-C goes to the program, not to berth", async () => {
    using session = start(
      "-it",
      image,
      "sh",
      "-c",
      "trap 'echo caught; exit 3' INT; echo ready; while :; do sleep 0.05; done",
    );
    await session.shows(/ready/);
    session.type("\x03");
    await session.shows(/caught/);
    expect(await session.exited).toBe(3);
  });

  test("a terminal that goes away leaves the container running", async () => {
    // The outer process dies with its end of the terminal, and nobody sends berth a signal.
    const script = `
      import { startInTerminal } from ${JSON.stringify(join(import.meta.dir, "../support/terminal-session.ts"))};
      const session = startInTerminal(${JSON.stringify(root)}, ["run", "--rm", "--name", "left", "--network", "none", "-it", ${JSON.stringify(image)}, "sh"]);
      await session.shows(/# /);
      console.log(session.pid);
      process.kill(process.pid, "SIGKILL");
    `;
    const outer = Bun.spawn([process.execPath, "-e", script], {
      env: { ...process.env, BERTH_EXECUTABLE: berthExecutable },
      stdout: "pipe",
      stderr: "inherit",
    });
    const pid = Number(await outer.stdout.text());
    expect(pid).toBeGreaterThan(0);
    while (isAlive(pid)) await Bun.sleep(10);
    expect((await berth(root, ["ps", "--format", "{{.Names}}"])).stdout).toBe("left\n");
    expect((await berth(root, ["rm", "-f", "left"])).code).toBe(0);
    expect((await berth(root, ["ps", "-aq"])).stdout).toBe("");
  });

  test("without -t there is no terminal inside, and the person's is not handed over", async () => {
    using session = start(
      "-i",
      image,
      "sh",
      "-c",
      "test -t 0 || test -t 1 || test -t 2 || echo none; readlink /proc/self/fd/1; cat",
    );
    await session.shows(/none/);
    await session.shows(/pipe:/);
    session.type("typed\n");
    await session.shows(/typed\r\ntyped/);
    session.type("\x04");
    expect(await session.exited).toBe(0);
  });

  test("-t needs a terminal when input is wanted", async () => {
    expect(await berth(root, ["run", "--rm", "-it", image, "true"], { stdin: "" })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("stdin is not a terminal"),
    });
  });
});
