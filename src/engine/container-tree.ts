import { BerthError } from "../base/errors.ts";
import type { GrownTree } from "../snapshot/types.ts";
import type { ContainerRecord } from "../store/types.ts";
import { exists } from "../sys/files.ts";
import { optionsOf } from "./container-record.ts";
import type { EngineContext } from "./context.ts";
import { settledToRead } from "./reconcile-containers.ts";

/** A container as it really is now. Throws `not-found`. */
export async function currentContainer(context: EngineContext, idOrName: string): Promise<ContainerRecord> {
  const container = await settledToRead(context, context.readingStore.containers.get(idOrName));
  if (container !== undefined) return container;
  throw new BerthError("not-found", `No such container: ${idOrName}`);
}

/** What to tell of a failure with a container's files: that it was removed meanwhile, if it was. */
export function failureWith(context: EngineContext, { id, name }: ContainerRecord, error: unknown): unknown {
  const status = context.readingStore.containers.find(id)?.state.status;
  if (status !== undefined && status !== "removing") return error;
  return new BerthError("not-found", `No such container: ${name}`, { cause: error });
}

/** What a container has on disk; no tree of its own before its first start. */
export interface ContainerTree {
  readonly grown: GrownTree | undefined;
  /** The layers that show everything the container has, lowest first. */
  readonly layers: readonly string[];
}

export function containerTree(context: EngineContext, container: ContainerRecord): ContainerTree {
  const { containers, layers: stored, layout } = context.readingStore;
  const layers = containers.layersOf(container.id).map((diffId) => stored.path(diffId));
  const whole = optionsOf(container).driver === "copy";
  const directory = `${layout.container(container.id)}/${whole ? "merged" : "upper"}`;
  if (!exists(directory)) return { grown: undefined, layers };
  return {
    grown: { directory, form: whole ? "whole" : "upper", layers },
    layers: whole ? [directory] : [...layers, directory],
  };
}
