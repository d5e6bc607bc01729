import { afterAll, beforeAll, expect, test } from "bun:test";
import { join } from "node:path";
import { berthExecutable } from "../support/berth-executable.ts";
import { builtinImage, type ContainerLab, containerLab } from "../support/container-lab.ts";

/* What batch systems and administrators set with ulimit before berth is called. */

let lab: ContainerLab;

beforeAll(async () => {
  lab = await containerLab();
});

afterAll(() => lab[Symbol.asyncDispose]());

async function limited(limit: string, ...args: string[]) {
  const child = Bun.spawn(["sh", "-c", `ulimit ${limit} && exec "$@"`, "sh", berthExecutable, ...args], {
    env: { PATH: process.env.PATH, HOME: lab.root, BERTH_ROOT: join(lab.root, "data") },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [stdout, stderr, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { code, stdout, stderr };
}

const run = ["run", "--rm", "--network", "none", builtinImage, "echo", "done"];

test("too little address space is told as that, with Docker's status for run", async () => {
  const failure = {
    stdout: "",
    stderr: expect.stringContaining("hint: `ulimit -v` has to be 3000000 or more"),
  };
  expect(await limited("-v 1500000", ...run)).toEqual({ code: 125, ...failure });
  expect(await limited("-v 1500000", "ps")).toEqual({ code: 1, ...failure });
  expect(await limited("-v 3000000", ...run)).toEqual({ code: 0, stdout: "done\n", stderr: "" });
});

test("too few open files are told as that", async () => {
  const { code, stderr } = await limited("-n 10", ...run);
  expect([code, stderr]).toEqual([125, expect.stringContaining("raise it with `ulimit -n 1024`")]);
  expect((await lab.berth(["ps", "-aq"])).stdout).toBe("");
});

test("a file that may not become so large is told as that, and nothing is left of it", async () => {
  const archive = join(lab.root, "large.tar");
  await lab.berth(["build", "-o", `type=docker,dest=${archive}`, "-"], {
    stdin: `FROM ${builtinImage}\nRUN head -c 3000000 /dev/urandom > /large\n`,
  });
  const { code, stderr } = await limited("-f 4000", "load", "-i", archive); // blocks of 512 bytes
  expect([code, stderr]).toEqual([1, expect.stringContaining("`ulimit -f`")]);
  expect((await lab.berth(["load", "-q", "-i", archive])).code).toBe(0);
});
