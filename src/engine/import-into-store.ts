import { isBerthError } from "../base/errors.ts";
import { importImage } from "../image/import-image.ts";
import type { ImportRequest, ImportResult } from "../image/import-request.ts";
import type { EngineContext } from "./context.ts";

/**
 * `importImage` with this engine's store, worker, limits and notes. What killed processes left is removed before anything
 * is written. After a full disk what came is given back, so that the store can be used; after any other failure it stays, so
 * that the next try is shorter.
 */
export async function importIntoStore(
  context: EngineContext,
  request: Omit<
    ImportRequest,
    "store" | "unpacker" | "removeTree" | "maximumLayerSize" | "onMissing" | "onNote"
  >,
): Promise<ImportResult> {
  const { store, configuration, unpacker } = context;
  const removeTree = (path: string) => context.snapshotter.removeTree(path);
  try {
    return await importImage({
      ...request,
      store,
      unpacker,
      removeTree,
      async onMissing() {
        await sweepStore(context);
        if (context.identity.mode === "single")
          (await import("./note-single-identity.ts")).noteSingleIdentity(context);
      },
      onNote: context.warn,
      ...(configuration.maximumLayerSize === undefined
        ? {}
        : { maximumLayerSize: configuration.maximumLayerSize }),
    });
  } catch (error) {
    if (isBerthError(error, "no-space")) await store.garbage.collect(removeTree).catch(() => {});
    throw error;
  }
}

/** Removes what killed processes left in `tmp/`; cheap when there is nothing. */
export async function sweepStore(context: EngineContext): Promise<void> {
  await context.store.temporary.sweep((path) => context.snapshotter.removeTree(path));
}
