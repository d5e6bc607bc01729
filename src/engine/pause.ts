import { BerthError, messageOf } from "../base/errors.ts";
import type { ContainerRecord, ContainerState } from "../store/types.ts";
import { freezeCgroup } from "../sys/cgroup.ts";
import { continueMembers, stopMembers } from "../sys/pid-namespace.ts";
import { isAlive, type ProcessIdentity } from "../sys/process-identity.ts";
import { emitContainerEvent } from "./container-event.ts";
import type { EngineContext } from "./context.ts";
import { settle } from "./reconcile-containers.ts";

/**
 * Stops everything in a container: its cgroup is frozen where it has one, else every process is stopped. Errors in
 * Docker's words (moby daemon/pause.go): `conflict` when it does not run or is paused already.
 */
export async function pauseContainer(context: EngineContext, idOrName: string): Promise<void> {
  const { id, first } = await running(context, idOrName);
  // The record first: an `exec` that looks from now on is refused.
  const record = context.store.containers.update(id, (state) => {
    const why = whyNotPausable(id, state);
    if (why !== undefined) throw new BerthError("conflict", why);
    return { ...state, status: "paused" };
  });
  try {
    if (record.state.cgroup === undefined) {
      const stoppedBefore = await stopMembers(first.pid);
      context.store.containers.update(id, (state) => ({ ...state, stoppedBefore }));
    } else if (!(await freezeCgroup(record.state.cgroup, true))) {
      await freezeCgroup(record.state.cgroup, false);
      throw new BerthError("unsupported", "its cgroup does not freeze");
    }
  } catch (error) {
    context.store.containers.update(id, unpaused);
    throw new BerthError("denied", `cannot pause container ${id}: ${messageOf(error)}`, { cause: error });
  }
  if (!isAlive(first)) throw notRunning(id);
  emitContainerEvent(context, record, "pause");
}

/** Continues what `pauseContainer` stopped; processes that were stopped before stay so. */
export async function unpauseContainer(context: EngineContext, idOrName: string): Promise<void> {
  const found = context.store.containers.get(idOrName);
  const record = (await settle(context, found)) ?? found;
  if (record.state.status !== "paused")
    throw new BerthError("conflict", `Container ${record.id} is not paused`);
  await resumeContainer(context, record);
}

/** Continues a paused container; `stop` and `kill` do it after their signal, so that it is heard. */
export async function resumeContainer(context: EngineContext, record: ContainerRecord): Promise<void> {
  const { cgroup, process, stoppedBefore } = record.state;
  if (cgroup !== undefined) await freezeCgroup(cgroup, false);
  else if (process !== undefined && isAlive(process)) continueMembers(process.pid, stoppedBefore ?? []);
  context.store.containers.update(record.id, unpaused);
  emitContainerEvent(context, record, "unpause");
}

/** What has ended meanwhile stays ended. */
function unpaused(state: ContainerState): ContainerState {
  if (state.status !== "paused") return state;
  const { stoppedBefore: _, ...rest } = state;
  return { ...rest, status: "running" };
}

async function running(
  context: EngineContext,
  idOrName: string,
): Promise<{ readonly id: string; readonly first: ProcessIdentity }> {
  const found = context.store.containers.get(idOrName);
  const { id, state } = (await settle(context, found)) ?? found;
  const why = whyNotPausable(id, state);
  if (why !== undefined) throw new BerthError("conflict", why);
  if (state.process === undefined || !isAlive(state.process)) throw notRunning(id);
  return { id, first: state.process };
}

function whyNotPausable(id: string, { status }: ContainerState): string | undefined {
  if (status === "running") return undefined;
  if (status === "paused") return `container ${id} is already paused`;
  if (status === "restarting") return `Container ${id} is restarting, wait until the container is running`;
  return notRunning(id).message;
}

const notRunning = (id: string) => new BerthError("conflict", `container ${id} is not running`);
