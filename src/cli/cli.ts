import { BerthError, BrokenPipe } from "../base/errors.ts";
import { type Command, usageLine } from "./command.ts";
import { execute } from "./execute.ts";
import { ExitError, exitCode, exitCodeOf } from "./exit-codes.ts";
import { FlagError } from "./flags/parse.ts";
import type { Host } from "./host.ts";
import { Interrupted } from "./interruption.ts";
import { loadCommand } from "./load-command.ts";
import type { Group } from "./tree.ts";

/**
 * The command line: the words after `berth` in, the exit status out. Prints errors itself; throws only BrokenPipe.
 *
 * A command right below `berth` is loaded and parsed at once. The groups (`berth image ls`) are a citty
 * tree: citty finds and loads the subcommand. It does not see the top level, because importing it and its parser costs
 * 2 ms, a tenth of what `run` may take; and it never parses flags, because it accepts unknown ones, keeps only the last
 * of repeated ones and takes those after the image for its own (see `flags/parse.ts`).
 */
export async function runCommandLine(argv: readonly string[], host: Host): Promise<number> {
  let words = argv;
  let debug = host.env.BERTH_DEBUG === "1";
  let called: { command: Command; path: string } | undefined;
  const call = (command: Command, path: string, rest: readonly string[]) => {
    called = { command, path };
    return execute(command, path, rest, host);
  };
  try {
    while (words[0] === "--debug" || words[0] === "-D") {
      debug = true;
      words = words.slice(1);
    }
    return await dispatch(words, host, call);
  } catch (thrown) {
    // A failing disposal hides the error that began it (explicit resource management); that one is the news.
    let error = thrown;
    while (error instanceof SuppressedError && error.suppressed !== undefined) error = error.suppressed;
    if (error instanceof BrokenPipe) throw error;
    if (error instanceof Interrupted) return error.status;
    const cause = error instanceof ExitError ? error.cause : error;
    const { reportFailure } = await import("./diagnostics.ts");
    const trailer = trailerOf(cause, called);
    reportFailure(host, cause, { debug, ...(trailer === undefined ? {} : { trailer }) });
    return exitCodeOf(error, called?.command.failureStyle ?? "plain");
  }
}

/** The lines after a message: flag errors show the usage, `run` points to its help (docker/cli container/run.go). */
function trailerOf(
  error: unknown,
  called: { command: Command; path: string } | undefined,
): string | undefined {
  if (called === undefined) {
    return error instanceof FlagError
      ? "\nUsage:  berth [OPTIONS] COMMAND\n\nRun 'berth --help' for more information"
      : undefined;
  }
  const { command, path } = called;
  const pointer = `\nRun '${path} --help' for more information`;
  if (error instanceof FlagError) {
    return error.notYet ? pointer : `\nUsage:  ${usageLine(command, path)}\n${pointer}`;
  }
  // A usage error brings its own pointer.
  const isOwn = error instanceof BerthError && error.code === "usage" && error.message.includes("--help'");
  return command.failureStyle === "run" && !isOwn ? pointer : undefined;
}

type Call = (command: Command, path: string, rest: readonly string[]) => Promise<number>;

async function dispatch(words: readonly string[], host: Host, call: Call): Promise<number> {
  const [name, ...rest] = words;
  if (name === undefined || name === "--help" || name === "-h") {
    host.stdout.write(await (await import("./help.ts")).renderRootHelp());
    return exitCode.success;
  }
  if (name === "--version" || name === "-v") {
    host.stdout.write(`${(await import("./version-line.ts")).versionLine()}\n`);
    return exitCode.success;
  }
  const command = await loadCommand(name);
  if (command !== undefined) return call(command, `berth ${name}`, rest);
  const { commands, groups } = await import("./tree.ts");
  const group = groups.get(name);
  if (group !== undefined) return dispatchGroup(group, name, rest, host, call);
  if (name === "help") return help(rest, host, call);
  if (name === "__complete") {
    const { complete } = await import("./completion/candidates.ts");
    host.stdout.write((await complete(rest, host)).map((line) => `${line}\n`).join(""));
    return exitCode.success;
  }
  if (name.startsWith("-")) throw unknownFlag(name);
  throw await unknownCommand("berth", name, name, [...commands.keys(), ...groups.keys()]);
}

async function dispatchGroup(
  group: Group,
  groupName: string,
  words: readonly string[],
  host: Host,
  call: Call,
): Promise<number> {
  const path = `berth ${groupName}`;
  const [name] = words;
  if (name === undefined || name === "--help" || name === "-h") {
    host.stdout.write(await (await import("./help.ts")).renderGroupHelp(group, path));
    return exitCode.success;
  }
  if (name.startsWith("-")) throw unknownFlag(name);
  if (!group.commands.has(name) && !group.aliases.has(name))
    throw await unknownCommand(path, name, `${groupName}:${name}`, [...group.commands.keys()]);
  const { runInGroup } = await import("./group.ts");
  return runInGroup(group, words, (command, rest) => call(command, `${path} ${name}`, rest));
}

/** `berth help run` is `berth run --help`. */
function help(words: readonly string[], host: Host, call: Call): Promise<number> {
  return dispatch(words[0] === "help" ? ["--help"] : [...words, "--help"], host, call);
}

function unknownFlag(word: string): FlagError {
  return new FlagError(
    word.startsWith("--")
      ? `unknown flag: ${word.split("=")[0]}`
      : `unknown shorthand flag: '${word[1] ?? ""}' in ${word}`,
  );
}

async function unknownCommand(path: string, name: string, key: string, known: readonly string[]) {
  const { notYetCommands } = await import("./tree.ts");
  if (notYetCommands.has(key)) {
    return new BerthError(
      "usage",
      `${path} ${name} is not supported yet\n\nRun '${path} --help' for more information`,
    );
  }
  const { closest } = await import("./suggestion.ts");
  const suggestion = closest(name, known);
  const hint = suggestion === undefined ? "" : `\nhint: did you mean ${path} ${suggestion}?`;
  const usage = path === "berth" ? "" : `Usage:  ${path} COMMAND\n\n`;
  return new BerthError(
    "usage",
    `unknown command: ${path} ${name}${hint}\n\n${usage}Run '${path} --help' for more information`,
  );
}
