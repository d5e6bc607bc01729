import { statSync } from "node:fs";
import type { Digest } from "../oci/types.ts";
import type { CachedStepUsage } from "../store/build-cache-table.ts";
import type { Store } from "../store/store.ts";
import type { ContainerRecord, ImageRecord, VolumeRecord } from "../store/types.ts";
import { type ContainerSummary, listContainers } from "./containers.ts";
import { contentSize } from "./content-size.ts";
import type { EngineContext } from "./context.ts";
import { type ImageSummary, listImages } from "./images.ts";
import { currentContainers } from "./reconcile-containers.ts";

/** How much of a kind there is; sizes in bytes. `reclaimable` is what pruning all that is not active would free. */
export interface UsageOfKind<Item> {
  readonly items: readonly Item[];
  readonly total: number;
  readonly active: number;
  readonly size: number;
  readonly reclaimable: number;
}

export interface VolumeUsage {
  readonly name: string;
  readonly links: number;
  readonly size: number;
  readonly labels: Readonly<Record<string, string>>;
}

/** One step of a build that need not be done again. */
export interface BuildCacheUsage extends CachedStepUsage {
  /** An image has its layer, too. */
  readonly shared: boolean;
  readonly size: number;
}

export interface DiskUsage {
  readonly images: UsageOfKind<ImageSummary>;
  readonly containers: UsageOfKind<ContainerSummary>;
  readonly volumes: UsageOfKind<VolumeUsage>;
  /** What images have, too, counts there. */
  readonly buildCache: UsageOfKind<BuildCacheUsage>;
}

/** What everything takes on the disk. Images count with what was pulled, which is kept beside what was unpacked. */
export async function diskUsage(context: EngineContext): Promise<DiskUsage> {
  const containers = await listContainers(context, { all: true, filters: [], size: true });
  const isActive = ({ status }: ContainerSummary) =>
    status === "running" || status === "paused" || status === "restarting";
  const volumes: VolumeUsage[] = [];
  for (const volume of context.readingStore.volumes.list()) volumes.push(await volumeUsage(context, volume));
  return {
    images: await imagesUsage(context),
    containers: usageOf(containers, { isActive, sizeOf: ({ sizeRw }) => sizeRw ?? 0 }),
    buildCache: buildCacheUsage(context),
    volumes: usageOf(volumes, { isActive: ({ links }) => links > 0, sizeOf: ({ size }) => size }),
  };
}

function usageOf<Item>(
  items: readonly Item[],
  { isActive, sizeOf }: { isActive(item: Item): boolean; sizeOf(item: Item): number },
): UsageOfKind<Item> {
  const sum = (some: readonly Item[]) => some.reduce((total, item) => total + sizeOf(item), 0);
  const idle = items.filter((item) => !isActive(item));
  return {
    items,
    total: items.length,
    active: items.length - idle.length,
    size: sum(items),
    reclaimable: sum(idle),
  };
}

function buildCacheUsage({ readingStore: store }: EngineContext): UsageOfKind<BuildCacheUsage> {
  const inImages = new Set(store.images.list().flatMap(({ config }) => config.rootfs.diff_ids));
  const items = store.buildCache.list().map((step) => {
    const { layer } = step;
    if (layer === undefined) return { ...step, shared: false, size: 0 };
    const size = (store.layers.size(layer.diffId) ?? 0) + blobSize(store, layer.descriptor.digest);
    return { ...step, shared: inImages.has(layer.diffId), size };
  });
  const own = new Map(items.filter(({ shared }) => !shared).map((item) => [item.layer?.diffId, item.size]));
  const size = [...own.values()].reduce((sum, each) => sum + each, 0);
  return { items, total: items.length, active: 0, size, reclaimable: size };
}

const blobSize = ({ layout }: Store, digest: Digest) =>
  statSync(layout.blob(digest), { throwIfNoEntry: false })?.size ?? 0;

async function volumeUsage(
  context: EngineContext,
  { name, usedBy, labels }: VolumeRecord,
): Promise<VolumeUsage> {
  const size = await contentSize(context, context.readingStore.layout.volume(name));
  return { name, links: usedBy.length, size, labels };
}

/** Layers and blobs are shared: each counts once, and an image may go when nothing active stands on them. */
async function imagesUsage(context: EngineContext): Promise<UsageOfKind<ImageSummary>> {
  const store = context.readingStore;
  const images = store.images.list();
  const containers = await currentContainers(context);
  const used = new Set(containers.map(({ imageId }) => imageId));
  const sizeOfParts = (some: readonly ImageRecord[], users: readonly ContainerRecord[]) => {
    const layers = new Set([
      ...some.flatMap(({ config }) => config.rootfs.diff_ids),
      ...users.flatMap(({ id }) => store.containers.layersOf(id)),
    ]);
    const blobs = new Set(some.flatMap(({ id }) => store.images.blobsOf(id)));
    const sum = (digests: ReadonlySet<Digest>, sizeOf: (digest: Digest) => number) =>
      [...digests].reduce((total, digest) => total + sizeOf(digest), 0);
    return (
      sum(layers, (diffId) => store.layers.size(diffId) ?? 0) +
      sum(blobs, (digest) => blobSize(store, digest))
    );
  };
  const active = images.filter(({ id }) => used.has(id));
  const size = sizeOfParts(images, containers);
  return {
    items: await withSharedSizes(context, images),
    total: images.length,
    active: active.length,
    size,
    reclaimable: size - sizeOfParts(active, containers),
  };
}

/** The images, each once, with the bytes of layers that it has in common with others, and of those that it has alone. */
async function withSharedSizes(
  context: EngineContext,
  images: readonly ImageRecord[],
): Promise<readonly ImageSummary[]> {
  const { layers } = context.readingStore;
  const users = new Map<Digest, number>();
  const layersOf = new Map(images.map(({ id, config }) => [id, new Set(config.rootfs.diff_ids)]));
  for (const diffIds of layersOf.values())
    for (const diffId of diffIds) users.set(diffId, (users.get(diffId) ?? 0) + 1);
  const listed = await listImages(context, { all: true, filters: [] });
  const first = new Map(listed.toReversed().map((summary) => [summary.id, summary]));
  return listed
    .filter((summary) => first.get(summary.id) === summary)
    .map((summary) => {
      const shared = [...(layersOf.get(summary.id) ?? [])].filter((diffId) => (users.get(diffId) ?? 0) > 1);
      const sharedSize = shared.reduce((sum, diffId) => sum + (layers.size(diffId) ?? 0), 0);
      return { ...summary, sharedSize, uniqueSize: summary.size - sharedSize };
    });
}
