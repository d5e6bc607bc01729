import { pruneCommand } from "../prune/prune-command.ts";
import {
  buildCachePruner,
  containerPruner,
  imagePruner,
  networkPruner,
  volumePruner,
} from "../prune/pruners.ts";

const untilFilter = 'Provide filter values (e.g. "until=<timestamp>")';

export const containerPrune = pruneCommand(containerPruner, {
  description: "Remove all stopped containers",
  filter: untilFilter,
});

export const imagePrune = pruneCommand(imagePruner, {
  description: "Remove unused images",
  filter: untilFilter,
  all: "Remove all unused images, not just dangling ones",
});

export const networkPrune = pruneCommand(networkPruner, {
  description: "Remove all unused networks",
  filter: untilFilter,
  total: false,
});

export const volumePrune = pruneCommand(volumePruner, {
  description: "Remove unused local volumes",
  filter: 'Provide filter values (e.g. "label=<label>")',
  all: "Remove all unused volumes, not just anonymous ones",
});

export const builderPrune = pruneCommand(buildCachePruner, {
  description: "Remove build cache",
  filter: 'Provide filter values (e.g. "until=24h")',
  all: "Remove all unused build cache, not just dangling ones",
  notYet: "builder keep-storage max-used-space min-free-space reserved-space verbose",
});
