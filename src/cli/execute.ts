import { BerthError } from "../base/errors.ts";
import { type Command, type Invocation, usageLine, withAllFlags } from "./command.ts";
import { exitCode } from "./exit-codes.ts";
import { FlagError, parseFlags } from "./flags/parse.ts";
import type { Host } from "./host.ts";

/** Runs one command on the words after its path; `path` is how it was called: `berth image ls`. */
export async function execute(
  command: Command,
  path: string,
  words: readonly string[],
  host: Host,
): Promise<number> {
  const { parsed, further } = await parse(command, words);
  if (parsed.kind === "help") {
    const { renderCommandHelp } = await import("./help.ts");
    host.stdout.write(renderCommandHelp(await withAllFlags(command), path, host.stdout.columns));
    return exitCode.success;
  }
  checkCount(command, path, parsed.positionals.length);
  const { EngineContext } = await import("../engine/context.ts");
  const invocation: Invocation = {
    path,
    flags: parsed.values,
    further: further ? parsed.values : undefined,
    given: parsed.given,
    words: parsed.positionals,
    host,
    context: new EngineContext(host.env, host.warn),
  };
  return command.run(invocation);
}

/** Parses with the further flags as well where a word names one of them; `further` says so. */
async function parse(command: Command, words: readonly string[]) {
  const { furtherFlags, notYet = "" } = command;
  const rules = { interspersed: command.flagsFirst !== true, notYet };
  try {
    return { parsed: parseFlags(command.flags, words, rules), further: false };
  } catch (error) {
    if (furtherFlags === undefined || !(error instanceof FlagError && error.unknown)) throw error;
    const { flags } = await withAllFlags(command);
    return { parsed: parseFlags(flags, words, rules), further: true };
  }
}

/** Docker's words for a wrong number of arguments (docker/cli cli/required.go). */
export function checkCount(command: Command, path: string, count: number): void {
  const { min, max } = command.words;
  if (count >= min && (max === undefined || count <= max)) return;
  const plural = (number: number) => `${number} argument${number === 1 ? "" : "s"}`;
  let need: string;
  if (max === 0) need = "accepts no arguments";
  else if (max === undefined) need = `requires at least ${plural(min)}`;
  else if (min === max) need = `requires ${plural(min)}`;
  else if (min === 0) need = `requires at most ${plural(max)}`;
  else need = `requires at least ${min} and at most ${plural(max)}`;
  const pointer = max === undefined ? "See" : "Run";
  throw new BerthError(
    "usage",
    `'${path}' ${need}\n\nUsage:  ${usageLine(command, path)}\n\n${pointer} '${path} --help' for more information`,
  );
}
