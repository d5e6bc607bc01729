/**
 * Containers in a cgroup of their own. Which controllers there are depends on the machine, and most that run tests give
 * users none: what is written for them is tested by unit tests, and here how cgroups come, are used, and go.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  accessSync,
  chmodSync,
  constants,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { builtinImage, type ContainerLab, containerLab } from "../support/container-lab.ts";

/** Made by scripts/as-test-user, which root runs. */
const delegated = "/sys/fs/cgroup/berth-test";
const isDelegated = (() => {
  try {
    accessSync(join(delegated, "cgroup.procs"), constants.W_OK);
    return true;
  } catch {
    return false;
  }
})();
const delegatedOnly = test.skipIf(!isDelegated);
const controllers = isDelegated ? readFileSync(join(delegated, "cgroup.controllers"), "utf8") : "";

let lab: ContainerLab;
beforeAll(async () => {
  lab = await containerLab();
});
afterAll(() => lab[Symbol.asyncDispose]());

const cgroupOf = (id: string, parent = delegated) => join(parent, `berth-${id.slice(0, 12)}`);
const read = (...path: string[]) => readFileSync(join(...path), "utf8");
const cgroups = () => readdirSync(delegated).filter((name) => /^berth-[0-9a-f]{12}$/.test(name));
const idle = [builtinImage, "sh", "-c", "cat /proc/self/cgroup; sleep 1000 & wait"];
const placed = ["--network", "none", "--cgroup-parent", "/berth-test"];

/** The names of the processes in a cgroup. */
const commands = (cgroup: string) =>
  read(cgroup, "cgroup.procs")
    .split("\n")
    .filter(Boolean)
    .map((pid) => read("/proc", pid, "comm").trim())
    .toSorted();

async function detached(
  args: readonly string[],
  options?: Parameters<ContainerLab["berth"]>[1],
): Promise<string> {
  const { code, stdout, stderr } = await lab.berth(["run", "-d", ...args], options);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout.trim();
}

const until = async (holds: () => boolean | Promise<boolean>) => {
  while (!(await holds())) await Bun.sleep(5);
};

describe.each(["overlay", "fuse-overlayfs"])("with %s", (driver) => {
  delegatedOnly("only the container's own processes are in its cgroup, which goes with it", async () => {
    const id = await detached([...placed, "--storage-driver", driver, ...idle]);
    const cgroup = cgroupOf(id);
    await until(() => commands(cgroup).includes("sleep"));
    expect(commands(cgroup)).toEqual(["sh", "sleep"]);
    const { stdout } = await lab.berth(["logs", id]);
    expect(stdout).toMatch(/^0::\/$/m);
    expect((await lab.berth(["rm", "-f", id])).code).toBe(0);
    expect(cgroups()).toEqual([]);
  });
});

delegatedOnly("a container that is paused is frozen, and what it is told then is heard", async () => {
  const id = await detached([...placed, ...idle]);
  const frozen = () => /^frozen (\d)$/m.exec(read(cgroupOf(id), "cgroup.events"))?.[1];
  expect((await lab.berth(["pause", id])).code).toBe(0);
  expect(frozen()).toBe("1");
  expect((await lab.berth(["unpause", id])).code).toBe(0);
  expect(frozen()).toBe("0");
  await lab.berth(["pause", id]);
  expect((await lab.berth(["stop", "-t", "1", id])).code).toBe(0);
  expect((await lab.berth(["inspect", "-f", "{{.State.Status}}", id])).stdout).toBe("exited\n");
  expect(cgroups()).toEqual([]);
  await lab.berth(["rm", id]);
});

delegatedOnly("a program that joins the container is in its cgroup", async () => {
  const id = await detached([...placed, ...idle]);
  expect((await lab.berth(["exec", id, "cat", "/proc/self/cgroup"])).stdout).toMatch(/^0::\/$/m);
  expect((await lab.berth(["exec", "-d", id, "sleep", "999"])).code).toBe(0);
  await until(() => commands(cgroupOf(id)).filter((name) => name === "sleep").length === 2);
  expect(commands(cgroupOf(id))).toEqual(["sh", "sleep", "sleep"]);
  await lab.berth(["rm", "-f", id]);
  expect(cgroups()).toEqual([]);
});

