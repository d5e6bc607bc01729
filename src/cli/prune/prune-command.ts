import { type Command, defineCommand } from "../command.ts";
import { filterFlag } from "../flags/filter-flag.ts";
import { flag, type FlagSpec } from "../flags/spec.ts";
import type { Pruner } from "./pruners.ts";
import { questionFor, runPruners } from "./run-pruners.ts";

export interface PruneWords {
  readonly description: string;
  /** Of `--filter`. */
  readonly filter: string;
  /** Of `--all`; without it there is no such flag. */
  readonly all?: string;
  readonly notYet?: string;
  /** How much room was made is said at the end (default). */
  readonly total?: boolean;
}

/** The command that prunes one kind of object, after a question unless it is forced. */
export function pruneCommand(
  pruner: Pruner,
  { description, filter, all, notYet, total }: PruneWords,
): Command {
  const flags = {
    ...(all === undefined ? {} : { all: flag.boolean(all, { short: "a" }) }),
    filter: filterFlag(filter),
    force: flag.boolean("Do not prompt for confirmation", { short: "f" }),
  } satisfies Record<string, FlagSpec>;
  return defineCommand({
    usage: "[OPTIONS]",
    description,
    flags,
    ...(notYet === undefined ? {} : { notYet }),
    words: { min: 0, max: 0 },
    run({ flags, host, context }) {
      const request = { all: flags.all === true, filters: flags.filter };
      const question = flags.force ? undefined : questionFor(pruner, request);
      const talk = { question, ...(total === undefined ? {} : { total }) };
      return runPruners([pruner], request, { host, context }, talk);
    },
  });
}
