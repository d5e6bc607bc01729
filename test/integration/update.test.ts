import { afterAll, beforeAll, expect, test } from "bun:test";
import { builtinImage, type ContainerLab, containerLab } from "../support/container-lab.ts";

let lab: ContainerLab;
beforeAll(async () => {
  lab = await containerLab();
  await lab.berth(["run", "-d", "--name", "up", "--network", "none", builtinImage, "sleep", "1000"]);
  await lab.berth(["create", "--name", "down", "--network", "none", builtinImage, "sh", "-c", "exit 3"]);
});
afterAll(() => lab[Symbol.asyncDispose]());

const inspect = async (name: string, format: string) =>
  (await lab.berth(["inspect", "-f", format, name])).stdout.trim();
const policy = "{{.HostConfig.RestartPolicy.Name}}:{{.HostConfig.RestartPolicy.MaximumRetryCount}}";

test("a restart policy is changed, of several containers, running or not", async () => {
  expect(await lab.berth(["update", "--restart", "on-failure:2", "up", "down"])).toEqual({
    code: 0,
    stdout: "up\ndown\n",
    stderr: "",
  });
  expect([await inspect("up", policy), await inspect("down", policy)]).toEqual([
    "on-failure:2",
    "on-failure:2",
  ]);
});

test("it holds from the next end on", async () => {
  await lab.berth(["start", "down"]);
  await lab.berth(["wait", "down"]);
  while ((await inspect("down", "{{.State.Status}}")) !== "exited") await Bun.sleep(10);
  expect(await inspect("down", "{{.RestartCount}} {{.State.ExitCode}}")).toBe("2 3");
});

test("a running container without a cgroup gets no limits, and nothing is changed", async () => {
  const id = await inspect("up", "{{.Id}}");
  const refused = await lab.berth(["update", "-m", "64m", "--restart", "always", "up"]);
  expect(refused).toEqual({
    code: 1,
    stdout: "",
    stderr:
      `berth: Cannot update container ${id}: it was started without limits, and so without a cgroup that could have some\n` +
      "hint: stop it first; the limits hold from its next start on\n",
  });
  expect(await inspect("up", `${policy} {{.HostConfig.Memory}}`)).toBe("on-failure:2 0");
});

test("what makes no sense is refused", async () => {
  const message = async (...args: string[]) => (await lab.berth(["update", ...args])).stderr.split("\n")[0];
  expect(await message("up")).toBe("berth: you must provide one or more flags when using this command");
  expect(await message("--restart", "sometimes", "up")).toContain("unknown policy 'sometimes'");
  expect(await message("--restart", "no", "nobody")).toBe("berth: No such container: nobody");
  expect(await message("-m", "1m", "up")).toBe("berth: Minimum memory limit allowed is 6MB");
  await lab.berth(["create", "--rm", "--name", "brief", builtinImage, "true"]);
  expect(await message("--restart", "always", "brief")).toEndWith(
    "Restart policy cannot be updated because AutoRemove is enabled for the container",
  );
  await lab.berth(["rm", "brief"]);
});
