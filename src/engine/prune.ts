import { BerthError, isBerthError, messageOf } from "../base/errors.ts";
import type { ContainerRecord } from "../store/types.ts";
import { isAlive } from "../sys/process-identity.ts";
import { sizes } from "./containers.ts";
import type { EngineContext } from "./context.ts";
import { emitEvent } from "./events.ts";
import { pruneFilter } from "./prune-filters.ts";
import { currentContainers } from "./reconcile-containers.ts";
import { removeUnusedImage, type RemovalStep } from "./remove-image.ts";
import { removeContainer } from "./remove-container.ts";

/** What a prune removed; sizes in bytes. */
export interface PruneReport<T> {
  readonly removed: readonly T[];
  readonly reclaimed: number;
}

/** Removes the containers that do not run; answers their ids. Anonymous volumes stay, as in Docker. */
export async function pruneContainers(
  context: EngineContext,
  filters: readonly string[],
): Promise<PruneReport<string>> {
  const accepts = pruneFilter(filters);
  using _ = onlyPrune(context);
  const removed: string[] = [];
  let reclaimed = 0;
  for (const container of await currentContainers(context)) {
    const { id, labels } = container;
    if (isInUse(container) || !accepts({ createdAt: Date.parse(container.createdAt), labels })) continue;
    try {
      const { sizeRw } = await sizes(context, container);
      await removeContainer(context, id, { force: false, volumes: false });
      removed.push(id);
      reclaimed += sizeRw;
    } catch (error) {
      // Somebody started or removed it meanwhile, which is no failure of a prune.
      if (!isBerthError(error, "conflict", "not-found"))
        context.warn(`failed to prune container ${id}: ${messageOf(error)}`);
    }
  }
  emitEvent(context, {
    type: "container",
    action: "prune",
    id: "",
    attributes: { reclaimed: String(reclaimed) },
  });
  return { removed, reclaimed };
}

/** Whether it runs, or is being made by a process that still lives. */
function isInUse({ state }: ContainerRecord): boolean {
  const { status, monitor } = state;
  if (status === "exited" || status === "dead") return false;
  return status !== "created" || (monitor !== undefined && isAlive(monitor));
}

export interface PruneImagesOptions {
  /** Also those with a tag that no container was made from. */
  readonly all: boolean;
  readonly filters: readonly string[];
}

/** Removes images that nothing uses: those without a tag, or all. The bytes are of layers and of what was pulled. */
export async function pruneImages(
  context: EngineContext,
  { all, filters }: PruneImagesOptions,
): Promise<PruneReport<RemovalStep>> {
  const accepts = pruneFilter(filters);
  const { store } = context;
  using _ = onlyPrune(context);
  await currentContainers(context); // what died unnoticed is gone first
  const removed: RemovalStep[] = [];
  for (const { id, config } of store.images.list()) {
    const createdAt = config.created === undefined ? undefined : Date.parse(config.created);
    if (!accepts({ createdAt, labels: config.config?.Labels ?? {} })) continue;
    removed.push(...removeUnusedImage(context, id, { tagged: all }));
  }
  const collected = await store.garbage.collect((path) => context.snapshotter.removeTree(path));
  const reclaimed = removed.length > 0 ? collected.reclaimed : 0;
  emitEvent(context, {
    type: "image",
    action: "prune",
    id: "",
    attributes: { reclaimed: String(reclaimed) },
  });
  return { removed, reclaimed };
}

/** One prune at a time, in Docker's words. */
export function onlyPrune({ store }: EngineContext): Disposable {
  const lock = store.locks.try("object:prune", "exclusive");
  if (lock === undefined) throw new BerthError("conflict", "a prune operation is already running");
  store.useReserve();
  return {
    [Symbol.dispose]() {
      store.keepReserve();
      lock.release();
    },
  };
}
