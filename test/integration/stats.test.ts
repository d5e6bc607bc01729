import { afterAll, beforeAll, expect, test } from "bun:test";
import { builtinImage, type ContainerLab, containerLab } from "../support/container-lab.ts";
import { startInTerminal } from "../support/terminal-session.ts";

let lab: ContainerLab;
let running: Promise<unknown>;
beforeAll(async () => {
  lab = await containerLab();
  await lab.berth(["run", "--name", "over", "--network", "none", builtinImage, "true"]);
  const script = "dd if=/dev/zero of=/file bs=1M count=3 conv=fsync; sleep 1000 & while :; do :; done";
  running = lab.berth(["run", "--name", "busy", "--network", "none", builtinImage, "sh", "-c", script]);
  while ((await lab.berth(["stats", "--no-stream", "--format", "{{.PIDs}}"])).stdout !== "2\n");
});
afterAll(async () => {
  await lab.berth(["rm", "-f", "busy"]);
  await running;
  await lab[Symbol.asyncDispose]();
});

const stats = async (...args: string[]) => {
  const { code, stdout, stderr } = await lab.berth(["stats", "--no-stream", ...args]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout;
};

test("what runs, in Docker's columns", async () => {
  const [header, row, ...rest] = (await stats()).split("\n");
  expect(header).toMatch(
    /^CONTAINER ID {3}NAME {6}CPU % {5}MEM USAGE \/ LIMIT +MEM % {5}NET I\/O +BLOCK I\/O +PIDS$/,
  );
  expect(row).toMatch(
    /^[0-9a-f]{12} {3}busy +\d+\.\d\d% +\d+(\.\d+)?[KM]iB \/ \d+(\.\d+)?GiB +\d+\.\d\d% +0B \/ 0B +\S+ \/ \S+ +2$/,
  );
  expect(rest).toEqual([""]);
});

test("CPU time of a loop, memory of a shell, bytes that were written", async () => {
  const line = JSON.parse(await stats("--format", "json", "busy"));
  expect(Object.keys(line)).toEqual([
    "BlockIO",
    "CPUPerc",
    "Container",
    "ID",
    "MemPerc",
    "MemUsage",
    "Name",
    "NetIO",
    "PIDs",
  ]);
  expect(line).toMatchObject({ Container: "busy", Name: "busy", PIDs: "2", NetIO: "0B / 0B" });
  expect(Number.parseFloat(line.CPUPerc)).toBeGreaterThan(10);
  expect(Number.parseFloat(line.CPUPerc)).toBeLessThan(120);
  expect(line.BlockIO).toMatch(/ \/ 3\.\d+MB$/);
});

test("a stopped container uses nothing, and is only shown when it is asked for", async () => {
  expect(await stats("--format", "{{.Name}}")).toBe("busy\n");
  expect(await stats("-a", "--format", "{{.Name}}")).toBe("busy\nover\n");
  const format = "{{.Container}} {{.CPUPerc}} {{.MemUsage}} {{.MemPerc}} {{.NetIO}} {{.BlockIO}} {{.PIDs}}";
  expect(await stats("--format", format, "over")).toBe("over 0.00% 0B / 0B 0.00% 0B / 0B 0B / 0B 0\n");
  expect((await stats("--no-trunc", "--format", "{{.ID}}", "busy")).length).toBe(65);
});

test("a container that is not there is an error", async () => {
  expect(await lab.berth(["stats", "--no-stream", "busy", "nobody"])).toEqual({
    code: 1,
    stdout: "",
    stderr: "berth: No such container: nobody\n",
  });
});

test("on a terminal it is drawn again and again until it is interrupted", async () => {
  using session = startInTerminal(lab.root, ["stats"]);
  const frames = () => session.output().split("\x1b[H").length - 1;
  await session.shows(/\x1b\[H[^\x1b]*\x1b[\s\S]*busy[\s\S]*\x1b\[H[\s\S]*busy/);
  expect(frames()).toBeGreaterThanOrEqual(2);
  expect(session.output()).toContain("the sum over its processes");
  session.type("\x03");
  expect(await session.exited).toBe(130);
});

test("it ends when all that it was asked for is gone", async () => {
  const ended = lab.run(["--name", "brief", builtinImage, "sleep", "1000"]);
  while (!(await lab.berth(["ps", "--format", "{{.Names}}"])).stdout.includes("brief"));
  using session = startInTerminal(lab.root, ["stats", "--format", "{{.Name}} {{.PIDs}}", "brief"]);
  await session.shows(/brief 1/);
  await lab.berth(["rm", "-f", "brief"]);
  expect(await session.exited).toBe(0);
  await ended;
});
