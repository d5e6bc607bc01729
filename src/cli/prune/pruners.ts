import type { EngineContext } from "../../engine/context.ts";

export interface PruneRequest {
  /** Of images: also those with a tag. */
  readonly all: boolean;
  readonly filters: readonly string[];
}

/** One kind of object that can be pruned: alone, or by `system prune`. */
export interface Pruner {
  /** What it removes, as the question before it says. */
  warning(request: PruneRequest): string;
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
