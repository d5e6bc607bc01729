import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { CachedStepUsage } from "../../store/build-cache-table.ts";
import type { EngineContext } from "../context.ts";
import { emitEvent } from "../events.ts";
import { cacheDirectoryName } from "./cache-mounts.ts";
import { onlyPrune, type PruneReport } from "../prune.ts";
import { pruneFilter } from "../prune-filters.ts";

/** Forgets steps of builds: those whose layer no image has, or all; answers their keys. */
export async function pruneBuildCache(
  context: EngineContext,
  { all, filters }: { readonly all: boolean; readonly filters: readonly string[] },
): Promise<PruneReport<string>> {
  const accepts = pruneFilter(filters);
  const { store } = context;
  using _ = onlyPrune(context);
  const inImages = new Set(store.images.list().flatMap(({ config }) => config.rootfs.diff_ids));
  const isDangling = ({ layer }: CachedStepUsage) => layer === undefined || !inImages.has(layer.diffId);
  const removed = store.buildCache
    .list()
    .filter((step) => all || isDangling(step))
    .filter(({ usedAt }) => accepts({ createdAt: Date.parse(usedAt), labels: {} }))
    .map(({ key }) => key);
  store.buildCache.delete(removed);
  if (all && filters.length === 0) await removeCacheMounts(context);
  const { reclaimed } = await store.garbage.collect((path) => context.snapshotter.removeTree(path));
  emitEvent(context, {
    type: "builder",
    action: "prune",
    id: "",
    attributes: { reclaimed: String(reclaimed) },
  });
  return { removed, reclaimed };
}

/** The directories of `RUN --mount=type=cache` that no build uses right now. */
async function removeCacheMounts({ store, snapshotter }: EngineContext): Promise<void> {
  const directory = join(store.layout.directory, cacheDirectoryName);
  for (const name of existsSync(directory) ? readdirSync(directory) : []) {
    using lock = store.locks.try(`object:build-cache-${name}`, "exclusive");
    if (lock !== undefined) await snapshotter.removeTree(join(directory, name));
  }
}
