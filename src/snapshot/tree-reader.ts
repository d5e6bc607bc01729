import { closeSync } from "node:fs";
import { fileSystemError } from "../archive/layer/file-system-error.ts";
import { isBerthError } from "../base/errors.ts";
import { toByteString } from "../sys/byte-string.ts";
import { AT_FDCWD, fileSyscalls as calls, O } from "../sys/file-syscalls.ts";
import { createPipe } from "../sys/libc.ts";
import { runWorker, type WorkerEnvironment } from "./run-worker.ts";
import { treeDifference } from "./tree-difference.ts";
import type { GrownTree, TreeDifference, TreeReader } from "./types.ts";

export function createTreeReader(environment: WorkerEnvironment): TreeReader {
  const signalled = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { signal });
  return {
    async difference(tree, signal) {
      try {
        return differenceHere(tree);
      } catch (error) {
        // Something belongs to another id and is closed to the user.
        if (!isBerthError(error, "denied")) throw error;
        return await runWorker(environment, { kind: "difference", ...tree }, signalled(signal));
      }
    },

    writeLayer: (request, signal) =>
      runWorker(environment, { kind: "write-layer", ...request }, signalled(signal)),

    squash: (request, signal) => runWorker(environment, { kind: "squash", ...request }, signalled(signal)),

    async *archive(layers, signal) {
      const stop = new AbortController();
      const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
      const [ours, theirs] = createPipe();
      const written = runWorker(environment, { kind: "archive", layers }, { signal: either, data: theirs });
      written.catch(() => {}); // awaited below; it may come before
      closeSync(theirs);
      try {
        yield* Bun.file(ours).stream();
        await written;
      } finally {
        stop.abort();
        await written.catch(() => {});
        closeSync(ours);
      }
    },
  };
}

/** In this process, which is enough for most containers and costs no worker. */
function differenceHere({ directory, form, layers }: GrownTree): TreeDifference {
  const opened: number[] = [];
  const open = (path: string) => {
    const fd = calls.open(AT_FDCWD, toByteString(path), O.RDONLY | O.DIRECTORY);
    if (fd < 0) throw fileSystemError("open", toByteString(path), fd);
    opened.push(fd);
    return fd;
  };
  try {
    return treeDifference({ calls, tree: open(directory), form, below: layers.map(open).toReversed() });
  } finally {
    for (const fd of opened) calls.close(fd);
  }
}
