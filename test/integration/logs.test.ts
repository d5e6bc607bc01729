import { afterAll, afterEach, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { berth, berthExecutable } from "../support/berth-executable.ts";
import { monitorOf } from "../support/monitor-of.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const image = "builtin.berth/busybox:latest";
const directory = temporaryDirectory();
const root = directory.path;
const shared = join(root, "shared");
mkdirSync(shared);
const env = { XDG_RUNTIME_DIR: join(root, "run") };
mkdirSync(env.XDG_RUNTIME_DIR, { mode: 0o700 });

const own = (...args: string[]) => berth(root, args, { env });
const words = async (...args: string[]) => (await own(...args)).stdout.trim();
/** Runs a shell script in the background that shares a directory with the test. */
const run = (name: string, script: string, ...flags: string[]) =>
  own(
    ...["run", "-d", "--network", "none", "--name", name, "-v", `${shared}:/s`, ...flags],
    ...[image, "sh", "-c", script],
  );
const until = (file: string) => `while [ ! -e /s/${file} ]; do sleep 0.02; done`;
const allow = (file: string) => writeFileSync(join(shared, file), "");
const ended = (name: string) => words("wait", name);

/** A `berth logs` that is still running, with what it has said so far. */
function following(...args: string[]) {
  const child = Bun.spawn([berthExecutable, "logs", ...args], {
    env: { PATH: "/usr/bin:/bin", HOME: root, BERTH_ROOT: join(root, "data"), ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const seen = { stdout: "", stderr: "" };
  let changed = Promise.withResolvers<void>();
  const read = async (stream: "stdout" | "stderr") => {
    for await (const chunk of child[stream]) {
      seen[stream] += Buffer.from(chunk).toString();
      changed.resolve();
      changed = Promise.withResolvers();
    }
  };
  const done = Promise.all([read("stdout"), read("stderr")]);
  return {
    seen,
    child,
    async shows(stream: "stdout" | "stderr", text: string) {
      while (!seen[stream].includes(text)) await changed.promise;
    },
    async end() {
      await done;
      return { code: await child.exited, ...seen };
    },
  };
}

afterEach(async () => {
  const ids = (await words("ps", "-aq")).split("\n").filter(Boolean);
  if (ids.length > 0) await own("rm", "-f", "-v", ...ids);
});
afterAll(() => directory[Symbol.dispose]());

test("what a container wrote, apart by stream", async () => {
  await run("both", "echo one; echo two >&2; echo; printf three");
  await ended("both");
  expect(await own("logs", "both")).toEqual({ code: 0, stdout: "one\n\nthree", stderr: "two\n" });
  expect(await own("logs", "--tail", "0", "both")).toEqual({ code: 0, stdout: "", stderr: "" });
});

test("with times, from the end, within a time", async () => {
  await run("lines", "echo one; echo; printf three");
  await ended("lines");
  const all = { code: 0, stdout: "one\n\nthree", stderr: "" };
  expect(await own("logs", "-n", "2", "lines")).toEqual({ ...all, stdout: "\nthree" });
  expect(await own("logs", "--tail", "all", "--since", "1h", "lines")).toEqual(all);
  expect(await own("logs", "--until", "1h", "lines")).toEqual({ ...all, stdout: "" });
  const timed = (await own("logs", "-t", "lines")).stdout.split("\n");
  const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z /;
  expect(timed.map((line) => line.replace(time, ""))).toEqual(["one", "", "three"]);
  const [first = ""] = timed[0]!.split(" ");
  expect((await own("logs", "--since", first, "--until", first, "lines")).stdout).toStartWith("one\n");
});

test("-f shows what comes, over a restart, until the container ends", async () => {
  const script = `echo begin; ${until("go")}; if [ -e /s/again ]; then echo second; exit 0; fi; touch /s/again; exit 1`;
  await run("late", script, "--restart", "on-failure:3");
  const follower = following("-f", "late");
  const newcomer = following("--follow", "--tail", "0", "late");
  await follower.shows("stdout", "begin");
  allow("go");
  const all = await follower.end();
  expect(all).toEqual({ code: 0, stdout: "begin\nbegin\nsecond\n", stderr: "" });
  expect((await newcomer.end()).stdout).toEndWith("begin\nsecond\n");
});

test("-f ends when the monitor is killed, when the container is removed, and at Ctrl-C", async () => {
  for (const end of ["kill", "rm", "interrupt"]) {
    await run(end, "echo ready; sleep 1000");
    const follower = following("-f", end);
    await follower.shows("stdout", "ready");
    if (end === "rm") await own("rm", "-f", end);
    else if (end === "interrupt") follower.child.kill("SIGINT");
    else process.kill(monitorOf(Number(await words("inspect", "-f", "{{.State.Pid}}", end))), "SIGKILL");
    expect(await follower.end()).toEqual({
      code: end === "interrupt" ? 130 : 0,
      stdout: "ready\n",
      stderr: "",
    });
  }
});

test("a log that grows too long is rotated, under the eyes of a follower", async () => {
  // Between two rounds the follower catches up: a log that was rotated away before it was read is lost to everybody.
  const rounds = [0, 500, 1000, 1500, 2000, 2500];
  const round = (from: number) =>
    `${until(`line${from}`)}; i=${from}; while [ $i -lt ${from + 500} ]; do echo "line $i"; i=$((i+1)); done`;
  await run("long", rounds.map(round).join("; "), "--log-opt", "max-size=20k", "--log-opt", "max-file=3");
  const follower = following("-f", "long");
  for (const from of rounds) {
    allow(`line${from}`);
    await follower.shows("stdout", `line ${from + 499}\n`);
  }
  const { stdout } = await follower.end();
  expect(stdout).toBe(Array.from({ length: 3000 }, (_, index) => `line ${index}\n`).join(""));
  const path = await words("inspect", "-f", "{{.LogPath}}", "long");
  const sizes = [path, `${path}.1`, `${path}.2`].map((each) => statSync(each).size);
  for (const size of sizes) expect(size).toBeLessThanOrEqual(20_000);
  expect(existsSync(`${path}.3`)).toBe(false);
  const kept = (await words("logs", "long")).split("\n");
  expect(kept.length).toBeGreaterThan(300);
  expect(kept.at(-1)).toBe("line 2999");
  expect(await words("logs", "-n", "700", "long")).toBe(kept.slice(-700).join("\n"));
});

test("a flood neither stops a container nor makes its monitor grow", async () => {
  const script =
    "dd if=/dev/zero bs=1M count=300 2>/dev/null; yes | head -c 3000000; echo done >&2; sleep 1000";
  await run("flood", script, "--log-opt", "max-size=5m", "--log-opt", "max-file=2");
  const follower = following("-f", "-n", "0", "flood");
  await follower.shows("stderr", "done");
  const first = Number(await words("inspect", "-f", "{{.State.Pid}}", "flood"));
  const status = readFileSync(`/proc/${monitorOf(first)}/status`, "latin1");
  expect(Number(/VmHWM:\s+(\d+) kB/.exec(status)![1])).toBeLessThan(150_000);
  await own("kill", "flood");
  await follower.end();
});

test("a terminal's output is one stream, as it came", async () => {
  await run("tty", "echo out; echo err >&2", "-t");
  await ended("tty");
  expect(await own("logs", "tty")).toEqual({ code: 0, stdout: "out\r\nerr\r\n", stderr: "" });
});

test("where no log is kept, that is said", async () => {
  const unreadable = {
    code: 1,
    stdout: "",
    stderr: expect.stringContaining("berth: configured logging driver does not support reading\n"),
  };
  await run("silent", "echo x; sleep 1000", "--log-driver", "none");
  expect(await own("logs", "silent")).toEqual(unreadable);
  expect(await words("inspect", "-f", "{{.HostConfig.LogConfig.Type}}|{{.LogPath}}", "silent")).toBe("none|");
  await own("create", "--network", "none", "--name", "new", image, "true");
  expect(await own("logs", "new")).toEqual({ code: 0, stdout: "", stderr: "" });
  const foreground = berth(
    root,
    [
      "run",
      "--rm",
      "--network",
      "none",
      "--name",
      "fast",
      "-v",
      `${shared}:/s`,
      image,
      "sh",
      "-c",
      until("end"),
    ],
    { env },
  );
  while ((await words("ps", "-q", "--filter", "name=fast")) === "") await Bun.sleep(10);
  expect(await own("logs", "fast")).toEqual(unreadable);
  allow("end");
  expect((await foreground).code).toBe(0);
});

test("details are the labels and variables that were asked for", async () => {
  await run(
    ...(["named", "echo x", "-l", "tier=web", "-e", "STAGE=test"] as const),
    ...["--log-driver", "json-file", "--log-opt", "labels=tier", "--log-opt", "env=STAGE"],
  );
  await ended("named");
  expect(await words("logs", "--details", "named")).toBe("STAGE=test,tier=web x");
  expect(await words("inspect", "-f", "{{json .HostConfig.LogConfig}}", "named")).toBe(
    '{"Type":"json-file","Config":{"env":"STAGE","labels":"tier"}}',
  );
});

test("what cannot be is refused", async () => {
  expect(await own("logs", "absent")).toMatchObject({
    code: 1,
    stderr: "berth: No such container: absent\n",
  });
  expect((await own("logs")).stderr).toContain("'berth logs' requires 1 argument");
  await run("there", "true");
  expect((await own("logs", "--since", "yesterday", "there")).code).toBe(1);
  const wrong = await own("run", "--log-driver", "syslog", image, "true");
  expect(wrong).toMatchObject({
    code: 125,
    stderr: expect.stringContaining("log driver syslog is not supported"),
  });
});
