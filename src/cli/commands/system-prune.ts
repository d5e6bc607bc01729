import { defineCommand } from "../command.ts";
import { filterFlag } from "../flags/filter-flag.ts";
import { flag } from "../flags/spec.ts";
import {
  anonymousVolumePruner,
  buildCachePruner,
  containerPruner,
  imagePruner,
  systemNetworkPruner,
  type PruneRequest,
  type Pruner,
} from "../prune/pruners.ts";
import { runPruners } from "../prune/run-pruners.ts";

export const systemPrune = defineCommand({
  usage: "[OPTIONS]",
  description: "Remove unused data",
  flags: {
    all: flag.boolean("Remove all unused images not just dangling ones", { short: "a" }),
    filter: filterFlag('Provide filter values (e.g. "label=<key>=<value>")'),
    force: flag.boolean("Do not prompt for confirmation", { short: "f" }),
    volumes: flag.boolean("Prune anonymous volumes"),
  },
  words: { min: 0, max: 0 },
  run({ flags, host, context }) {
    const volumes = flags.volumes ? [anonymousVolumePruner] : [];
    const pruners = [containerPruner, systemNetworkPruner, ...volumes, imagePruner, buildCachePruner];
    const request = { all: flags.all, filters: flags.filter };
    const question = flags.force ? undefined : questionForAll(pruners, request);
    return runPruners(pruners, request, { host, context }, { question });
  },
});

/** In the order and layout of docker/cli system/prune.go. */
function questionForAll(pruners: readonly Pruner[], request: PruneRequest): string {
  const filters = request.filters.toSorted().map((filter) => `  - ${filter}`);
  return [
    "WARNING! This will remove:",
    ...pruners.map((pruner) => `  - ${pruner.warning(request)}`),
    ...(filters.length === 0 ? [] : ["", "  Items to be pruned will be filtered with:", ...filters]),
    "",
    "Are you sure you want to continue?",
  ].join("\n");
}
