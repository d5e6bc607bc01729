import type { StorageDriver } from "../base/configuration.ts";
import type { RootMount } from "../sys/root-mount.ts";
import type { EngineContext } from "./context.ts";
import type { StartableContainer } from "./container-record.ts";
import { keptIds, storedIds } from "./kept-identity.ts";

/** How the root of a container comes about, with its writable layer, which need not survive a crash if `volatile`. */
export async function containerRoot(
  context: EngineContext,
  { directory, options, layers }: Pick<StartableContainer, "directory" | "options" | "layers">,
  volatile: boolean,
): Promise<RootMount> {
  const root = await context.snapshotter.prepareRoot({
    driver: options.driver as StorageDriver,
    layers: layers.map((diffId) => context.readingStore.layers.path(diffId)),
    directory,
    volatile,
  });
  const kept = keptIds(options.run);
  if (kept === undefined || root.kind !== "fuse-overlayfs") return root;
  return { ...root, translation: storedIds(context.identity, kept) };
}
