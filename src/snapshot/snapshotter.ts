import { changeModeAt, ensureDirectory, rename } from "../sys/directory-entries.ts";
import { exists } from "../sys/files.ts";
import type { RootMount } from "../sys/root-mount.ts";
import { distinctLayers } from "./distinct-layers.ts";
import { rootModeOf } from "./root-mode.ts";
import { runWorker, type WorkerEnvironment } from "./run-worker.ts";
import type { RootRequest, Snapshotter } from "./types.ts";

/** Stacks layers for each storage driver. Asked again for the same directory it finds what it made before. */
export function createSnapshotter(environment: WorkerEnvironment): Snapshotter {
  return {
    removeTree: (path) => removeTree(environment, path),

    async prepareRoot(request) {
      if (request.driver === "copy") return copied(environment, request.layers, request.directory);
      return stacked(environment, request, request.driver);
    },
  };
}

/** Loaded when it is needed: a `run` has time for it while its program runs. */
async function removeTree(environment: WorkerEnvironment, path: string): Promise<void> {
  await (await import("./remove-snapshot-tree.ts")).removeSnapshotTree(environment, path);
}

async function stacked(
  environment: WorkerEnvironment,
  request: RootRequest,
  driver: "overlay" | "fuse-overlayfs",
): Promise<RootMount> {
  const { directory } = request;
  const upper = `${directory}/upper`;
  const work = `${directory}/work`;
  const top = request.layers[request.layers.length - 1];
  // The upper directory is the root that the container sees, so it has the mode of the image's root.
  ensureDirectory(upper, top === undefined ? 0o755 : rootModeOf(top));
  if (top === undefined) return { kind: "directory", path: upper };
  // The kernel refuses a work directory that a volatile mount has used (overlayfs.rst), and no other is worth keeping.
  if (exists(work)) await removeTree(environment, work);
  ensureDirectory(work, 0o700);
  const common = {
    lower: distinctLayers(request.layers),
    writable: { upper, work },
    volatile: request.volatile,
  };
  if (driver === "overlay") return { kind: "overlay", ...common };
  const mountPoint = `${directory}/merged`;
  ensureDirectory(mountPoint, 0o755);
  return { kind: "fuse-overlayfs", ...common, mountPoint };
}

/** The copy is made under another name first, so that a killed berth never leaves half a root behind. */
async function copied(
  environment: WorkerEnvironment,
  layers: readonly string[],
  directory: string,
): Promise<RootMount> {
  const path = `${directory}/merged`;
  if (exists(path)) return { kind: "directory", path };
  const target = `${directory}/merged.partial`;
  await removeTree(environment, target);
  await runWorker(environment, { kind: "copy", layers, target });
  const top = layers.at(-1);
  if (top !== undefined) changeModeAt(target, rootModeOf(top));
  rename(target, path);
  return { kind: "directory", path };
}
