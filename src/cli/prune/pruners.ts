import { BerthError } from "../../base/errors.ts";
import type { EngineContext } from "../../engine/context.ts";
import { pruneFilter } from "../../engine/prune-filters.ts";

export interface PruneRequest {
  /** Of images: also those with a tag. */
  readonly all: boolean;
  readonly filters: readonly string[];
}

/** One kind of object that can be pruned: alone, or by `system prune`. */
export interface Pruner {
  /** What it removes, as the question before it says. */
  warning(request: PruneRequest): string;
  /** Refuses filters that make no sense for it; those of containers and images otherwise. */
  checkFilters?(filters: readonly string[]): void;
  /** Above the list of what was removed. */
  readonly heading: string;
  prune(
    context: EngineContext,
    request: PruneRequest,
  ): Promise<{ readonly lines: readonly string[]; readonly reclaimed: number }>;
}

export const containerPruner: Pruner = {
  warning: () => "all stopped containers",
  heading: "Deleted Containers:",
  async prune(context, { filters }) {
    const { pruneContainers } = await import("../../engine/prune.ts");
    const { removed, reclaimed } = await pruneContainers(context, filters);
    return { lines: removed, reclaimed };
  },
};

export const imagePruner: Pruner = {
  warning: ({ all }) =>
    all ? "all images without at least one container associated to them" : "all dangling images",
  heading: "Deleted Images:",
  async prune(context, request) {
    const { pruneImages } = await import("../../engine/prune.ts");
    const { removed, reclaimed } = await pruneImages(context, request);
    const lines = removed.map((step) =>
      "untagged" in step ? `untagged: ${step.untagged}` : `deleted: ${step.deleted}`,
    );
    return { lines, reclaimed };
  },
};

export const buildCachePruner: Pruner = {
  warning: ({ all }) => (all ? "all build cache" : "all dangling build cache"),
  heading: "Deleted build cache objects:",
  async prune(context, request) {
    const { pruneBuildCache } = await import("../../engine/build/prune-cache.ts");
    const { removed, reclaimed } = await pruneBuildCache(context, request);
    return { lines: removed, reclaimed };
  },
};

export const volumePruner: Pruner = {
  warning: ({ all, filters }) =>
    `${all || filters.includes("all=true") || filters.includes("all=1") ? "all" : "anonymous"} local volumes not used by at least one container`,
  checkFilters(filters) {
    const until = filters.find((filter) => filter.startsWith("until="));
    if (until !== undefined) throw new BerthError("invalid-argument", "invalid filter 'until'");
    pruneFilter(filters.filter((filter) => !filter.startsWith("all=")));
  },
  heading: "Deleted Volumes:",
  async prune(context, request) {
    const { pruneVolumes } = await import("../../engine/volumes.ts");
    const { removed, reclaimed } = await pruneVolumes(context, request);
    return { lines: removed, reclaimed };
  },
};

/** The volumes of `system prune --volumes`: those that nobody gave a name, whatever goes with them. */
export const anonymousVolumePruner: Pruner = {
  ...volumePruner,
  warning: () => "all anonymous volumes not used by at least one container",
  checkFilters(filters) {
    if (filters.some((filter) => filter.startsWith("until=")))
      throw new BerthError("invalid-argument", 'the "until" filter is not supported with "--volumes"');
  },
  prune: (context, request) => volumePruner.prune(context, { ...request, all: false }),
};

export const networkPruner: Pruner = {
  warning: () => "all custom networks not used by at least one container",
  heading: "Deleted Networks:",
  async prune(context, { filters }) {
    const { pruneNetworks } = await import("../../engine/network/networks.ts");
    const { removed, reclaimed } = pruneNetworks(context, filters);
    return { lines: removed, reclaimed };
  },
};

/** As `system prune` says it. */
export const systemNetworkPruner: Pruner = {
  ...networkPruner,
  warning: () => "all networks not used by at least one container",
};
