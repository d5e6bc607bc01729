import type { EngineContext } from "../engine/context.ts";
import type { FailureStyle } from "./exit-codes.ts";
import type { CompletionKind, FlagSet, FlagValues, NotYetFlags } from "./flags/spec.ts";
import type { Host } from "./host.ts";

/** One call of a command: what was parsed, and the world around it. */
export interface Invocation<S extends FlagSet = FlagSet> {
  /** As typed: `berth image ls`. */
  readonly path: string;
  readonly flags: FlagValues<S>;
  /** The flags that stood on the command line, by long name. */
  readonly given: ReadonlySet<string>;
  readonly words: readonly string[];
  readonly host: Host;
  /** Opens nothing by itself; commands import the use cases they need themselves. */
  readonly context: EngineContext;
}

export interface Command<S extends FlagSet = FlagSet> {
  /** After the command's path in the usage line: `[OPTIONS] NAME[:TAG|@DIGEST]`. */
  readonly usage: string;
  readonly description: string;
  /** All spellings, as the help shows them. */
  readonly aliases?: readonly string[];
  readonly flags: S;
  readonly notYet?: NotYetFlags;
  readonly words: { readonly min: number; readonly max?: number };
  /** Flags end at the first word (default: they may stand anywhere). */
  readonly flagsFirst?: boolean;
  readonly failureStyle?: FailureStyle;
  /** What a positional word may be, for completion; the last entry stands for all further words. */
  readonly completes?: readonly CompletionKind[];
  /** Returns the exit status. */
  run(invocation: Invocation<S>): Promise<number>;
}

/** Gives a command the types of its flags. */
export function defineCommand<const S extends FlagSet>(command: Command<S>): Command<S> {
  return command;
}

/** `berth pull [OPTIONS] NAME[:TAG|@DIGEST]`, as it stands after `Usage:`. */
export function usageLine(command: Command, path: string): string {
  return `${path} ${command.usage}`.trimEnd();
}
