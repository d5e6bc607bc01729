import { defineCommand } from "../command.ts";
import { filterFlag } from "../flags/filter-flag.ts";
import { flag } from "../flags/spec.ts";
import { buildCachePruner } from "../prune/pruners.ts";
import { questionFor, runPruners } from "../prune/run-pruners.ts";

export const builderPrune = defineCommand({
  usage: "[OPTIONS]",
  description: "Remove build cache",
  flags: {
    all: flag.boolean("Remove all unused build cache, not just dangling ones", { short: "a" }),
    filter: filterFlag('Provide filter values (e.g. "until=24h")'),
    force: flag.boolean("Do not prompt for confirmation", { short: "f" }),
  },
  notYet: "builder keep-storage max-used-space min-free-space reserved-space verbose",
  words: { min: 0, max: 0 },
  run({ flags, host, context }) {
    const request = { all: flags.all, filters: flags.filter };
    const question = flags.force ? undefined : questionFor(buildCachePruner, request);
    return runPruners([buildCachePruner], request, { host, context }, { question });
  },
});
