/** Health checks: the image's or those of the command line, made by whoever runs the container. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync } from "node:fs";
import { builtinImage, type ContainerLab, containerLab } from "../support/container-lab.ts";
import { runningContainer } from "../support/running-container.ts";

let lab: ContainerLab;
beforeAll(async () => {
  lab = await containerLab();
});
afterAll(() => lab[Symbol.asyncDispose]());

const quick = ["--health-interval=50ms", "--health-timeout=10s", "--health-retries=2"];
const health = async (name: string) =>
  JSON.parse((await lab.berth(["inspect", "-f", "{{json .State.Health}}", name])).stdout);
const until = async (name: string, status: string) => {
  for (;;) {
    const now = await health(name);
    if (now?.Status === status) return now;
    await Bun.sleep(10);
  }
};
const start = async (name: string, image: string, ...flags: string[]) => {
  const started = await lab.berth([
    "run",
    "-d",
    "--name",
    name,
    "--network",
    "none",
    ...flags,
    image,
    "sleep",
    "98771",
  ]);
  expect(started).toMatchObject({ code: 0, stderr: "" });
  return {
    async [Symbol.asyncDispose]() {
      await lab.berth(["rm", "-f", name]);
    },
  };
};

describe("a container with a health check", () => {
  test("is starting, healthy, unhealthy and healthy again, and says so everywhere", async () => {
    await using _ = await start(
      "turning",
      builtinImage,
      ...quick,
      ...["--health-start-period=1h", "--health-start-interval=50ms"], // starting for as long as it is not good
      "--health-cmd",
      "echo said; test -e /tmp/good",
    );
    expect((await lab.berth(["ps", "--format", "{{.Status}}"])).stdout).toMatch(
      /^Up .*\(health: starting\)\n$/,
    );
    await lab.berth(["exec", "turning", "touch", "/tmp/good"]);
    const good = await until("turning", "healthy");
    expect(good).toMatchObject({
      FailingStreak: 0,
      Log: expect.arrayContaining([expect.objectContaining({ ExitCode: 0, Output: "said\n" })]),
    });
    expect((await lab.berth(["ps", "--format", "{{.Status}}"])).stdout).toMatch(/^Up .*\(healthy\)\n$/);
    await lab.berth(["exec", "turning", "rm", "/tmp/good"]);
    const bad = await until("turning", "unhealthy");
    expect(bad.FailingStreak).toBeGreaterThanOrEqual(2);
    expect(bad.Log.length).toBeLessThanOrEqual(5);
    for (const [filter, found] of [
      ["unhealthy", "turning\n"],
      ["healthy", ""],
      ["none", ""],
    ] as const)
      expect((await lab.berth(["ps", "--format", "{{.Names}}", "--filter", `health=${filter}`])).stdout).toBe(
        found,
      );
    await lab.berth(["exec", "turning", "touch", "/tmp/good"]);
    await until("turning", "healthy");
    const events = await lab.berth([
      "events",
      "--since",
      "1h",
      "--until",
      "0s",
      "--format",
      "{{.Action}}",
      "--filter",
      "container=turning",
    ]);
    expect(events.stdout.match(/health_status: \w+/g)).toEqual([
      "health_status: healthy",
      "health_status: unhealthy",
      "health_status: healthy",
    ]);
  }, 30_000);

  test("takes the check of the image, which may be changed and left out", async () => {
    const image = await lab.image("checked", [{ name: "good", content: "" }], {
      Healthcheck: { Test: ["CMD", "cat", "/good"], Interval: 50_000_000, Retries: 7 },
      User: "12:34",
    });
    await using _ = await start("checked", image);
    await until("checked", "healthy");
    expect(
      (await lab.berth(["inspect", "-f", "{{json .Config.Healthcheck}}", "checked"])).stdout.trim(),
    ).toBe('{"Test":["CMD","cat","/good"],"Interval":50000000,"Retries":7}');
    await using other = await start("other", image, "--health-cmd", "id -u; false", "--health-retries=1");
    expect((await until("other", "unhealthy")).Log[0]).toMatchObject({ ExitCode: 1, Output: "12\n" });
    await using none = await start("none", image, "--no-healthcheck");
    expect(await health("none")).toBeNull();
    expect([other, none].length).toBe(2);
  }, 30_000);

  test("of a container that has ended is unhealthy, with the last checks", async () => {
    await using _ = await start("over", builtinImage, "--health-cmd", "echo fine", "--health-interval=50ms");
    await until("over", "healthy");
    await lab.berth(["kill", "over"]);
    await lab.berth(["wait", "over"]);
    expect(await health("over")).toMatchObject({ Status: "unhealthy" });
    expect((await health("over")).Log[0]).toMatchObject({ ExitCode: 0, Output: "fine\n" });
    expect((await lab.berth(["ps", "-a", "--format", "{{.Status}}"])).stdout).toStartWith("Exited (137) ");
    await lab.berth(["start", "over"]);
    await until("over", "healthy");
  }, 30_000);

  test("counts a check that takes too long, cannot be run or talks too much", async () => {
    const flags = ["--health-interval=50ms", "--health-retries=1"];
    await using _ = await start(
      "slow",
      builtinImage,
      ...flags,
      "--health-timeout=200ms",
      "--health-cmd",
      "echo begun; sleep 98772",
    );
    const { Log } = await until("slow", "unhealthy");
    expect(Log[0]).toMatchObject({ ExitCode: -1, Output: "Health check exceeded timeout (0.2s): begun\n" });
    const image = await lab.image("without", [], {
      Healthcheck: { Test: ["CMD", "/not/there"], Interval: 50_000_000, Retries: 1 },
    });
    await using missing = await start("missing", image);
    expect((await until("missing", "unhealthy")).Log[0]).toMatchObject({
      ExitCode: -1,
      Output: expect.stringContaining("/not/there"),
    });
    await using loud = await start(
      "loud",
      builtinImage,
      ...flags,
      "--health-cmd",
      "yes | head -c 100000; exit 3",
    );
    const said = (await until("loud", "unhealthy")).Log[0];
    expect([said.ExitCode, said.Output.length, said.Output.slice(-5)]).toEqual([3, 4099, "y\n..."]);
    expect([missing, loud].length).toBe(2);
  }, 30_000);

  test("starts anew when the container does, and costs its monitor nothing that stays", async () => {
    await using _ = await start("again", builtinImage, ...quick, "--health-cmd", "true");
    await until("again", "healthy");
    const monitor = (await lab.berth(["inspect", "-f", "{{.State.Pid}}", "again"])).stdout.trim();
    expect((await lab.berth(["stop", "-t", "0", "again"])).code).toBe(0);
    expect(await health("again")).toMatchObject({ Status: "unhealthy" });
    expect((await lab.berth(["start", "again"])).code).toBe(0);
    const { Log } = await until("again", "healthy");
    expect(Log.length).toBeLessThanOrEqual(5);
    expect((await lab.berth(["inspect", "-f", "{{.State.Pid}}", "again"])).stdout.trim()).not.toBe(monitor);
  }, 30_000);

  test("is checked in the foreground, too, and left in peace while it is paused", async () => {
    await using container = await runningContainer(lab.root, {
      flags: ["--network", "none", ...quick, "--health-cmd", "echo x >>/tmp/checks"],
    });
    await until(container.name, "healthy");
    const descriptors = () => readdirSync(`/proc/${container.owner}/fd`).length;
    const before = descriptors();
    const count = async () =>
      Number((await lab.berth(["exec", container.name, "sh", "-c", "wc -l </tmp/checks"])).stdout);
    const first = await count();
    while ((await count()) < first + 10) await Bun.sleep(10);
    expect(descriptors()).toBeLessThan(before + 10); // as many as one check has, at most
    await lab.berth(["pause", container.name]);
    const end = async () => (await health(container.name)).Log.at(-1).End;
    await Bun.sleep(200); // one that was under way ends
    const last = await end();
    await Bun.sleep(300); // nothing can be waited for here: nothing may happen
    expect(await end()).toBe(last);
    await lab.berth(["unpause", container.name]);
    while ((await end()) === last) await Bun.sleep(10);
    expect(await container.end()).toBe(5);
  }, 30_000);
});
