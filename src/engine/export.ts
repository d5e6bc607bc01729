import { emitContainerEvent } from "./container-event.ts";
import { containerTree, currentContainer, failureWith } from "./container-tree.ts";
import type { EngineContext } from "./context.ts";

/** A tar of a container's files, without what is in its volumes, as Docker's is. Throws `not-found` at the first byte. */
export async function* exportContainer(
  context: EngineContext,
  idOrName: string,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const container = await currentContainer(context, idOrName);
  const { layers } = containerTree(context, container);
  emitContainerEvent(context, container, "export");
  try {
    yield* context.treeReader.archive(layers, signal);
  } catch (error) {
    throw failureWith(context, container, error);
  }
}
