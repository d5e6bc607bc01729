import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { loadCommand } from "../../../src/cli/load-command.ts";
import { commands } from "../../../src/cli/tree.ts";
import { runCommandLine } from "../../../src/cli/cli.ts";
import { fakeHost } from "./fake-host.ts";

async function berth(...words: string[]) {
  const host = fakeHost();
  const status = await runCommandLine(words, host);
  return { status, ...host.written };
}

describe("what cannot be understood is refused in Docker's words", () => {
  test.each([
    [
      ["run", "--foo", "alpine"],
      125,
      "unknown flag: --foo\n\nUsage:  berth run [OPTIONS] IMAGE [COMMAND] [ARG...]\n\nRun 'berth run --help' for more information\n",
    ],
    [
      ["images", "-zq"],
      125,
      "unknown shorthand flag: 'z' in -zq\n\nUsage:  berth images [OPTIONS] [REPOSITORY[:TAG]]\n\nRun 'berth images --help' for more information\n",
    ],
    [
      ["image", "ls", "--foo"],
      125,
      "unknown flag: --foo\n\nUsage:  berth image ls [OPTIONS] [REPOSITORY[:TAG]]\n\nRun 'berth image ls --help' for more information\n",
    ],
    [
      ["run", "--use-api-socket", "alpine"],
      125,
      "--use-api-socket is not supported yet\n\nRun 'berth run --help' for more information\n",
    ],
    [
      ["run"],
      125,
      "berth: 'berth run' requires at least 1 argument\n\nUsage:  berth run [OPTIONS] IMAGE [COMMAND] [ARG...]\n\nSee 'berth run --help' for more information\n",
    ],
    [
      ["pull"],
      1,
      "berth: 'berth pull' requires 1 argument\n\nUsage:  berth pull [OPTIONS] NAME[:TAG|@DIGEST]\n\nRun 'berth pull --help' for more information\n",
    ],
    [
      ["tag", "a"],
      1,
      "berth: 'berth tag' requires 2 arguments\n\nUsage:  berth tag SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]\n\nRun 'berth tag --help' for more information\n",
    ],
    [
      ["images", "a", "b"],
      1,
      "berth: 'berth images' requires at most 1 argument\n\nUsage:  berth images [OPTIONS] [REPOSITORY[:TAG]]\n\nRun 'berth images --help' for more information\n",
    ],
    [["version", "x"], 1, /^berth: 'berth version' accepts no arguments\n/],
    [["foo"], 1, "berth: unknown command: berth foo\n\nRun 'berth --help' for more information\n"],
    [
      ["imagse"],
      1,
      "berth: unknown command: berth imagse\nhint: did you mean berth images?\n\nRun 'berth --help' for more information\n",
    ],
    [
      ["image", "foo"],
      1,
      "berth: unknown command: berth image foo\n\nUsage:  berth image COMMAND\n\nRun 'berth image --help' for more information\n",
    ],
    [["image", "constructor"], 1, /^berth: unknown command: berth image constructor\n/],
    [["constructor"], 1, /^berth: unknown command: berth constructor\n/],
    [
      ["compose", "up"],
      1,
      "berth: berth compose is not supported yet\n\nRun 'berth --help' for more information\n",
    ],
    [
      ["buildx", "ls"],
      1,
      "berth: unknown command: berth buildx ls\n\nUsage:  berth buildx COMMAND\n\nRun 'berth buildx --help' for more information\n",
    ],
    [["swarm"], 1, /^berth: berth swarm is not supported yet\n/],
    [["--foo"], 125, /^unknown flag: --foo\n\nUsage: {2}berth \[OPTIONS\] COMMAND\n/],
    [["-x"], 125, /^unknown shorthand flag: 'x' in -x\n/],
    [["image", "--foo", "ls"], 125, /^unknown flag: --foo\n/],
    [
      ["run", "--network", "backend", "--ip", "a.b", "alpine"],
      125,
      /^invalid argument "a\.b" for "--ip" flag: invalid IPv4 address: a\.b\n/,
    ],
    [
      ["run", "-v", "/a:b", "alpine"],
      125,
      /^berth: invalid volume specification: '\/a:b'.*\n\nRun 'berth run/,
    ],
    [["run", "-it", "alpine"], 1, /^berth: cannot attach stdin to a TTY-enabled container/],
    [["completion", "tcsh"], 1, /^berth: no completion for the shell 'tcsh'\nhint: .*bash, zsh, fish\n$/],
  ] as Array<[string[], number, string | RegExp]>)("berth %j", async (words, status, stderr) => {
    const result = await berth(...words);
    if (typeof stderr === "string") expect(result.stderr).toBe(stderr);
    else expect(result.stderr).toMatch(stderr);
    expect(result).toMatchObject({ status, stdout: "" });
  });
});