delegatedOnly("each start makes a cgroup anew", async () => {
  const id = await detached([...placed, ...idle]);
  for (let round = 0; round < 2; round++) {
    expect((await lab.berth(["restart", "-t", "0", id])).code).toBe(0);
    expect(commands(cgroupOf(id))).toContain("sh");
  }
  await lab.berth(["rm", "-f", id]);
  expect(cgroups()).toEqual([]);
});

delegatedOnly("a foreground container has one, too, and leaves none", async () => {
  const run = await lab.berth(["run", "--rm", ...placed, builtinImage, "cat", "/proc/self/cgroup"]);
  expect(run).toMatchObject({ code: 0, stderr: "" });
  expect(run.stdout).toMatch(/^0::\/$/m);
  expect(cgroups()).toEqual([]);
});

delegatedOnly("the next command removes what a killed monitor left", async () => {
  const id = await detached([...placed, ...idle]);
  const first = (await lab.berth(["inspect", "-f", "{{.State.Pid}}", id])).stdout.trim();
  // The monitor is the parent of the process that is pid 1 of the outer namespace's parent.
  const parentOf = (pid: string) => /^PPid:\s*(\d+)$/m.exec(read("/proc", pid, "status"))![1]!;
  const monitor = parentOf(parentOf(parentOf(first)));
  expect(read("/proc", monitor, "cmdline")).toContain("internal-monitor");
  process.kill(Number(monitor), "SIGKILL");
  await until(async () => (await lab.berth(["ps", "-q", "--filter", "status=running"])).stdout === "");
  expect((await lab.berth(["inspect", "-f", "{{.State.Status}}", id])).stdout).toBe("exited\n");
  expect(cgroups()).toEqual([]);
  await lab.berth(["rm", id]);
});

test.skipIf(!isDelegated || controllers.includes("memory"))(
  "a limit whose controller is missing is refused by name, and leaves nothing",
  async () => {
    const refused = await lab.berth(["run", "-d", "-m", "64m", builtinImage, "true"]);
    expect(refused).toMatchObject({ code: 125, stdout: "" });
    expect(refused.stderr).toStartWith(
      `berth: cannot limit the container (memory): ${delegated}/cgroup.controllers has no memory\nhint: `,
    );
    expect((await lab.berth(["create", "--cpus", "0.5", builtinImage, "true"])).stderr).toContain("(cpu)");
    expect((await lab.berth(["ps", "-aq"])).stdout).toBe("");
    const { stdout } = await lab.berth(["info", "-f", "{{.MemoryLimit}} {{.CgroupDriver}}"]);
    expect(stdout).toBe("false none\n");
  },
);

/** What the kernel does: `scripts/test-in-vm` runs this file where all controllers are delegated. */
const enforced = (controller: string) => test.skipIf(!controllers.split(/\s/).includes(controller));

enforced("memory")("a limit can be changed while the container runs", async () => {
  const id = await detached([...placed, "-m", "64m", ...idle]);
  expect(read(cgroupOf(id), "memory.max")).toBe("67108864\n");
  expect((await lab.berth(["update", "-m", "32m", "--memory-swap", "32m", id])).code).toBe(0);
  expect(read(cgroupOf(id), "memory.max")).toBe("33554432\n");
  await lab.berth(["rm", "-f", id]);
});

enforced("memory")("a program that wants more memory than --memory is killed, which is told", async () => {
  const wants = ["dd", "if=/dev/zero", "of=/dev/null", "bs=60M", "count=1"];
  const limits = ["-m", "32m", "--memory-swap", "32m"];
  const run = await lab.berth(["run", "--name", "greedy", ...placed, ...limits, builtinImage, ...wants]);
  expect(run.code).toBe(137);
  const { stdout } = await lab.berth(["inspect", "-f", "{{.State.OOMKilled}} {{.State.ExitCode}}", "greedy"]);
  expect(stdout).toBe("true 137\n");
  await lab.berth(["rm", "greedy"]);
});

enforced("pids")("there are no more processes than --pids-limit", async () => {
  const script = "for i in 1 2 3 4 5 6 7 8; do sleep 1000 & done; echo all";
  const words = [...placed, "--pids-limit", "5", builtinImage, "sh", "-c", script];
  expect(await lab.berth(["run", "--rm", ...words])).toEqual({
    code: 2,
    stdout: "",
    stderr: "sh: can't fork: Resource temporarily unavailable\n",
  });
});

