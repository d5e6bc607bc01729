import type { ContainerRecord } from "../store/types.ts";
import type { EngineContext } from "./context.ts";
import { optionsOf } from "./container-record.ts";
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

/** Its program runs, with its volumes. */
export function emitStart(context: EngineContext, record: ContainerRecord): void {
  for (const { name, target, readOnly } of volumesOf(record)) {
    const attributes = {
      container: record.id,
      destination: target,
      driver: "local",
      propagation: "",
      "read/write": String(!readOnly),
    };
    emitEvent(context, { type: "volume", action: "mount", id: name, attributes });
  }
  emitContainerEvent(context, record, "start");
}

/** Its program ended; `record` is of the time when it still ran. */
export function emitEnd(context: EngineContext, record: ContainerRecord, exitCode: number): void {
  const { startedAt } = record.state;
  const seconds = startedAt === undefined ? 0 : Math.trunc((Date.now() - Date.parse(startedAt)) / 1000);
  emitContainerEvent(context, record, "die", { execDuration: String(seconds), exitCode: String(exitCode) });
  for (const { name } of volumesOf(record)) {
    const attributes = { container: record.id, driver: "local" };
    emitEvent(context, { type: "volume", action: "unmount", id: name, attributes });
  }
}

function volumesOf(record: ContainerRecord) {
  return optionsOf(record).mounts.filter((mount) => mount.kind === "volume");
}

/** A volume was made, or is gone. */
export function emitVolumeEvent(context: EngineContext, name: string, action: "create" | "destroy"): void {
  emitEvent(context, { type: "volume", action, id: name, attributes: { driver: "local" } });
}
