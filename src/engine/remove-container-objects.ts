import { dirname } from "../base/posix-path.ts";
import type { Store } from "../store/store.ts";
import { emitContainerEvent, emitVolumeEvent } from "./container-event.ts";
import type { EngineContext } from "./context.ts";

/**
 * Removes what a container is: its directory first, its record last, so that an interruption leaves a container that
 * can be removed again. With `anonymousVolumes` the volumes go that were made for it alone.
 */
export async function removeContainerObjects(
  context: EngineContext,
  store: Store | undefined,
  id: string,
  directory: string,
  anonymousVolumes = true,
): Promise<void> {
  await context.snapshotter.removeTree(directory);
  if (store === undefined) return;
  const volumes = anonymousVolumes ? store.volumes.ofContainer(id).filter((volume) => volume.anonymous) : [];
  const record = store.containers.find(id);
  store.containers.remove(id);
  if (record !== undefined) emitContainerEvent(context, record, "destroy");
  for (const { name } of volumes) {
    if (store.volumes.get(name).usedBy.length > 0) continue;
    await context.snapshotter.removeTree(dirname(store.layout.volume(name)));
    store.volumes.remove(name);
    emitVolumeEvent(context, name, "destroy");
  }
}
