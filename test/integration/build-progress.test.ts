/** How `berth build` shows what it does: on a terminal, to programs, and what it says without either. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type BuildLab, buildLab } from "../support/build-lab.ts";
import { builtinImage } from "../support/container-lab.ts";
import { startInTerminal } from "../support/terminal-session.ts";

let lab: BuildLab;
beforeAll(async () => {
  lab = await buildLab();
});
afterAll(() => lab[Symbol.asyncDispose]());

const from = `FROM ${builtinImage}\n`;
const build = ["build", "--network", "none"];

test("on a terminal the steps are drawn in place while they run, with the end of their output", async () => {
  const context = lab.context({ Dockerfile: `${from}RUN echo first line; sleep 1000\n` });
  using session = startInTerminal(lab.lab.root, [...build, context], { columns: 100, rows: 24 });
  await session.shows(/=> => # first line/);
  expect(session.output()).toMatch(/\[\+\] Building \d+\.\ds \(\d\/5\)/);
  session.type("\u0003");
  expect(await session.exited).toBe(130);
  expect(session.output()).toMatch(/=> CANCELED \[2\/2\] RUN echo first line; sleep 1000 +\d\.\ds/);
  expect(session.output()).toEndWith("\u001b[J\u001b[?25h");
});

test("on a terminal a build ends with everything that was done, and a failure with its output", async () => {
  const context = lab.context({ Dockerfile: `${from}RUN echo seen; exit 7\n` });
  using failing = startInTerminal(lab.lab.root, [...build, "--progress=tty", context]);
  expect(await failing.exited).toBe(1);
  const last = failing.output().slice(failing.output().lastIndexOf("[+]"));
  expect(last).toMatch(/=> ERROR \[2\/2\] RUN echo seen; exit 7 +\d\.\ds/);
  expect(last).toContain("------\r\n > [2/2] RUN echo seen; exit 7:\r\nseen\r\n------\r\n");
  using plain = startInTerminal(lab.lab.root, [
    ...build,
    "--progress=plain",
    lab.context({ Dockerfile: from }),
  ]);
  expect(await plain.exited).toBe(0);
  expect(plain.output()).toContain("#3 [1/1] FROM");
  using smart = startInTerminal(lab.lab.root, [...build, lab.context({ Dockerfile: from })]);
  expect(await smart.exited).toBe(0);
  expect(smart.output()).toMatch(/\[\+\] Building \d+\.\ds \((\d)\/\1\) FINISHED/);
});

test("--progress=rawjson tells programs everything, one JSON object on a line", async () => {
  const context = lab.context({ Dockerfile: `${from}RUN echo seen $((40+2))\n` });
  const { code, stdout, stderr } = await lab.build(context, "--progress=rawjson");
  expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  const events = stderr
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const step = events.find(({ vertexes }) => vertexes?.[0].name.includes("RUN")).vertexes[0];
  const logs = events.flatMap(({ logs = [] }) => logs).filter(({ vertex }) => vertex === step.digest);
  expect(Buffer.concat(logs.map(({ data }) => Buffer.from(data, "base64"))).toString()).toBe("seen 42\n");
  const ends = events.flatMap(({ vertexes = [] }) => vertexes).filter(({ completed }) => completed);
  expect(ends.map(({ digest }) => digest)).toContain(step.digest);
  expect(events.flatMap(({ statuses = [] }) => statuses).map(({ id }) => id)).toContain("exporting layers");
});

test("the progress that is not possible or not known is refused, before anything is built", async () => {
  const context = lab.context({ Dockerfile: from });
  const tty = await lab.build(context, "--progress=tty");
  expect(tty).toMatchObject({ code: 1, stderr: expect.stringContaining("failed to get console") });
  const unknown = await lab.build(context, "--progress=loud");
  expect(unknown).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("invalid progress mode: loud"),
  });
});
