import { dirname } from "node:path";
import { BerthError } from "../base/errors.ts";
import type { ContainerRecord } from "../store/types.ts";
import { applySettings, enableControllers } from "../sys/cgroup.ts";
import { readCgroupLevel } from "../sys/cgroup-place.ts";
import { controllersOf } from "../sys/cgroup-settings.ts";
import type { ResourceLimits } from "../sys/resource-limits.ts";
import { checkLimits, readMachine } from "./check-limits.ts";
import { cgroupAccess, settingsFor } from "./container-cgroup.ts";
import { emitContainerEvent } from "./container-event.ts";
import { optionsOf } from "./container-record.ts";
import { isUp } from "./container-status.ts";
import type { EngineContext } from "./context.ts";
import type { RestartPolicy, RunOptions } from "./run-options.ts";
import { requireContainer } from "./start-container.ts";

export interface ContainerUpdate {
  readonly resources?: ResourceLimits;
  readonly restart?: RestartPolicy;
}

/**
 * Changes the limits of a container, those of a running one at once, and its restart policy for its next end. All of it
 * or nothing. Errors in moby's words (daemon/update.go).
 */
export async function updateContainer(
  context: EngineContext,
  idOrName: string,
  update: ContainerUpdate,
): Promise<void> {
  if (update.resources) checkLimits(update.resources, readMachine(), { update: true });
  const record = await requireContainer(context, idOrName);
  const run = updated(record, update);
  if (update.resources !== undefined) {
    if (isUp(record.state)) limitNow(record, run);
    else cgroupAccess(run, context.env);
  }
  const changed = context.store.containers.amend(record.id, (now) => ({
    ...now,
    options: { ...optionsOf(now), run: updated(now, update) },
  }));
  emitContainerEvent(context, changed, "update");
}

function cannotUpdate(id: string, why: string, hint?: string): BerthError {
  return new BerthError(
    "conflict",
    `Cannot update container ${id}: ${why}`,
    hint === undefined ? {} : { hint },
  );
}

/** What the container is asked to be from now on. Throws `conflict` where two things do not go together. */
function updated(record: ContainerRecord, { resources, restart }: ContainerUpdate): RunOptions {
  const { id, state } = record;
  const { run } = optionsOf(record);
  if (state.status === "removing" || state.status === "dead")
    throw cannotUpdate(id, 'container is marked for removal and cannot be "update"');
  const why = conflict(run.resources ?? {}, resources ?? {});
  if (why !== undefined) throw cannotUpdate(id, why);
  if (restart !== undefined && restart.name !== "no" && run.remove) {
    throw cannotUpdate(
      id,
      "Restart policy cannot be updated because AutoRemove is enabled for the container",
    );
  }
  return {
    ...run,
    ...(resources === undefined ? {} : { resources: { ...run.resources, ...resources } }),
    ...(restart === undefined ? {} : { restart }),
  };
}

function conflict(now: ResourceLimits, next: ResourceLimits): string | undefined {
  if (next.nanoCpus && now.cpuPeriod)
    return "Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set";
  if (next.nanoCpus && now.cpuQuota)
    return "Conflicting options: Nano CPUs cannot be updated as CPU Quota has already been set";
  if (next.cpuPeriod && now.nanoCpus)
    return "Conflicting options: CPU Period cannot be updated as NanoCPUs has already been set";
  if (next.cpuQuota && now.nanoCpus)
    return "Conflicting options: CPU Quota cannot be updated as NanoCPUs has already been set";
  const swap = now.memorySwap ?? -1;
  if (next.memory && next.memorySwap === undefined && swap > 0 && next.memory > swap)
    return "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time";
  return undefined;
}

/** Limits what runs already, in the cgroup that it was started in. */
function limitNow({ id, state }: ContainerRecord, { resources }: RunOptions): void {
  if (state.cgroup === undefined) {
    throw cannotUpdate(
      id,
      "it was started without limits, and so without a cgroup that could have some",
      "stop it first; the limits hold from its next start on",
    );
  }
  const settings = settingsFor(resources);
  const parent = readCgroupLevel(dirname(state.cgroup));
  const missing = controllersOf(settings).filter((controller) => !parent.enabled.includes(controller));
  try {
    enableControllers(parent.path, missing);
    applySettings(state.cgroup, settings);
  } catch (error) {
    throw error instanceof BerthError ? cannotUpdate(id, error.message, error.hint) : error;
  }
}
