import { containerEnd } from "./container-end.ts";
import type { EngineContext } from "./context.ts";
import { requireContainer } from "./start-container.ts";

/** Waits until a container does not run, and answers its exit code; at once for one that has ended or never began. */
export async function waitForContainer(
  context: EngineContext,
  idOrName: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { id } = await requireContainer(context, idOrName);
  return containerEnd(context, id, signal);
}
