import { isIncomplete } from "./complete-layers.ts";
import { runWorker, type WorkerEnvironment } from "./run-worker.ts";
import { removeSnapshotTree } from "./remove-snapshot-tree.ts";
import type { LayerUnpacker } from "./types.ts";

/** Unpacks each layer in a worker of its own. After a failure nothing of the target is left, unless berth is killed. */
export function createLayerUnpacker(environment: WorkerEnvironment): LayerUnpacker {
  return {
    async unpack(request, onProgress, signal) {
      const { arriving, ...rest } = request;
      const options = {
        ...(arriving === undefined ? {} : { lengths: arriving.lengths }),
        ...(onProgress === undefined ? {} : { onProgress }),
        ...(signal === undefined ? {} : { signal }),
      };
      try {
        return await runWorker(
          environment,
          { kind: "unpack", ...rest, ...(arriving === undefined ? {} : { arriving: arriving.path }) },
          options,
        );
      } catch (error) {
        await removeSnapshotTree(environment, request.target).catch(() => {});
        throw error;
      }
    },

    async complete(layers, signal) {
      if (!layers.some(isIncomplete)) return;
      await runWorker(environment, { kind: "complete", layers }, signal === undefined ? {} : { signal });
    },
  };
}
