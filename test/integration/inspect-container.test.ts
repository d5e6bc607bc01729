/** `inspect` and `ps` of containers: what they say is so. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, readlinkSync } from "node:fs";
import { builtinImage, type ContainerLab, containerLab } from "../support/container-lab.ts";

let lab: ContainerLab;
beforeAll(async () => {
  lab = await containerLab();
});
afterAll(() => lab[Symbol.asyncDispose]());

const words = async (...args: string[]) => (await lab.berth(args)).stdout.trim();
const ask = (name: string, format: string) => words("inspect", "-f", format, name);

test("a running container is where inspect says", async () => {
  await lab.berth([
    ...["run", "-d", "--network", "none", "--name", "box", "-h", "web", "--restart", "on-failure:4"],
    ...["-e", "A=b", "-v", "data:/data:ro", "--stop-timeout", "3", builtinImage, "sleep", "1000"],
  ]);
  const [pid, key, log] = (
    await ask("box", "{{.State.Pid}} {{.NetworkSettings.SandboxKey}} {{.LogPath}}")
  ).split(" ");
  expect(readFileSync(`/proc/${pid}/cmdline`, "latin1")).toBe("sleep\x001000\x00");
  expect(readlinkSync(key!)).toBe(readlinkSync(`/proc/${pid}/ns/net`));
  expect(readFileSync(log!, "utf8")).toBe("");
  expect(await ask("box", "{{.Config.Hostname}} {{.Path}} {{.Args}} {{.Config.StopTimeout}}")).toBe(
    "web sleep [1000] 3",
  );
  expect(await ask("box", "{{json .HostConfig.RestartPolicy}} {{.HostConfig.Binds}}")).toBe(
    '{"Name":"on-failure","MaximumRetryCount":4} [data:/data:ro]',
  );
  expect(await ask("box", "{{.Config.AttachStdout}} {{.Config.OpenStdin}} {{.HostConfig.AutoRemove}}")).toBe(
    "false false false",
  );
  await lab.berth(["rm", "-f", "box"]);
});

test("how often the restart policy started it", async () => {
  await lab.berth([
    ...["run", "-d", "--network", "none", "--name", "again", "--restart", "on-failure:2"],
    ...[builtinImage, "sh", "-c", "exit 5"],
  ]);
  await lab.berth(["wait", "again"]);
  while ((await ask("again", "{{.State.Status}}")) !== "exited") await Bun.sleep(10);
  expect(await ask("again", "{{.RestartCount}} {{.State.ExitCode}} {{.State.Running}}")).toBe("2 5 false");
  expect(await words("ps", "-l", "--format", "{{.Status}}")).toStartWith("Exited (5) ");
  await lab.berth(["rm", "again"]);
});

describe.each(["overlay", "fuse-overlayfs", "copy"])("sizes (%s)", (driver) => {
  test("count what a container wrote, also where only its own ids may look", async () => {
    const script = "mkdir -m 700 /own; head -c 3000 /dev/zero >/own/file; chown -R 7 /own; echo >/file";
    await lab.berth([
      ...["run", "--network", "none", "--name", "big", "--storage-driver", driver],
      ...[builtinImage, "sh", "-c", script],
    ]);
    expect(await words("ps", "-as", "--format", "{{.Size}}")).toMatch(/^3kB \(virtual [\d.]+MB\)$/);
    const [document] = JSON.parse(await words("inspect", "--size", "big"));
    expect(document.SizeRw).toBe(3001);
    expect(document.SizeRootFs).toBeGreaterThan(3001);
    expect(await ask("big", "{{.SizeRw}}")).toBe("<nil>");
    await lab.berth(["rm", "big"]);
  });
});
