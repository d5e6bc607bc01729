import type { FileChange } from "../snapshot/types.ts";
import { containerTree, currentContainer, failureWith } from "./container-tree.ts";
import type { EngineContext } from "./context.ts";

/** What a container has changed of its image, in the order of the paths. Throws `not-found`. */
export async function containerChanges(
  context: EngineContext,
  idOrName: string,
): Promise<readonly FileChange[]> {
  const container = await currentContainer(context, idOrName);
  const { grown } = containerTree(context, container);
  if (grown === undefined) return [];
  try {
    return (await context.treeReader.difference(grown)).changes;
  } catch (error) {
    throw failureWith(context, container, error);
  }
}
