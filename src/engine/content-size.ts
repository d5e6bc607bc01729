import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "../base/errors.ts";
import type { EngineContext } from "./context.ts";

/** Bytes of the regular files below a directory; none if it is not there. Asks a worker where other ids keep us out. */
export async function contentSize(context: EngineContext, directory: string): Promise<number> {
  const size = enterableSize(directory);
  if (size !== undefined) return size;
  return (await context.treeReader.difference({ directory, form: "upper", layers: [] })).size;
}

/** Undefined when there is a directory that this user may not read. */
function enterableSize(directory: string): number | undefined {
  let total = 0;
  let entries: string[];
  try {
    entries = readdirSync(directory);
  } catch (error) {
    return systemErrorCode(error) === "EACCES" ? undefined : 0;
  }
  for (const entry of entries) {
    const path = join(directory, entry);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat?.isFile()) total += stat.size;
    else if (stat?.isDirectory()) {
      const size = enterableSize(path);
      if (size === undefined) return undefined;
      total += size;
    }
  }
  return total;
}
