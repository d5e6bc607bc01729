import { defineCommand } from "../command.ts";
import { filterFlag } from "../flags/filter-flag.ts";
import { flag } from "../flags/spec.ts";
import { containerPruner } from "../prune/pruners.ts";
import { questionFor, runPruners } from "../prune/run-pruners.ts";

export const containerPrune = defineCommand({
  usage: "[OPTIONS]",
  description: "Remove all stopped containers",
  flags: {
    filter: filterFlag('Provide filter values (e.g. "until=<timestamp>")'),
    force: flag.boolean("Do not prompt for confirmation", { short: "f" }),
  },
  words: { min: 0, max: 0 },
  run({ flags, host, context }) {
    const request = { all: false, filters: flags.filter };
    const question = flags.force ? undefined : questionFor(containerPruner, request);
    return runPruners([containerPruner], request, { host, context }, { question });
  },
});
