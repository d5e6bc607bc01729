import { afterAll, afterEach, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type BerthOptions, berth, berthExecutable } from "../support/berth-executable.ts";
import { monitorOf } from "../support/monitor-of.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";
import { startInTerminal } from "../support/terminal-session.ts";

const image = "builtin.berth/busybox:latest";

/** A program that ends with 3 when it is asked to, and says so. */
const listens = "trap 'echo asked; exit 3' TERM; echo ready; while :; do sleep 0.02; done";

describe.each(["overlay", "fuse-overlayfs"])("the life of a container (%s)", (driver) => {
  const directory = temporaryDirectory();
  const root = directory.path;
  const runtime = join(root, "run");
  mkdirSync(runtime, { mode: 0o700 });
  const env = { BERTH_STORAGE_DRIVER: driver, XDG_RUNTIME_DIR: runtime };
  const own = (args: readonly string[], options: BerthOptions = {}) => berth(root, args, { env, ...options });
  const words = async (...args: string[]) => (await own(args)).stdout.trim();
  const run = (...args: string[]) => own(["run", "--network", "none", ...args]);
  const state = (name: string) => words("inspect", "--format", "{{.State.Status}} {{.State.ExitCode}}", name);
  const reaches = async (name: string, wanted: string) => {
    while ((await state(name)) !== wanted) await Bun.sleep(10);
  };
  const logged = async (name: string, wanted: string) => {
    while (!(await words("logs", name)).includes(wanted)) await Bun.sleep(10);
  };
  const process = async (name: string) => Number(await words("inspect", "--format", "{{.State.Pid}}", name));

  afterEach(async () => {
    const ids = (await words("ps", "-aq")).split("\n").filter(Boolean);
    if (ids.length > 0) expect((await own(["rm", "-f", "-v", ...ids])).code).toBe(0);
    // Nothing of any container is left, and its monitor ends after that.
    expect(readdirSync(join(root, "data/containers"))).toEqual([]);
    while (readdirSync(join(runtime, "berth/monitors")).length > 0) await Bun.sleep(5);
  });
  afterAll(() => directory[Symbol.dispose]());

  test("run -d answers its id and goes on, stop asks it to end", async () => {
    const { code, stdout } = await run("-d", "--name", "web", image, "sh", "-c", listens);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^[0-9a-f]{64}\n$/);
    await logged("web", "ready");
    expect(await state("web")).toBe("running 0");
    expect(await own(["stop", "web"])).toMatchObject({ code: 0, stdout: "web\n", stderr: "" });
    expect(await state("web")).toBe("exited 3");
    expect(await words("logs", "web")).toBe("ready\nasked");
    expect((await own(["stop", "web"])).code).toBe(0);
  });

  test("a program that does not listen is killed in time", async () => {
    await run("-d", "--name", "deaf", image, "sleep", "1000");
    expect((await own(["stop", "-t", "0", "deaf"])).code).toBe(0);
    expect(await state("deaf")).toBe("exited 137");
  });

  test("several are stopped at the same time, and told in their order", async () => {
    const names = ["a1", "a2", "a3"];
    for (const name of names) await run("-d", "--name", name, image, "sleep", "1000");
    expect(await own(["stop", "-t", "1", ...names, "none"])).toMatchObject({
      code: 1,
      stdout: "a1\na2\na3\n",
      stderr: expect.stringContaining("No such container: none"),
    });
  });

  test("start runs it again with the files it wrote, and start -a shows what it says", async () => {
    const script = "echo line >>/file; wc -l </file";
    expect(await run("--name", "again", image, "sh", "-c", script)).toMatchObject({ code: 0, stdout: "1\n" });
    expect(await own(["start", "-a", "again"])).toMatchObject({ code: 0, stdout: "2\n" });
    expect(await own(["start", "again"])).toMatchObject({ code: 0, stdout: "again\n" });
    await reaches("again", "exited 0");
    expect(await words("logs", "again")).toBe("1\n2\n3");
  });

  test("create, start -ai and a command that reads", async () => {
    const { stdout } = await own([
      "create",
      "-i",
      "--network",
      "none",
      "--name",
      "filter",
      image,
      "tr",
      "a-z",
      "A-Z",
    ]);
    expect(stdout).toMatch(/^[0-9a-f]{64}\n$/);
    expect(await state("filter")).toBe("created 0");
    expect(await own(["start", "-ai", "filter"], { stdin: "shout" })).toMatchObject({
      code: 0,
      stdout: "SHOUT",
    });
  });

  test("standard output and error are kept apart, and the exit code passes through", async () => {
    const ended = await run("--name", "both", image, "sh", "-c", "echo out; echo err >&2; exit 9");
    expect(ended).toEqual({ code: 9, stdout: "out\n", stderr: "err\n" });
    expect(await own(["logs", "both"])).toEqual({ code: 0, stdout: "out\n", stderr: "err\n" });
    expect(await own(["start", "-a", "both"])).toEqual({ code: 9, stdout: "out\n", stderr: "err\n" });
  });

  test("a program that is not there is said at once, attached or not", async () => {
    for (const flags of [[], ["-d"], ["-d", "--rm"]]) {
      const ended = await run(...flags, image, "nosuch");
      expect(ended).toMatchObject({ code: 127, stdout: "" });
      expect(ended.stderr).toContain('exec: "nosuch": executable file not found in $PATH');
    }
    await run("--name", "bad", image, "sh", "-c", "printf '#!/none\\n' >/x; chmod +x /x");
    expect((await run("-d", "--name", "dir", image, "/etc")).code).toBe(126);
    expect(await state("dir")).toBe("created 128");
  });

  test("kill sends what it is told, wait answers the exit code", async () => {
    await run(
      "-d",
      "--name",
      "target",
      image,
      "sh",
      "-c",
      "trap 'exit 4' USR1; while :; do sleep 0.02; done",
    );
    const waiting = own(["wait", "target"]);
    await own(["kill", "-s", "CONT", "target"]);
    while ((await state("target")) === "running 0") await own(["kill", "-s", "USR1", "target"]);
    expect(await waiting).toMatchObject({ code: 0, stdout: "4\n" });
    expect(await own(["wait", "target"])).toMatchObject({ code: 0, stdout: "4\n" });
    const ended = await own(["kill", "target"]);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/cannot kill container: target: container [0-9a-f]{64} is not running/);
  });

  test("restart starts it again under the same monitor", async () => {
    await run("-d", "--name", "twice", image, "sh", "-c", listens);
    await logged("twice", "ready");
    const before = await process("twice");
    expect(await own(["restart", "twice"])).toMatchObject({ code: 0, stdout: "twice\n" });
    expect(await state("twice")).toBe("running 0");
    expect(await process("twice")).not.toBe(before);
    await logged("twice", "asked\nready");
    await own(["stop", "twice"]);
    expect((await own(["restart", "twice"])).code).toBe(0);
    expect(await state("twice")).toBe("running 0");
  });

  test("a restart policy starts it until it has had enough, and stop ends that", async () => {
    await run("-d", "--name", "failing", "--restart", "on-failure:2", image, "sh", "-c", "echo try; exit 5");
    await reaches("failing", "exited 5");
    expect(await words("logs", "failing")).toBe("try\ntry\ntry");
    await run("-d", "--name", "always", "--restart", "always", image, "sh", "-c", "echo try");
    while ((await words("logs", "always")).split("\n").length < 3) await Bun.sleep(10);
    expect((await own(["stop", "always"])).code).toBe(0);
    expect(await state("always")).toBe("exited 0");
  });

  test("--rm removes it when it has ended, whoever watches", async () => {
    await run("-d", "--rm", "--name", "brief", "-v", "/data", image, "sh", "-c", listens);
    await logged("brief", "ready");
    expect(await own(["stop", "brief"])).toMatchObject({ code: 0 });
    expect(await words("ps", "-aq")).toBe("");
    expect(readdirSync(join(root, "data/volumes"))).toEqual([]);
  });

  test("a monitor that is killed takes the container with it; ps tells, start and rm work", async () => {
    await run("-d", "--name", "orphan", image, "sleep", "1000");
    const pid = await process("orphan");
    globalThis.process.kill(monitorOf(pid), "SIGKILL");
    while (existsSync(`/proc/${pid}`)) await Bun.sleep(5);
    expect(await state("orphan")).toBe("exited 137");
    expect((await own(["start", "orphan"])).code).toBe(0);
    expect(await state("orphan")).toBe("running 0");
  });

  test("what cannot be is refused: rm of a running one, attach to one that does not run, two of a name", async () => {
    await run("-d", "--name", "busy", image, "sleep", "1000");
    expect((await own(["rm", "busy"])).stderr).toContain(
      'cannot remove container "busy": container is running',
    );
    expect((await run("-d", "--name", "busy", image, "true")).stderr).toContain(
      'The container name "/busy" is already in use',
    );
    await own(["stop", "-t", "0", "busy"]);
    expect((await own(["attach", "busy"])).stderr).toContain(
      "You cannot attach to a stopped container, start it first",
    );
    expect((await own(["start", "none"])).stderr).toContain("No such container: none");
  });

  test("input that nobody reads any more does not lose the end", async () => {
    const stdin = new Uint8Array(4 << 20);
    const args = ["run", "-i", "--network", "none", image, "sh", "-c", "echo last; exit 5"];
    for (let round = 0; round < 5; round++)
      expect(await own(args, { stdin })).toEqual({ code: 5, stdout: "last\n", stderr: "" });
  });

  test("two starts at once are one", async () => {
    await own(["create", "--network", "none", "--name", "once", image, "sleep", "1000"]);
    const both = await Promise.all([own(["start", "once"]), own(["start", "once"])]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(await state("once")).toBe("running 0");
  });

  test("the detach keys leave it running, attach comes back to it", async () => {
    const terminal = (...args: string[]) => startInTerminal(root, args, undefined, env);
    using first = terminal("run", "-it", "--network", "none", "--name", "shell", image, "sh");
    await first.shows(/# /);
    first.type("A=42\r");
    first.type("\x10\x11");
    expect(await first.exited).toBe(0);
    expect(first.echoes()).toBe(true);
    expect(await state("shell")).toBe("running 0");
    using second = terminal("attach", "--detach-keys", "ctrl-a,d", "shell");
    second.type("echo $A$A\r");
    await second.shows(/4242/);
    second.type("\x01d");
    await second.shows(/read escape sequence/);
    using third = terminal("attach", "shell");
    third.type("exit 6\r");
    expect(await third.exited).toBe(6);
    expect(await state("shell")).toBe("exited 6");
  });

  test("detach keys are those of a terminal inside, whatever the input is, and wrong ones matter there alone", async () => {
    await own(["create", "-it", "--network", "none", "--name", "shell", image, "sh"]);
    expect(await own(["start", "-ai", "shell"], { stdin: "echo still here\n\x10\x11" })).toMatchObject({
      code: 0,
    });
    expect(await state("shell")).toBe("running 0");
    expect(await own(["attach", "shell"], { stdin: "exit\n" })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("stdin is not a terminal"),
    });
    await own(["create", "-i", "--network", "none", "--name", "filter", image, "cat"]);
    const wrong = { ...env, DOCKER_CONFIG: join(root, "docker") };
    await Bun.write(join(wrong.DOCKER_CONFIG, "config.json"), JSON.stringify({ detachKeys: "ctrl-1" }));
    expect(await own(["start", "-ai", "shell"], { stdin: "exit\n", env: wrong })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("invalid detach keys (ctrl-1)"),
    });
    using first = startInTerminal(root, ["start", "-ai", "filter"], undefined, wrong);
    first.type("one\r");
    await first.shows(/one\r\none/);
    using second = startInTerminal(root, ["attach", "filter"], undefined, wrong);
    second.type("two\r");
    await first.shows(/two/);
    await own(["kill", "filter"]);
    expect(await Promise.all([first.exited, second.exited])).toEqual([137, 137]);
    expect(await state("shell")).toBe("running 0");
  });

  test("a session that nobody reads ends without a word, one on a full disk with its reason; the container goes on", async () => {
    const flags = `run --name said --network none ${image} sh -c 'while :; do echo more; sleep 0.02; done'`;
    for (const [command, sink, status, reason] of [
      [flags, "| head -n 1", 141, ""],
      ["attach --no-stdin said", "| head -n 1", 141, ""],
      ["attach --no-stdin said", ">/dev/full", 1, "berth: cannot write to stdout: no space left on device\n"],
    ] as const) {
      const script = `{ "$0" ${command}; echo "status $?" >&2; } ${sink}`;
      const ended = await own(["-c", script, berthExecutable], { executable: "/bin/sh" });
      expect(ended.stderr).toBe(`${reason}status ${status}\n`);
    }
    expect(await state("said")).toBe("running 0");
  });

  test.each([[], ["--rm"]])("run --sig-proxy=false %s keeps signals for itself", async (...flags) => {
    const words = ["run", "--sig-proxy=false", ...flags, "--name", "left", "--network", "none", image];
    const child = Bun.spawn([berthExecutable, ...words, "sh", "-c", "echo begun; sleep 1000"], {
      env: { ...globalThis.process.env, ...env, BERTH_ROOT: join(root, "data"), HOME: root },
      stdio: ["ignore", "pipe", "inherit"],
    });
    for await (const _ of child.stdout) child.kill("SIGTERM");
    expect(await child.exited).toBe(143);
    expect(await state("left")).toBe("running 0");
  });

  test("attach shows what comes from now on, and passes signals on", async () => {
    await run(
      "-d",
      "--name",
      "served",
      image,
      "sh",
      "-c",
      `trap 'echo asked; exit 3' TERM; while :; do echo tick; sleep 0.02; done`,
    );
    const child = Bun.spawn([berthExecutable, "attach", "--no-stdin", "served"], {
      env: { ...globalThis.process.env, ...env, BERTH_ROOT: join(root, "data"), HOME: root },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let shown = "";
    for await (const chunk of child.stdout) {
      if (shown === "") child.kill("SIGTERM");
      shown += Buffer.from(chunk).toString();
    }
    expect(shown).toStartWith("tick\n");
    expect(shown).toEndWith("asked\n");
    expect(await child.exited).toBe(3);
  });
});
