import { BerthError, isBerthError } from "../base/errors.ts";
import type { ContainerRecord } from "../store/types.ts";
import { optionsOf } from "./container-record.ts";
import { windowSize } from "./container-streams.ts";
import type { EngineContext } from "./context.ts";
import type { AttachRequest } from "./monitor/attachments.ts";
import type { StartOrder } from "./monitor/monitor-container.ts";
import { type Monitor, type StartedContainer, spawnMonitor } from "./monitor/start-monitor.ts";
import { callersOpenFileLimit } from "./open-file-limit.ts";
import { isActive, settle } from "./reconcile-containers.ts";

/** The container with this id or name as it is now. Throws `not-found`. */
export async function requireContainer(context: EngineContext, idOrName: string): Promise<ContainerRecord> {
  const record = await settle(context, context.store.containers.get(idOrName));
  if (record === undefined) throw new BerthError("not-found", `No such container: ${idOrName}`);
  return record;
}

/** Starts a container that was created or has ended; one that runs already is left as it is. */
export async function startContainer(context: EngineContext, idOrName: string): Promise<void> {
  const record = await requireContainer(context, idOrName);
  if (record.state.status === "paused")
    throw new BerthError("conflict", "cannot start a paused container, try unpause instead");
  if (isActive(record)) return;
  using monitor = await spawnMonitor(context, optionsOf(record).run);
  try {
    await startWith(monitor, record);
  } catch (error) {
    if (!somebodyWasQuicker(context, record, error)) throw error;
    await startContainer(context, record.id);
  }
}

/** Whether a start failed because somebody else has started the container, which may have ended already. */
export function somebodyWasQuicker(context: EngineContext, before: ContainerRecord, error: unknown): boolean {
  if (!isBerthError(error, "conflict")) return false;
  const now = context.store.containers.find(before.id);
  return now !== undefined && (isActive(now) || now.state.startedAt !== before.state.startedAt);
}

/** Has a monitor run a container, and attaches to it from its first word on if asked to. */
export function startWith(
  monitor: Monitor,
  { id, state: { monitor: creator } }: Pick<ContainerRecord, "id" | "state">,
  attach?: AttachRequest,
): Promise<StartedContainer> {
  return monitor.start({ id, ...(creator ? { creator } : {}), ...callersPart() }, attach);
}

/** What is the caller's, and counts for every run of a container that it starts. */
export function callersPart(): Pick<StartOrder, "openFiles" | "windowSize"> {
  const openFiles = callersOpenFileLimit();
  const size = windowSize(1);
  return { ...(openFiles ? { openFiles } : {}), ...(size ? { windowSize: size } : {}) };
}
