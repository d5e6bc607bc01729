import { BerthError } from "../base/errors.ts";
import { emitContainerEvent } from "./container-event.ts";
import { checkContainerName } from "./container-name.ts";
import type { EngineContext } from "./context.ts";

/** Gives a container another name; errors in moby's words (daemon/rename.go). */
export function renameContainer(context: EngineContext, idOrName: string, newName: string): void {
  const name = newName.trim().replace(/^\//, "");
  if (idOrName.trim().replace(/^\//, "") === "" || name === "")
    throw new BerthError("invalid-argument", "Neither old nor new names may be empty");
  const before = context.store.containers.get(idOrName.trim());
  if (before.name === name) {
    throw new BerthError("conflict", "Renaming a container with the same name as its current name");
  }
  try {
    checkContainerName(name);
    const renamed = context.store.containers.rename(before.id, name);
    emitContainerEvent(context, renamed, "rename", { oldName: `/${before.name}` });
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    throw new BerthError(error.code, `Error when allocating new name: ${error.message}`, { cause: error });
  }
}
