import { BerthError } from "../base/errors.ts";
import { toByteString } from "../sys/byte-string.ts";
import { AT_FDCWD, fileSyscalls as calls, O } from "../sys/file-syscalls.ts";
import { completeLayers, isIncomplete } from "./complete-layers.ts";
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
      if (!layers.some(isIncomplete) || completeAsUser(layers)) return;
      await runWorker(environment, { kind: "complete", layers }, signal === undefined ? {} : { signal });
    },
  };
}

/**
 * Mostly all directories that this is about are the user's own, and then a worker, whose start takes longer than the work, is
 * not needed. False where it is; what was done until then is done again.
 */
function completeAsUser(layers: readonly string[]): boolean {
  const open = layers.map((layer) => calls.open(AT_FDCWD, toByteString(layer), O.RDONLY | O.DIRECTORY));
  try {
    if (open.some((fd) => fd < 0)) return false;
    completeLayers(calls, open);
    return true;
  } catch (error) {
    if (error instanceof BerthError) return false;
    throw error;
  } finally {
    for (const fd of open) if (fd >= 0) calls.close(fd);
  }
}
