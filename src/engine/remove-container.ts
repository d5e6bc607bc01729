import { BerthError } from "../base/errors.ts";
import type { ContainerRecord, ContainerStatus } from "../store/types.ts";
import type { EngineContext } from "./context.ts";
import { isOwnedElsewhere } from "./ownership.ts";
import { isActive, settle } from "./reconcile-containers.ts";
import { removeContainerObjects } from "./remove-container-objects.ts";
import { endContainer } from "./stop-container.ts";

/** Removes a container with all it has; one that runs only by force. */
export async function removeContainer(
  context: EngineContext,
  idOrName: string,
  options: { readonly force: boolean; readonly volumes: boolean },
): Promise<void> {
  const { store } = context;
  store.useReserve();
  const { id } = store.containers.get(idOrName);
  for (;;) {
    const found = store.containers.find(id);
    const record = found && (await settle(context, found));
    if (record === undefined) return; // its monitor did it (`--rm`)
    if (isActive(record)) {
      if (!options.force) throw runs(record);
      await endContainer(context, record, "stop", { signal: "KILL", timeout: -1 });
    }
    // Only now: whoever finds its monitor dead meanwhile settles that under the same lock.
    using _ = await lockForRemoval(context, record);
    if (store.containers.find(id) === undefined) return;
    // From now on nobody can start it; somebody may have done so just before.
    const { state } = store.containers.update(id, (now) =>
      isActive({ ...record, state: now }) || isOwnedElsewhere(store, { id, state: now })
        ? now
        : { ...now, status: "removing" },
    );
    if (state.status !== "removing") continue;
    await removeContainerObjects(context, store, id, store.layout.container(id), options.volumes);
    store.keepReserve();
    return;
  }
}

/** Waits for a `cp` that has the files in hand, but not for somebody else who removes it. */
async function lockForRemoval({ store }: EngineContext, { id, name }: ContainerRecord): Promise<Disposable> {
  const lock = store.locks.try(`object:container:${id}`, "exclusive");
  if (lock !== undefined) return lock;
  if (store.containers.find(id)?.state.status === "removing")
    throw new BerthError("conflict", `removal of container ${name} is already in progress`);
  return store.lockObject(`container:${id}`);
}

function runs({ name, state }: ContainerRecord): BerthError {
  const advice: Partial<Record<ContainerStatus, string>> = {
    paused: "container is paused and must be unpaused first",
    restarting: "container is restarting: stop the container before removing or force remove",
  };
  const why =
    advice[state.status] ?? "container is running: stop the container before removing or force remove";
  return new BerthError("conflict", `cannot remove container "${name}": ${why}`, {
    hint: `berth rm -f ${name}`,
  });
}