enforced("cpu")("a program that wants more processor time than --cpus is made to wait", async () => {
  const script =
    "cat /sys/fs/cgroup/cpu.max; until grep -q 'nr_throttled [1-9]' /sys/fs/cgroup/cpu.stat; do :; done";
  const words = [...placed, "--cpus", "0.2", builtinImage, "sh", "-c", script];
  expect(await lab.berth(["run", "--rm", ...words])).toEqual({
    code: 0,
    stdout: "20000 100000\n",
    stderr: "",
  });
});

test("limits that make no sense are refused before it is asked whether they can be had", async () => {
  const refused = await lab.berth(["run", "-m", "1m", builtinImage, "true"]);
  expect(refused.code).toBe(125);
  expect(refused.stderr).toStartWith("berth: Minimum memory limit allowed is 6MB\n");
  expect(
    (await lab.berth(["run", "--device-read-bps", "/dev/null:1", builtinImage, "true"])).stderr,
  ).toStartWith("berth: /dev/null is not a block device and cannot be limited\n");
});

test("a parent that is not delegated is refused", async () => {
  const refused = await lab.berth(["run", "--cgroup-parent", "/nowhere", builtinImage, "true"]);
  expect(refused.code).toBe(125);
  expect(refused.stderr).toContain("/nowhere is not a cgroup that this user may have children in");
});

delegatedOnly("systemd is asked for a scope where a slice is", async () => {
  const runtime = join(lab.root, "runtime");
  const bin = join(lab.root, "bin");
  for (const directory of [runtime, join(runtime, "systemd"), bin]) mkdirSync(directory, { mode: 0o700 });
  using _ = Bun.listen({ unix: join(runtime, "systemd/private"), socket: { data() {} } });
  // What systemd would do: a cgroup with the name of the unit, and the command in it.
  const scope = [
    "#!/bin/sh",
    `echo "$@" >${lab.root}/systemd-run.words`,
    'while [ "$1" != -- ]; do case $1 in --unit=*) unit=${1#--unit=} ;; esac; shift; done; shift',
    `mkdir ${delegated}/$unit; echo 0 >${delegated}/$unit/cgroup.procs; exec "$@"`,
  ];
  writeFileSync(join(bin, "systemd-run"), `${scope.join("\n")}\n`);
  chmodSync(join(bin, "systemd-run"), 0o755);
  const env = { XDG_RUNTIME_DIR: runtime, PATH: `${bin}:/usr/sbin:/usr/bin:/sbin:/bin` };
  const id = await detached(["--network", "none", "--cgroup-parent", "jobs.slice", ...idle], { env });
  const words = read(lab.root, "systemd-run.words");
  expect(words).toMatch(
    /^--user --scope --quiet --collect --property=Delegate=yes --unit=berth-[0-9a-f]{16}\.scope --slice=jobs\.slice -- .*internal-monitor\n$/,
  );
  const unit = /--unit=(\S+)/.exec(words)![1]!;
  expect(commands(cgroupOf(id, join(delegated, unit)))).toContain("sh");
  await lab.berth(["rm", "-f", id], { env });
  expect(readdirSync(join(delegated, unit)).filter((name) => name.startsWith("berth-"))).toEqual([]);
  await lab.run(["-v", `${delegated}:/cgroup`, builtinImage, "rmdir", `/cgroup/${unit}`]);
});

test("what systemd says against a scope is said", async () => {
  const runtime = join(lab.root, "refusing");
  mkdirSync(join(runtime, "systemd"), { recursive: true, mode: 0o700 });
  using _ = Bun.listen({ unix: join(runtime, "systemd/private"), socket: { data() {} } });
  writeFileSync(
    join(runtime, "systemd-run"),
    "#!/bin/sh\necho Failed to start transient scope unit >&2; exit 1\n",
  );
  chmodSync(join(runtime, "systemd-run"), 0o755);
  const env = { XDG_RUNTIME_DIR: runtime, PATH: `${runtime}:/usr/sbin:/usr/bin:/sbin:/bin` };
  const refused = await lab.berth(["run", "-d", "--cgroup-parent", "jobs.slice", builtinImage, "true"], {
    env,
  });
  expect(refused).toMatchObject({ code: 125, stdout: "" });
  expect(refused.stderr).toStartWith(
    "berth: systemd made no scope for the container: Failed to start transient scope unit\n",
  );
});

test("without a systemd of the user, a slice is refused", async () => {
  const refused = await lab.berth(["run", "--cgroup-parent", "jobs.slice", builtinImage, "true"]);
  expect(refused.stderr).toContain("there is no systemd of this user to ask for the slice jobs.slice");
});
