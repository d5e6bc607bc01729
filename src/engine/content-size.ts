import { exists } from "../sys/files.ts";
import type { EngineContext } from "./context.ts";

/**
 * Bytes of the regular files below a directory; none if it is not there. Works by descriptors, because a container can
 * make paths that are too long to name, and with a worker where other ids keep us out.
 */
export async function contentSize(context: EngineContext, directory: string): Promise<number> {
  if (!exists(directory)) return 0;
  try {
    return (await context.treeReader.difference({ directory, form: "upper", layers: [] })).size;
  } catch (error) {
    if (exists(directory)) throw error;
    return 0; // removed meanwhile
  }
}
