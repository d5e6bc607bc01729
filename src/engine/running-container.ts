import { BerthError } from "../base/errors.ts";
import type { ContainerRecord } from "../store/types.ts";
import { isAlive, type ProcessIdentity } from "../sys/process-identity.ts";
import type { EngineContext } from "./context.ts";
import { settle } from "./reconcile-containers.ts";

/** A container whose first process is there; paused ones are running, too. Throws `not-found`, `conflict` as Docker does. */
export async function runningContainer(
  context: EngineContext,
  idOrName: string,
): Promise<{ readonly record: ContainerRecord; readonly first: ProcessIdentity }> {
  const found = context.readingStore.containers.get(idOrName);
  const record = (await settle(context, found)) ?? found;
  const { status, process } = record.state;
  if (status === "restarting") {
    throw new BerthError(
      "conflict",
      `Container ${record.id} is restarting, wait until the container is running`,
    );
  }
  if ((status !== "running" && status !== "paused") || process === undefined) throw notRunning(record.id);
  return { record, first: process };
}

/** The pid of a container's first process at this moment, if it has one. */
export function firstProcessOf({ readingStore }: EngineContext, id: string): number | undefined {
  const process = readingStore.containers.find(id)?.state.process;
  return process && isAlive(process) ? process.pid : undefined;
}

export const notRunning = (id: string) => new BerthError("conflict", `container ${id} is not running`);
