import { afterAll, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { berth, berthExecutable } from "../support/berth-executable.ts";
import { monitorOf } from "../support/monitor-of.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const image = "builtin.berth/busybox:latest";
const directory = temporaryDirectory();
const root = directory.path;
const env = { XDG_RUNTIME_DIR: join(root, "run") };
mkdirSync(env.XDG_RUNTIME_DIR, { mode: 0o700 });
afterAll(() => directory[Symbol.dispose]());

const own = (...args: string[]) => berth(root, args, { env });
const words = async (...args: string[]) => (await own(...args)).stdout.trim();
/** What has happened so far, by a template. */
const told = async (format: string, ...filters: string[]) => {
  const flags = filters.flatMap((filter) => ["--filter", filter]);
  return (await words("events", "--since", "1h", "--until", "0s", "--format", format, ...flags)).split("\n");
};

test("a container tells its life, and its volumes theirs", async () => {
  const run = ["run", "-d", "--network", "none", "--name", "box", "-v", "data:/d", "-l", "tier=web"];
  const id = (
    await words(...run, image, "sh", "-c", "trap 'exit 3' TERM; while :; do sleep 0.01; done")
  ).trim();
  await words("pause", "box");
  await words("unpause", "box");
  await words("stop", "box");
  await words("rename", "box", "crate");
  await words("start", "crate");
  await words("kill", "crate");
  await words("wait", "crate");
  await words("rm", "crate");
  const name = "{{.Action}} {{.Actor.Attributes.name}}";
  expect(await told(name, "type=container", `container=${id.slice(0, 12)}`)).toEqual([
    ...["create box", "start box", "pause box", "unpause box", "kill box", "die box", "stop box"],
    ...["rename crate", "start crate", "kill crate", "die crate", "destroy crate"],
  ]);
  expect(await told("{{.Actor.Attributes.exitCode}}", "event=die", "label=tier=web")).toEqual(["3", "137"]);
  expect(await told("{{.Actor.Attributes.signal}}", "event=kill")).toEqual(["15", "9"]);
  expect(await told("{{.Action}}", "volume=data")).toEqual([
    "create",
    "mount",
    "unmount",
    "mount",
    "unmount",
  ]);
});

test("a container in the foreground tells, too", async () => {
  await own("run", "--rm", "--network", "none", "--name", "brief", image, "sh", "-c", "exit 7");
  expect(await told("{{.Action}} {{.Actor.Attributes.exitCode}}", "container=brief")).toEqual([
    ...["create <no value>", "attach <no value>", "start <no value>", "die 7", "destroy <no value>"],
  ]);
  const failed = await own("run", "--rm", "--network", "none", "--name", "wrong", image, "nosuch");
  expect(failed.code).toBe(127);
  expect(await told("{{.Action}}", "container=wrong")).toEqual(["create", "attach", "destroy"]);
});

test("of a container whose monitor was killed is told when somebody looks", async () => {
  await own("run", "-d", "--network", "none", "--name", "orphan", image, "sleep", "1000");
  const pid = Number(await words("inspect", "-f", "{{.State.Pid}}", "orphan"));
  process.kill(monitorOf(pid), "SIGKILL");
  while ((await words("inspect", "-f", "{{.State.Status}}", "orphan")) === "running") await Bun.sleep(5);
  expect(await told("{{.Actor.Attributes.exitCode}}", "container=orphan", "event=die")).toEqual(["137"]);
  await own("rm", "orphan");
});

test("who listens is told at once, in Docker's words, until interrupted", async () => {
  const child = Bun.spawn([berthExecutable, "events", "--filter", "type=image"], {
    env: { PATH: "/usr/bin:/bin", HOME: root, BERTH_ROOT: join(root, "data"), ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let shown = "";
  const reading = (async () => {
    for await (const chunk of child.stdout) {
      shown += Buffer.from(chunk).toString();
      if (shown.includes(" untag ")) child.kill("SIGINT");
    }
  })();
  // It does not say when it listens: it is there when it tells.
  for (let index = 0; !shown.includes(" image tag "); index++) {
    await own("tag", image, `twin:${index}`);
    await Bun.sleep(5);
  }
  await own("rmi", "twin:0");
  await reading;
  expect(await child.exited).toBe(130);
  expect(shown).toMatch(
    /^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{9}\S+ image tag sha256:[0-9a-f]{64} \(.*name=twin:\d+\)$/m,
  );
});

test("what cannot be is refused", async () => {
  expect((await own("events", "--filter", "colour=red")).stderr).toContain("invalid filter 'colour'");
  expect((await own("events", "--format", "{{.Nothing}}")).code).toBe(64);
  expect((await own("events", "word")).stderr).toContain("'berth events' accepts no arguments");
  const backwards = await own("events", "--since", "1m", "--until", "2m");
  expect(backwards).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("cannot be after `until` time"),
  });
});

test("JSON lines have Docker's fields", async () => {
  const [line = ""] = await told("json");
  expect(Object.keys(JSON.parse(line))).toEqual(["Type", "Action", "Actor", "scope", "time", "timeNano"]);
});
