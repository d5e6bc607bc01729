import type { ContainerRecord } from "../store/types.ts";
import type { EngineContext } from "./context.ts";
import { emitEvent } from "./events.ts";

/** Tells that something happened to a container, with Docker's attributes: its labels, image and name, and `extra`. */
export function emitContainerEvent(
  context: EngineContext,
  { id, image, name, labels }: ContainerRecord,
  action: string,
  extra: Readonly<Record<string, string>> = {},
): void {
  emitEvent(context, { type: "container", action, id, attributes: { ...labels, image, name, ...extra } });
}
