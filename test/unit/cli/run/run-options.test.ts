import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseFlags } from "../../../../src/cli/flags/parse.ts";
import { furtherFlags, furtherOptions } from "../../../../src/cli/run/further-flags.ts";
import { runFlags, runNotYet } from "../../../../src/cli/run/run-flags.ts";
import { buildRunOptions } from "../../../../src/cli/run/run-options.ts";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "berth-run-options-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

const warnings: string[] = [];

async function options(...words: string[]) {
  warnings.length = 0;
  const parsed = parseFlags(runFlags, words, { interspersed: false, notYet: runNotYet });
  if (parsed.kind !== "values") throw new Error("asked for help");
  return buildRunOptions(parsed.values, undefined, parsed.positionals, {
    warn: (message) => warnings.push(message),
    workingDirectory: directory,
    env: { HOME: "/home/alice", EMPTY: "" },
  });
}

test("ports that nobody can open are told of", async () => {
  for (const kind of ["host", "none"]) {
    await options("--network", kind, "-p", "80", "alpine");
    expect(warnings).toEqual([`Published ports are discarded when using ${kind} network mode`]);
  }
  await options("-p", "80", "alpine");
  expect(warnings).toEqual([]);
});

test("a name may be written with its slash", async () => {
  expect((await options("--name", "/box", "alpine")).name).toBe("box");
});

test("a plain run has Docker's defaults", async () => {
  expect(await options("alpine")).toEqual({
    image: "alpine",
    command: [],
    remove: false,
    interactive: false,
    terminal: false,
    env: [],
    mounts: [],
    readOnly: false,
    labels: {},
    pull: "missing",
    init: false,
    network: { kind: "slirp4netns" },
  });
});

test("the further flags ask for nothing where none of them stands", () => {
  const parsed = parseFlags(furtherFlags, [], { interspersed: false });
  if (parsed.kind !== "values") throw new Error("asked for help");
  expect(furtherOptions(parsed.values, { network: "slirp4netns", workingDirectory: directory })).toEqual({});
  expect(Object.keys(furtherFlags).filter((name) => name in runFlags)).toEqual([]);
});

test("the words after the image belong to the command", async () => {
  const { command, remove } = await options("alpine", "sh", "--rm", "-c", "echo", "--", "x");
  expect(command).toEqual(["sh", "--rm", "-c", "echo", "--", "x"]);
  expect(remove).toBe(false);
});

test("every flag arrives", async () => {
  const all = await options(
    ...["--rm", "-it", "--name", "box", "-w", "/srv", "-u", "1:2", "--entrypoint", "", "--read-only"],
    ...[
      "-h",
      "web",
      "-l",
      "a=1",
      "-l",
      "b",
      "--cidfile",
      "cid",
      "--pull",
      "never",
      "--platform",
      "linux/amd64",
    ],
    ...["--init", "--net", "host", "--storage-driver", "copy", "--stop-signal", "INT"],
    ...["-e", "A=1", "-e", "HOME", "alpine", "true"],
  );
  expect(all).toEqual({
    image: "alpine",
    command: ["true"],
    name: "box",
    remove: true,
    interactive: true,
    terminal: true,
    env: ["A=1", "HOME"],
    workdir: "/srv",
    user: "1:2",
    entrypoint: "",
    mounts: [],
    readOnly: true,
    hostname: "web",
    labels: { a: "1", b: "" },
    cidfile: "cid",
    pull: "never",
    platform: "linux/amd64",
    init: true,
    network: { kind: "host" },
    storageDriver: "copy",
    stopSignal: "INT",
  });
});

test.each([
  ["default", "slirp4netns"],
  ["bridge", "slirp4netns"],
  ["slirp4netns", "slirp4netns"],
  ["none", "none"],
  ["host", "host"],
])("--network %s is %s", async (name, kind) => {
  expect((await options("--network", name, "alpine")).network.kind).toBe(kind as "none");
});

test.each(["TERM", "SIGTERM", "sigusr1", "15", "RTMIN+3", "SIGRTMAX-1", "RTMIN"])(
  "--stop-signal %s is a signal",
  async (signal) => {
    expect((await options("--stop-signal", signal, "alpine")).stopSignal).toBe(signal);
  },
);

