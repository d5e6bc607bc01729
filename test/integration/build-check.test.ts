/** `berth build --check`, and what a build says of a Dockerfile that could be better. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type BuildLab, buildLab } from "../support/build-lab.ts";
import { builtinImage } from "../support/container-lab.ts";
import { startFaultyRegistry } from "../support/faulty-registry.ts";
import { startInTerminal } from "../support/terminal-session.ts";

let lab: BuildLab;
beforeAll(async () => {
  lab = await buildLab();
});
afterAll(() => lab[Symbol.asyncDispose]());

const from = `FROM ${builtinImage}\n`;
const questionable = `${from}MAINTAINER me\nRUN \\\n  exit 1\nCMD echo $HOME\n`;

test("--check tells what is hardly meant, with its place, and builds nothing", async () => {
  const checked = await lab.build(lab.context({ Dockerfile: questionable }), "--check", "-t", "checked");
  expect(checked).toMatchObject({ code: 1, stderr: expect.stringContaining("#1 DONE") });
  expect(checked.stdout).toBe(`Check complete, 2 warnings have been found!

WARNING: MaintainerDeprecated - https://docs.docker.com/go/dockerfile/rule/maintainer-deprecated/
Maintainer instruction is deprecated in favor of using label
Dockerfile:2
--------------------
   1 |     FROM ${builtinImage}
   2 | >>> MAINTAINER me
   3 |     RUN \\
   4 |       exit 1
--------------------

WARNING: JSONArgsRecommended - https://docs.docker.com/go/dockerfile/rule/json-args-recommended/
JSON arguments recommended for CMD to prevent unintended behavior related to OS signals
Dockerfile:5
--------------------
   3 |     RUN \\
   4 |       exit 1
   5 | >>> CMD echo $HOME
   6 |     
--------------------
`);
  expect((await lab.lab.berth(["images", "-aq", "checked"])).stdout).toBe("");
});

test("--check is content with an orderly Dockerfile, and checks every stage unless there is a target", async () => {
  const stages = `${from.trim()} AS one\nCOPY $nowhere /\nFROM scratch AS two\nCOPY --from=one / /\n${from}`;
  const context = lab.context({ Dockerfile: stages });
  const all = await lab.build(context, "--check", "-q");
  expect(all).toMatchObject({ code: 1, stdout: expect.stringContaining("undefined variable '$nowhere'") });
  const target = `FROM scratch AS three\nCOPY own /\n`;
  const orderly = await lab.build(
    lab.context({ Dockerfile: stages + target, own: "" }),
    "--check",
    "-q",
    "--target=three",
  );
  expect(orderly).toEqual({ code: 0, stdout: "Check complete, no warnings found.\n", stderr: "" });
});

test("--check of what cannot be built tells why, with the warnings so far", async () => {
  const context = lab.context({ Dockerfile: `${from}MAINTAINER me\nCOPPY a b\n` });
  const { code, stdout, stderr } = await lab.build(context, "--check", "-q");
  expect({ code, lines: stdout.split("\n").slice(0, 3) }).toMatchObject({
    code: 1,
    lines: ["Check complete, 1 warning has been found!", "", expect.stringContaining("MaintainerDeprecated")],
  });
  expect(stderr).toContain("   3 | >>> COPPY a b\n");
  expect(stderr).toEndWith(
    "dockerfile parse error on line 3: unknown instruction: COPPY (did you mean COPY?)\n",
  );
});

test("--check reads the configuration of a base image that is not here, and brings nothing", async () => {
  await using registry = startFaultyRegistry();
  const config = { config: { Env: ["THERE=1"] } };
  const { layers } = registry.addImage({ name: "team/base", layers: [new Uint8Array(1024)], config });
  const dockerfile = `FROM ${registry.host}/team/base\nCOPY $THERE $ELSEWHERE /\n`;
  const checked = await lab.build(lab.context({ Dockerfile: dockerfile }), "--check", "-q");
  expect(checked.stdout.match(/WARNING.*|Usage.*/g)).toEqual([
    expect.stringContaining("UndefinedVar"),
    "Usage of undefined variable '$ELSEWHERE'",
  ]);
  expect(registry.requests.filter(({ path }) => path.includes(layers[0]!.digest))).toEqual([]);
  expect((await lab.lab.berth(["images", "-q", `${registry.host}/team/base`])).stdout).toBe("");
});

test("a build ends with the warnings of its Dockerfile, which can be errors", async () => {
  const dockerfile = `${from}CMD true\n`;
  const summary = `\n 1 warning found (use --check to expand):\n - JSONArgsRecommended: JSON arguments recommended for CMD to prevent unintended behavior related to OS signals (line 2)\n`;
  const warned = await lab.build(lab.context({ Dockerfile: dockerfile }));
  expect(warned).toMatchObject({ code: 0, stderr: expect.stringContaining(summary) });
  const quiet = await lab.build(lab.context({ Dockerfile: dockerfile }), "-q");
  expect(quiet).toMatchObject({ code: 0, stderr: "" });
  const refused = await lab.build(lab.context({ Dockerfile: `# check=error=true\n${dockerfile}` }));
  expect(refused).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("lint violation found for rules: JSONArgsRecommended\n"),
  });
  const allowed = await lab.build(
    lab.context({ Dockerfile: `# check=error=true\n${dockerfile}` }),
    ...["--build-arg", "BUILDKIT_DOCKERFILE_CHECK=skip=all"],
  );
  expect(allowed).toMatchObject({ code: 0, stderr: expect.not.stringContaining("warning") });
  using session = startInTerminal(lab.lab.root, ["build", lab.context({ Dockerfile: dockerfile })]);
  expect(await session.exited).toBe(0);
  expect(session.output()).toContain("\u001b[33m1 warning found (use --check to expand):\u001b[0m");
  const told = await lab.build(lab.context({ Dockerfile: dockerfile }), "--progress=rawjson");
  const [{ warnings }] = told.stderr
    .split("\n")
    .filter((line) => line.includes('"warnings"'))
    .map((line) => JSON.parse(line));
  expect(Buffer.from(warnings[0].short, "base64").toString()).toStartWith("JSONArgsRecommended: ");
});
