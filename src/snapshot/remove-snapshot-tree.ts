import { fileSystemError } from "../archive/layer/file-system-error.ts";
import { removeTree } from "../archive/layer/remove-tree.ts";
import { isBerthError } from "../base/errors.ts";
import { basename, dirname } from "../base/posix-path.ts";
import { toByteString } from "../sys/byte-string.ts";
import { AT_FDCWD, E, fileSyscalls as calls, O } from "../sys/file-syscalls.ts";
import { runWorker, type WorkerEnvironment } from "./run-worker.ts";

/**
 * Removes a tree: in this process as far as the user's own rights go, which for most containers is all of it, then
 * the rest by a worker. Missing is fine; a mount inside is a `conflict`.
 */
export async function removeSnapshotTree(environment: WorkerEnvironment, path: string): Promise<void> {
  try {
    const name = toByteString(dirname(path));
    const parent = calls.open(AT_FDCWD, name, O.RDONLY | O.DIRECTORY);
    if (parent === E.NOENT) return;
    if (parent < 0) throw fileSystemError("open", name, parent);
    try {
      removeTree(calls, parent, toByteString(basename(path)));
    } finally {
      calls.close(parent);
    }
  } catch (error) {
    if (!isBerthError(error, "denied")) throw error;
    await runWorker(environment, { kind: "remove", path });
  }
}
