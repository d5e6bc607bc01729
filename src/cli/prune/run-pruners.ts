import type { EngineContext } from "../../engine/context.ts";
import { pruneFilter } from "../../engine/prune-filters.ts";
import { confirm } from "../confirm.ts";
import type { Host } from "../host.ts";
import { interruptible } from "../interruption.ts";
import { humanSizeFine } from "../output/units.ts";
import type { PruneRequest, Pruner } from "./pruners.ts";

export interface PruneTalk {
  /** Asked before anything is removed; undefined with `--force`. */
  readonly question: string | undefined;
  /** How much room was made is said at the end (default); networks take none. */
  readonly total?: boolean;
}

/** Asks, prunes one kind after the other, and says what went and how much room that made. A no is no failure. */
export async function runPruners(
  pruners: readonly Pruner[],
  request: PruneRequest,
  { host, context }: { readonly host: Host; readonly context: EngineContext },
  { question, total: saysTotal = true }: PruneTalk,
): Promise<number> {
  // Who is asked should not be told afterwards that it makes no sense.
  for (const pruner of pruners) (pruner.checkFilters ?? pruneFilter)(request.filters);
  return interruptible(async (signal) => {
    if (question !== undefined && !(await confirm(host, question, signal))) return 0;
    let total = 0;
    for (const pruner of pruners) {
      const { lines, reclaimed } = await pruner.prune(context, request);
      total += reclaimed;
      if (lines.length > 0) host.stdout.write(`${[pruner.heading, ...lines, ""].join("\n")}\n`);
    }
    if (saysTotal) host.stdout.write(`Total reclaimed space: ${humanSizeFine(total)}\n`);
    return 0;
  });
}

/** The question before one kind is pruned. */
export const questionFor = (pruner: Pruner, request: PruneRequest) =>
  `WARNING! This will remove ${pruner.warning(request)}.\nAre you sure you want to continue?`;
