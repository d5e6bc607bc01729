import { defineCommand } from "../command.ts";
import { filterFlag } from "../flags/filter-flag.ts";
import { flag } from "../flags/spec.ts";
import { imagePruner } from "../prune/pruners.ts";
import { questionFor, runPruners } from "../prune/run-pruners.ts";

export const imagePrune = defineCommand({
  usage: "[OPTIONS]",
  description: "Remove unused images",
  flags: {
    all: flag.boolean("Remove all unused images, not just dangling ones", { short: "a" }),
    filter: filterFlag('Provide filter values (e.g. "until=<timestamp>")'),
    force: flag.boolean("Do not prompt for confirmation", { short: "f" }),
  },
  words: { min: 0, max: 0 },
  run({ flags, host, context }) {
    const request = { all: flags.all, filters: flags.filter };
    const question = flags.force ? undefined : questionFor(imagePruner, request);
    return runPruners([imagePruner], request, { host, context }, { question });
  },
});
