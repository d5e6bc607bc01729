import { BerthError } from "../base/errors.ts";
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
  const exitCode = await containerEnd(context, id, signal);
  if (exitCode !== undefined || signal.aborted) return exitCode;
  // It was removed as soon as it ended (`run --rm`), or before this process could look a second time.
  const told = (await import("./read-events.ts")).toldExitCode(context, id);
  if (told === undefined) throw new BerthError("not-found", `No such container: ${idOrName}`);
  return told;
}