describe("help", () => {
  test("goes to stdout and is a success, however it is asked for", async () => {
    const direct = await berth("pull", "--help");
    expect(direct).toMatchObject({ status: 0, stderr: "" });
    expect((await berth("help", "pull")).stdout).toBe(direct.stdout);
    expect((await berth("pull", "-h", "--quiet")).stdout).toBe(direct.stdout);
    const root = await berth();
    expect(root).toMatchObject({ status: 0, stderr: "" });
    expect((await berth("--help")).stdout).toBe(root.stdout);
    expect((await berth("help")).stdout).toBe(root.stdout);
    expect((await berth("image")).stdout).toBe((await berth("image", "--help")).stdout);
    expect((await berth("help", "image", "ls")).stdout).toStartWith("Usage:  berth image ls ");
  });

  test("shows the most used commands first, and the others by name", async () => {
    const sections = (await berth()).stdout.split("\n\n");
    const named = (title: string) =>
      sections
        .find((section) => section.startsWith(`${title}:`))!
        .split("\n")
        .slice(1)
        .map((line) => line.trim().split(" ")[0]!);
    expect(named("Common Commands").slice(0, 1)).toEqual(["run"]);
    expect(named("Commands")).toEqual(named("Commands").toSorted());
    expect(named("Management Commands")).toEqual(named("Management Commands").toSorted());
    const all = [...named("Common Commands"), ...named("Commands")];
    expect(all.toSorted()).toEqual([...commands.keys()].toSorted());
  });

  test("of an unknown command is an error", async () => {
    expect(await berth("help", "foo")).toMatchObject({ status: 1, stdout: "" });
  });

  test.each(["pull", "rm", "image", "start", "images", "inspect", "completion"])(
    "of %s is as written down",
    async (word) => {
      expect((await berth(word, "--help")).stdout).toMatchSnapshot();
    },
  );

  test("no line is wider than the terminal", async () => {
    for (const columns of [60, 80, 120]) {
      const host = fakeHost({ columns });
      await runCommandLine(["run", "--help"], host);
      const widest = Math.max(...host.written.stdout.split("\n").map((line) => line.length));
      expect(widest).toBeLessThanOrEqual(columns);
    }
  });
});

test("every command that is listed is loaded by its name, and no other", async () => {
  for (const load of commands.values()) expect((await load()).description).not.toBe("");
  const source = await Bun.file(join(import.meta.dir, "../../../src/cli/load-command.ts")).text();
  const cases = [...source.matchAll(/case "(.+)":/g)].map(([, name]) => name!);
  expect(cases.toSorted()).toEqual([...commands.keys()].toSorted());
  expect(await loadCommand("constructor")).toBeUndefined();
});

test("--version names version and build", async () => {
  const { status, stdout } = await berth("--version");
  expect(status).toBe(0);
  expect(stdout).toMatch(/^berth version \d+\.\d+\.\d+, build \w+\n$/);
  expect((await berth("-v")).stdout).toBe(stdout);
});

test("--debug shows the stack", async () => {
  expect((await berth("foo")).stderr).not.toContain("at ");
  expect((await berth("--debug", "foo")).stderr).toContain("\n    at ");
});

test("control characters in an error do not reach the terminal", async () => {
  const { stderr } = await berth("run", "--hostname", "\u001b]0;x\u0007", "alpine");
  expect(stderr).not.toMatch(/[\u0007\u001b]/);
});
