import { BerthError } from "../base/errors.ts";
import type { Store } from "../store/store.ts";
import type { ContainerRecord } from "../store/types.ts";
import type { HeldLock } from "../sys/flock.ts";
import { isKnownHere, ownHost } from "../sys/process-identity.ts";

/*
 * Whoever owns a container (its monitor, or the command that is making it) holds a lock in the store as long as it lives.
 * Machines that share a home directory, and other pid namespaces, cannot see the process, but they see that lock.
 */

const lockOf = (id: string) => `object:owner:${id}` as const;

export function holdOwnership(store: Store, id: string): HeldLock | undefined {
  return store.locks.try(lockOf(id), "shared");
}

/** Whether a container is owned by a process that lives, but not where this one could see or signal it. */
export function isOwnedElsewhere(
  store: Store,
  { id, state }: Pick<ContainerRecord, "id" | "state">,
): boolean {
  const { status, monitor } = state;
  if (monitor === undefined || status === "exited" || status === "dead") return false;
  return !isKnownHere(monitor) && store.locks.isHeld(lockOf(id));
}

export function ownedElsewhere({ name, state }: ContainerRecord): BerthError {
  const host = state.monitor?.host;
  const place =
    host === ownHost() ? "in another pid namespace of this machine" : `on ${host ?? "another machine"}`;
  return new BerthError("conflict", `container ${name} belongs to a berth ${place}`, {
    hint: "use berth there; BERTH_ROOT names a data directory that is not shared",
  });
}
