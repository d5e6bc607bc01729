import type { FileChange } from "../snapshot/types.ts";
import { containerTree, currentContainer } from "./container-tree.ts";
import type { EngineContext } from "./context.ts";

/** What a container has changed of its image, in the order of the paths. Throws `not-found`. */
export async function containerChanges(
  context: EngineContext,
  idOrName: string,
): Promise<readonly FileChange[]> {
  const { grown } = containerTree(context, await currentContainer(context, idOrName));
  return grown === undefined ? [] : (await context.treeReader.difference(grown)).changes;
}
