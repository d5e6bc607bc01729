import type { CleanupStack } from "../../base/cleanup-stack.ts";
import type { StorageDriver } from "../../base/configuration.ts";
import type { LayerTools, StoredLayer } from "../../image/add-layer.ts";
import type { HistoryEntry, Platform } from "../../oci/types.ts";
import type { Lease } from "../../store/locks.ts";
import type { EngineContext } from "../context.ts";
import type { BuildContext } from "./build-context.ts";
import type { BuildOptions } from "./build-options.ts";
import type { BuildProgress } from "./progress.ts";
import type { StepKeys } from "./inline-cache.ts";
import { cacheKey, type StepCache } from "./step-cache.ts";

/** How far a stage has come: what its next step, or another stage, stands on. */
export interface StageFiles {
  readonly layers: readonly StoredLayer[];
  readonly history: readonly HistoryEntry[];
  readonly platform: Platform;
  /** How much of this was not made by the build, but came with the image at the bottom. */
  readonly base?: { readonly layers: number; readonly history: number };
  /** With which keys the cache knows the steps of the history; it has more entries than those. */
  readonly keys?: StepKeys;
}

/** Equal keys mean equal files. */
export function keyOfFiles({ layers }: Pick<StageFiles, "layers">): string {
  return cacheKey(...layers.map(({ diffId }) => diffId));
}

/** What it takes to make files for a build. */
export interface BuildTools {
  readonly context: EngineContext;
  readonly tools: LayerTools;
  readonly signal: AbortSignal;
  /** What has to be undone at the end of the build. */
  readonly stack: CleanupStack;
}

export function toolsOf(context: EngineContext): LayerTools {
  const { store, unpacker, snapshotter } = context;
  return { store, unpacker, removeTree: (path) => snapshotter.removeTree(path) };
}

/** What all stages of one build share. */
export interface BuildEnvironment extends BuildTools {
  readonly options: BuildOptions;
  readonly files: BuildContext;
  readonly progress: BuildProgress;
  readonly cache: StepCache;
  /** Holds every blob and layer that the build makes or uses. */
  readonly lease: Lease;
  readonly driver: StorageDriver;
  /** SOURCE_DATE_EPOCH: nothing is dated later. */
  readonly epoch: number | undefined;
}

/** The directories of layers, lowest first. */
export function directoriesOf(
  { context }: Pick<BuildEnvironment, "context">,
  { layers }: Pick<StageFiles, "layers">,
): string[] {
  return layers.map(({ diffId }) => context.store.layers.path(diffId));
}

/** A name in the store's `tmp/` that is gone when the build ends. */
export function temporaryPath({ context, tools, stack }: BuildTools, prefix: string): string {
  const reserved = stack.use(context.store.temporary.reserve(prefix));
  stack.defer(() => tools.removeTree(reserved.path));
  return reserved.path;
}
