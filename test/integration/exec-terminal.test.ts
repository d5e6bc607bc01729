/** `berth exec -t`: the program has a terminal of the container's, and the person's comes back as it was. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { berthExecutable } from "../support/berth-executable.ts";
import { type ContainerLab, containerLab } from "../support/container-lab.ts";
import { type RunningContainer, runningContainer } from "../support/running-container.ts";
import { startInTerminal, type TerminalSession } from "../support/terminal-session.ts";

const until = async (holds: () => boolean) => {
  while (!holds()) await Bun.sleep(10);
};

describe("exec in a terminal", () => {
  let lab: ContainerLab;
  let container: RunningContainer;
  beforeAll(async () => {
    lab = await containerLab();
    container = await runningContainer(lab.root);
  });
  afterAll(async () => {
    await container[Symbol.asyncDispose]();
    await lab[Symbol.asyncDispose]();
  });
  const start = (...args: string[]): TerminalSession => startInTerminal(lab.root, ["exec", ...args]);
  const inside = (script: string) => lab.berth(["exec", container.name, "sh", "-c", script]);
  const waiting = (message: string, end = "exit 3") =>
    `trap 'echo ${message}; ${end}' INT HUP WINCH; echo ready; while :; do sleep 0.05; done`;

  test("-it gives a terminal in the container's /dev/pts, with job control, size and TERM", async () => {
    using session = start("-it", container.name, "sh");
    await session.shows(/# /);
    session.type("tty; stty size; echo $TERM; id -u; readlink /proc/self/fd/2\n");
    await session.shows(/\/dev\/pts\/\d+\r\n24 80\r\nxterm\r\n0\r\n\/dev\/pts/);
    session.type("exit 5\n");
    expect(await session.exited).toBe(5);
    expect(session.echoes()).toBe(true);
  });

  test("several terminals do not disturb each other", async () => {
    using first = start("-it", container.name, "sh");
    using second = start("-it", container.name, "sh");
    await Promise.all([first.shows(/# /), second.shows(/# /)]);
    first.type("echo fi''rst; exit 1\n");
    second.type("echo sec''ond; exit 2\n");
    expect(await Promise.all([first.exited, second.exited])).toEqual([1, 2]);
    expect(first.output()).toContain("first");
    expect(first.output()).not.toContain("second");
  });

  test("another user owns the terminal", async () => {
    using session = start(
      "-it",
      "-u",
      "33:44",
      container.name,
      "sh",
      "-c",
      "stat -c %u $(tty); echo x >$(tty)",
    );
    expect(await session.exited).toBe(0);
    expect(session.output()).toBe("33\r\nx\r\n");
  });

  test("a new window size and Ctrl-C reach the program", async () => {
    using session = start("-it", container.name, "sh", "-c", waiting("$(stty size)", "exit 4"));
    await session.shows(/ready/);
    session.resize(100, 40);
    await session.shows(/40 100/);
    expect(await session.exited).toBe(4);
    using other = start("-it", container.name, "sh", "-c", waiting("caught"));
    await other.shows(/ready/);
    other.type("\x03");
    await other.shows(/caught/);
    expect(await other.exited).toBe(3);
  });

  test.each([
    ["ctrl-p ctrl-q", [], ["\x10", "\x11"]],
    ["keys of one's own, in one piece", ["--detach-keys", "a,ctrl-b,z"], ["a\x02z"]],
  ])("%s leave the program running and the terminal as it was", async (_, flags, keys) => {
    using session = start("-it", ...flags, container.name, "sh", "-c", "echo ready; sleep 98764");
    await session.shows(/ready/);
    for (const key of keys) session.type(key);
    await session.shows(/read escape sequence/);
    expect(await session.exited).toBe(1);
    expect(session.echoes()).toBe(true);
    while ((await inside("/bin/busybox pidof sleep")).code !== 0) await Bun.sleep(10);
    // Its terminal is still there, and takes what is written to it.
    expect(
      (await inside(`for t in /dev/pts/[0-9]*; do echo x >$t; done; kill -9 $(pidof sleep) || true`)).code,
    ).toBe(0);
  });

  test("what only begins like the detach keys is input", async () => {
    using session = start(
      "-it",
      container.name,
      "sh",
      "-c",
      "stty raw -echo; echo ready; head -c 3 | od -An -tx1",
    );
    await session.shows(/ready/);
    session.type("\x10");
    session.type("x\x11");
    await session.shows(/10 78 11/);
    expect(await session.exited).toBe(0);
  });

  test.each([
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("%s gives the terminal back and leaves the program running", async (signal, status) => {
    using session = start(
      "-it",
      container.name,
      "sh",
      "-c",
      `trap 'echo hung up >/tmp/${signal}; exit' HUP; trap 'echo left >/tmp/${signal}; exit' USR1; ` +
        "echo $$ >/tmp/pid; echo ready; while :; do sleep 0.05; done",
    );
    await session.shows(/ready/);
    await until(() => !session.echoes());
    process.kill(session.pid, signal);
    expect(await session.exited).toBe(status);
    expect(session.echoes()).toBe(true);
    await inside("kill -USR1 $(cat /tmp/pid)");
    while ((await inside(`test -s /tmp/${signal}`)).code !== 0) await Bun.sleep(10);
    expect((await inside(`cat /tmp/${signal}`)).stdout).toBe("left\n");
  });

  test("a terminal that goes away leaves the program running, with a terminal of its own", async () => {
    const script = `
      import { startInTerminal } from ${JSON.stringify(join(import.meta.dir, "../support/terminal-session.ts"))};
      const session = startInTerminal(${JSON.stringify(lab.root)}, ["exec", "-it", ${JSON.stringify(container.name)}, "sh", "-c", "echo $$ >/tmp/pid; echo ready; exec sleep 98765"]);
      await session.shows(/ready/);
      while (session.echoes()) await Bun.sleep(10);
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
    await until(() => !existsSync(`/proc/${pid}`));
    expect((await inside("kill $(cat /tmp/pid)")).code).toBe(0);
    while ((await inside("test -e /proc/$(cat /tmp/pid)")).code === 0) await Bun.sleep(10);
  });

  test("-dt leaves a program that has a terminal, which goes when it ends", async () => {
    expect(
      (await lab.berth(["exec", "-dt", container.name, "sh", "-c", "tty >/tmp/tty; sleep 98766"])).code,
    ).toBe(0);
    while ((await inside("grep -q pts /tmp/tty")).code !== 0) await Bun.sleep(10);
    await inside("kill $(/bin/busybox pidof sleep)");
    while ((await inside("test -e $(cat /tmp/tty)")).code === 0) await Bun.sleep(10);
  });

  test("-t without -i shows what a terminal shows, into a pipe as well", async () => {
    const { code, stdout } = await lab.berth([
      "exec",
      "-t",
      container.name,
      "sh",
      "-c",
      "test -t 1 && echo terminal",
    ]);
    expect({ code, stdout }).toEqual({ code: 0, stdout: "terminal\r\n" });
  });

  test("without -t the program is not on the person's terminal", async () => {
    using session = start(
      "-i",
      container.name,
      "sh",
      "-c",
      "test -t 0 || test -t 1 || test -t 2 || echo none; cat",
    );
    await session.shows(/none/);
    session.type("typed\n");
    await session.shows(/typed\r\ntyped/);
    session.type("\x04");
    expect(await session.exited).toBe(0);
  });

  test("what is left running in the background does not keep berth", async () => {
    using session = start(container.name, "sh", "-c", "sleep 98767 & echo over");
    expect(await session.exited).toBe(0);
    expect(session.output()).toBe("over\r\n");
  });
});