test("env files come before -e, in order, and take lone names from the caller", async () => {
  const lines = '\uFEFF# comment\n\nFIRST=1\r\n  INDENTED= two words \nQUOTED="as is"\nHOME\nEMPTY\nABSENT\n';
  writeFileSync(join(directory, "one.env"), lines);
  writeFileSync(join(directory, "two.env"), "FIRST=again");
  expect(
    (await options("-e", "LAST=1", "--env-file", "one.env", "--env-file", "two.env", "alpine")).env,
  ).toEqual([
    "FIRST=1",
    "INDENTED= two words ",
    'QUOTED="as is"',
    "HOME=/home/alice",
    "EMPTY=",
    "FIRST=again",
    "LAST=1",
  ]);
});

test("labels come from files and flags, the last one wins", async () => {
  writeFileSync(join(directory, "labels"), "a=file\n# no\n__proto__=x\nlone\n");
  const { labels } = await options("--label-file", "labels", "--label", "a=flag", "alpine");
  expect(Object.entries(labels).sort()).toEqual([
    ["__proto__", "x"],
    ["a", "flag"],
    ["lone", ""],
  ]);
});

describe("what cannot be is refused", () => {
  beforeAll(() => {
    writeFileSync(join(directory, "blank.env"), "GOOD=1\nBAD NAME=1\n");
    writeFileSync(join(directory, "nameless.env"), "=value\n");
    writeFileSync(join(directory, "latin1.env"), Buffer.from([0x41, 0x3d, 0xff]));
  });
  test.each([
    [["--env-file", "absent.env"], "open absent.env: no such file or directory"],
    [["--env-file", "blank.env"], "invalid env file (blank.env): variable 'BAD NAME' contains whitespaces"],
    [["--env-file", "nameless.env"], "invalid env file (nameless.env): no variable name on line '=value'"],
    [["--env-file", "latin1.env"], "invalid env file (latin1.env): it is not valid UTF-8"],
    [["-e", "=x"], 'invalid argument "=x" for "-e, --env" flag: invalid environment variable: =x'],
    [["--pull", "often"], `invalid pull option: 'often': must be one of "always", "missing" or "never"`],
    [["--network", "host", "--network", "a"], "cannot attach both user-defined and non-user-defined"],
    [["--network", "container:"], "invalid container format container:<name|id>"],
    [["--network", "container:box", "-p", "80"], "port publishing and the container type network mode"],
    [["--network", "slirp4netns:mtu=1"], "invalid slirp4netns option mtu=1"],
    [["--network", "slirp4netns:speed=1"], "unknown slirp4netns option speed"],
    [["--ip", "10.0.0.9"], "user specified IP address is supported on user defined networks only"],
    [["--dns", "nowhere"], "IP address is not correctly formatted: nowhere"],
    [["--add-host", "db"], 'bad format for add-host: "db"'],
    [["--add-host", "db:x"], 'invalid IP address in add-host: "x"'],
    [["-v", "/a:/x", "--tmpfs", "/x"], "Duplicate mount point: /x"],
    [["--mount", "type=bind,src=/a"], 'for "--mount" flag: target is required'],
    [["--name", "!bad"], "Invalid container name (!bad), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"],
    [["--name", "x"], "Invalid container name (x)"],
    [["--hostname", "a b"], "invalid hostname format: a b"],
    [["--hostname", "a\n10.0.0.1 b"], "invalid hostname format: a"],
    [["--hostname", "a".repeat(65)], "invalid hostname format: a"],
    [["--stop-signal", "NOPE"], "invalid signal: NOPE"],
    [["--stop-signal", "65"], "invalid signal: 65"],
    [["--stop-signal", "SIGRTMIN+99"], "invalid signal: SIGRTMIN+99"],
    [["--restart", "sometimes"], "invalid restart policy: unknown policy 'sometimes'"],
    [["--restart", "always:3"], "maximum retry count can only be used with 'on-failure'"],
    [["--restart", "always", "--rm"], "cannot specify both --restart and --rm"],
    [["-p", "80:80/x"], "invalid proto: x"],
    [["--colour"], "unknown flag: --colour"],
  ])("%j", async (words, message) => {
    await expect(options(...words, "alpine")).rejects.toThrow(message);
  });

  test("an empty image", async () => {
    await expect(options("")).rejects.toThrow("invalid reference format");
  });
});
