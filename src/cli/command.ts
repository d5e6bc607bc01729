import type { EngineContext } from "../engine/context.ts";
import type { FailureStyle } from "./exit-codes.ts";
import type { CompletionKind, FlagSet, FlagValues, NotYetFlags } from "./flags/spec.ts";
import type { Host } from "./host.ts";

/** One call of a command: what was parsed, and the world around it. */
export interface Invocation<S extends FlagSet = FlagSet, F extends FlagSet = FlagSet> {
  /** As typed: `berth image ls`. */
  readonly path: string;
  readonly flags: FlagValues<S>;
  /** Undefined where none of the further flags stood on the command line. */
  readonly further: FlagValues<F> | undefined;
  /** The flags that stood on the command line, by long name. */
  readonly given: ReadonlySet<string>;
  readonly words: readonly string[];
  readonly host: Host;
  /** Opens nothing by itself; commands import the use cases they need themselves. */
  readonly context: EngineContext;
}

export interface Command<S extends FlagSet = FlagSet, F extends FlagSet = FlagSet> {
  /** After the command's path in the usage line: `[OPTIONS] NAME[:TAG|@DIGEST]`. */
  readonly usage: string;
  readonly description: string;
  /** All spellings, as the help shows them. */
  readonly aliases?: readonly string[];
  readonly flags: S;
  /** Loads flags that few calls name: with the first word that `flags` does not know, and for help and completion. */
  furtherFlags?(): Promise<F>;
  readonly notYet?: NotYetFlags;
  readonly words: { readonly min: number; readonly max?: number };
  /** Flags end at the first word (default: they may stand anywhere). */
  readonly flagsFirst?: boolean;
  readonly failureStyle?: FailureStyle;
  /** What a positional word may be, for completion; the last entry stands for all further words. */
  readonly completes?: readonly CompletionKind[];
  /** Returns the exit status. */
  run(invocation: Invocation<S, F>): Promise<number>;
}

/** Gives a command the types of its flags. */
export function defineCommand<const S extends FlagSet, const F extends FlagSet = FlagSet>(
  command: Command<S, F>,
): Command<S, F> {
  return command;
}

/** The command with all its flags in one table. */
export async function withAllFlags(command: Command): Promise<Command> {
  if (command.furtherFlags === undefined) return command;
  return { ...command, flags: { ...command.flags, ...(await command.furtherFlags()) } };
}

/** `berth pull [OPTIONS] NAME[:TAG|@DIGEST]`, as it stands after `Usage:`. */
export function usageLine(command: Command, path: string): string {
  return `${path} ${command.usage}`.trimEnd();
}
