import type { ContainerRecord, ContainerState } from "../store/types.ts";
import { unlinkIfThere } from "../sys/directory-entries.ts";
import { isAlive } from "../sys/process-identity.ts";
import { emitEnd } from "./container-event.ts";
import type { ContainerOptions } from "./container-record.ts";
import type { EngineContext } from "./context.ts";
import { monitorSocket } from "./monitor/socket-path.ts";
import { isOwnedElsewhere, ownedElsewhere } from "./ownership.ts";
import { removeContainerObjects } from "./remove-container-objects.ts";

/** 128 + SIGKILL: what the kernel did to a container whose monitor is gone. */
const killed = 137;

/**
 * Whether the monitor is gone although the record says that the container is being made or runs: a kill -9, or a
 * reboot. The kernel ended the container with it.
 */
function isAbandoned(context: EngineContext, record: ContainerRecord): boolean {
  return hasNoMonitorHere(record) && !isOwnedElsewhere(context.readingStore, record);
}

function hasNoMonitorHere({ state }: ContainerRecord): boolean {
  const ended = state.status === "exited" || state.status === "dead";
  return !ended && state.monitor !== undefined && !isAlive(state.monitor);
}

/** Whether a process of berth has the container in hand: it runs, or is about to. */
export function isActive({ state }: ContainerRecord): boolean {
  return state.monitor !== undefined && isAlive(state.monitor);
}

/** All containers, as they really are. Records that are no longer true are corrected where the store can be written. */
export async function currentContainers(context: EngineContext): Promise<readonly ContainerRecord[]> {
  const records = context.readingStore.containers.list();
  if (!records.some(hasNoMonitorHere)) return records;
  const current: ContainerRecord[] = [];
  for (const record of records) {
    const settled = await settledToRead(context, record);
    if (settled) current.push(settled);
  }
  return current;
}

/** A container that was never started is what it was; another one was killed with its monitor. */
function stateWithoutMonitor({ startedAt, health }: ContainerState): ContainerState {
  if (startedAt === undefined) return { status: "created" };
  return {
    status: "exited",
    exitCode: killed,
    startedAt,
    finishedAt: new Date().toISOString(),
    ...(health ? { health: { ...health, status: "unhealthy" } } : {}),
  };
}

/**
 * The record as it really is, for who does something with the container; undefined when it was a `--rm` one that was
 * abandoned, and is gone now. Throws `conflict` when it is in the hand of a berth that can only be reached elsewhere.
 */
export async function settle(
  context: EngineContext,
  record: ContainerRecord,
): Promise<ContainerRecord | undefined> {
  if (!hasNoMonitorHere(record)) return record;
  const settled = await settledToRead(context, record);
  if (settled && hasNoMonitorHere(settled) && isOwnedElsewhere(context.readingStore, settled))
    throw ownedElsewhere(settled);
  return settled;
}

/** As `settle`, for who only reads: a container of another machine is what its record says. */
export async function settledToRead(
  context: EngineContext,
  record: ContainerRecord,
): Promise<ContainerRecord | undefined> {
  if (!isAbandoned(context, record)) return record;
  const { run } = record.options as ContainerOptions;
  if (!context.store.isWritable()) return { ...record, state: stateWithoutMonitor(record.state) };
  using _ = await context.store.lockObject(`container:${record.id}`);
  const now = context.store.containers.find(record.id);
  if (now === undefined || !isAbandoned(context, now)) return now; // somebody was quicker, and may have started it again
  context.store.useReserve();
  if (now.state.cgroup !== undefined) (await import("../sys/cgroup.ts")).removeCgroup(now.state.cgroup);
  unlinkIfThere(monitorSocket(context.directories, record.id));
  if (run.remove) {
    await removeContainerObjects(
      context,
      context.store,
      record.id,
      context.store.layout.container(record.id),
    );
    return undefined;
  }
  const settled = context.store.containers.update(record.id, stateWithoutMonitor);
  if (settled.state.exitCode === killed) emitEnd(context, now, killed);
  return settled;
}
