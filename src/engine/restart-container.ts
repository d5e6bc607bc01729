import { BerthError } from "../base/errors.ts";
import { emitContainerEvent } from "./container-event.ts";
import { connectToRunning } from "./container-end.ts";
import type { EngineContext } from "./context.ts";
import { isActive } from "./reconcile-containers.ts";
import { requireContainer, startContainer } from "./start-container.ts";
import { endContainer, type StopOptions } from "./stop-container.ts";

/** Stops a container, if it runs, and starts it again; whoever is attached stays so. */
export async function restartContainer(
  context: EngineContext,
  idOrName: string,
  options: StopOptions,
): Promise<void> {
  const record = await requireContainer(context, idOrName);
  if (isActive(record)) {
    const foreground = new BerthError(
      "conflict",
      `cannot restart container ${idOrName}: it belongs to a command in the foreground and ends with it`,
      { hint: "start it with `berth run -d` to have it restarted" },
    );
    (await connectToRunning(context, record.id, foreground))?.close();
    await endContainer(context, record, "restart", options);
  }
  await startContainer(context, record.id);
  emitContainerEvent(context, record, "restart");
}
