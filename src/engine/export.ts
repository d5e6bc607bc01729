import { containerTree, currentContainer } from "./container-tree.ts";
import type { EngineContext } from "./context.ts";

/** A tar of a container's files, without what is in its volumes, as Docker's is. Throws `not-found` at the first byte. */
export async function* exportContainer(
  context: EngineContext,
  idOrName: string,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { layers } = containerTree(context, await currentContainer(context, idOrName));
  yield* context.treeReader.archive(layers, signal);
}
