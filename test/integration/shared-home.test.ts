import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { berthExecutable } from "../support/berth-executable.ts";
import { builtinImage, type ContainerLab, containerLab } from "../support/container-lab.ts";
import { monitorOf } from "../support/monitor-of.ts";
import { runningContainer } from "../support/running-container.ts";

/*
 * A home directory that several machines share: whoever looks from another one sees no process of this one. Another pid
 * namespace sees none of them either.
 */

let lab: ContainerLab;

beforeAll(async () => {
  lab = await containerLab();
});

afterAll(() => lab[Symbol.asyncDispose]());

/** Runs berth where it sees no process of ours. */
async function elsewhere(...args: string[]) {
  const namespaces = ["--user", "--map-current-user", "--pid", "--fork", "--kill-child", "--mount-proc"];
  const child = Bun.spawn(["unshare", ...namespaces, berthExecutable, ...args], {
    env: { PATH: process.env.PATH, HOME: lab.root, BERTH_ROOT: join(lab.root, "data") },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, stdout, stderr };
}

const statusOf = ["ps", "-a", "--format", "{{.Names}} {{.State}}", "--filter"];

test("a container of another machine is shown, and only its own machine can do something with it", async () => {
  const name = "far";
  const run = ["run", "-d", "--name", name, "--network", "none", builtinImage, "sleep", "1000"];
  expect(await lab.berth(run)).toMatchObject({ code: 0, stderr: "" });
  expect((await elsewhere(...statusOf, `name=${name}`)).stdout).toBe(`${name} running\n`);
  for (const command of [
    ["exec", name, "true"],
    ["stop", name],
    ["kill", name],
    ["restart", name],
    ["start", name],
    ["attach", name],
    ["pause", name],
    ["wait", name],
    ["top", name],
    ["rm", "-f", name],
    ["cp", `${name}:/etc/passwd`, "-"],
  ]) {
    const { code, stderr } = await elsewhere(...command);
    expect([command, stderr]).toEqual([
      command,
      expect.stringContaining(`container ${name} belongs to a berth in another pid namespace`),
    ]);
    expect(code).not.toBe(0);
  }
  expect((await elsewhere("container", "prune", "-f")).stdout).toBe("Total reclaimed space: 0B\n");
  expect(await lab.berth(["exec", name, "echo", "unharmed"])).toMatchObject({
    code: 0,
    stdout: "unharmed\n",
  });
});

test("a look from another machine leaves a container in the foreground its files", async () => {
  await using container = await runningContainer(lab.root);
  const { name } = container;
  expect((await elsewhere(...statusOf, `name=${name}`)).stdout).toBe(`${name} running\n`);
  const kept = await lab.berth(["exec", name, "sh", "-c", "echo kept > /file; cat /file"]);
  expect(kept).toEqual({ code: 0, stdout: "kept\n", stderr: "" });
  expect(await container.end()).toBe(5);
});

test("what became of a container whose monitor was killed, every machine sees and can mend", async () => {
  const name = "lost";
  await lab.berth(["run", "-d", "--name", name, "--network", "none", builtinImage, "sleep", "1000"]);
  const { stdout } = await lab.berth(["inspect", "-f", "{{.State.Pid}}", name]);
  process.kill(monitorOf(Number(stdout)), "SIGKILL");
  let status = "";
  while (status !== `${name} exited\n`) status = (await elsewhere(...statusOf, `name=${name}`)).stdout;
  expect(await elsewhere("rm", name)).toMatchObject({ code: 0, stdout: `${name}\n` });
});
