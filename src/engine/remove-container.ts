import { BerthError } from "../base/errors.ts";
import type { ContainerRecord, ContainerStatus } from "../store/types.ts";
import type { EngineContext } from "./context.ts";
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
  const record = await settle(context, store.containers.get(idOrName));
  if (record === undefined) return;
  const { id, name } = record;
  if (isActive(record)) {
    if (!options.force) throw runs(record);
    await endContainer(context, record, "stop", { signal: "KILL", timeout: -1 });
  }
  // Only now: whoever finds its monitor dead meanwhile settles that under the same lock.
  using lock = store.locks.try(`object:container:${id}`, "exclusive");
  if (lock === undefined) {
    throw new BerthError("conflict", `removal of container ${name} is already in progress`);
  }
  if (store.containers.find(id) === undefined) return; // its monitor did it (`--rm`)
  // From now on nobody can start it.
  store.containers.update(id, (state) => {
    if (isActive({ ...record, state })) throw runs({ ...record, state });
    return { ...state, status: "removing" };
  });
  await removeContainerObjects(context, store, id, store.layout.container(id), options.volumes);
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
