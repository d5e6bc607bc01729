import { naturalOrder } from "../base/natural-order.ts";
import { BerthError, isBerthError, messageOf, systemErrorCode } from "../base/errors.ts";
import { dirname } from "../base/posix-path.ts";
import { ensureDirectory, rename } from "../sys/directory-entries.ts";
import { randomHex } from "../sys/random-hex.ts";
import type { VolumeRecord } from "../store/types.ts";
import { emitVolumeEvent } from "./container-event.ts";
import { contentSize } from "./content-size.ts";
import type { EngineContext } from "./context.ts";
import { emitEvent } from "./events.ts";
import { onlyPrune, type PruneReport } from "./prune.ts";
import { pruneFilter } from "./prune-filters.ts";
import { currentContainers } from "./reconcile-containers.ts";
import { volumeFilter } from "./volume-filters.ts";

/** By it Docker knows the volumes that nobody gave a name. */
const anonymousLabel = "com.docker.volume.anonymous";

export interface VolumeSummary extends VolumeRecord {
  readonly mountpoint: string;
}

/** Makes a volume and answers its name; an existing one stays as it is, as in Docker. */
export function createVolume(
  context: EngineContext,
  { name, labels }: { readonly name: string | undefined; readonly labels: Readonly<Record<string, string>> },
): string {
  const { store } = context;
  const all = name === undefined ? { ...labels, [anonymousLabel]: "" } : labels;
  const chosen = name ?? randomHex(32);
  const { created } = store.volumes.createOrGet({ name: chosen, labels: all, anonymous: false });
  ensureDirectory(store.layout.volume(chosen), 0o755);
  if (created) emitVolumeEvent(context, chosen, "create");
  return chosen;
}

/** By name, as people sort. */
export async function listVolumes(
  context: EngineContext,
  filters: readonly string[],
): Promise<readonly VolumeSummary[]> {
  const accepts = volumeFilter(filters);
  await currentContainers(context); // what died unnoticed with --rm uses nothing
  return context.readingStore.volumes
    .list()
    .filter(accepts)
    .map((volume) => withMountpoint(context, volume))
    .toSorted((a, b) => naturalOrder(a.name, b.name));
}

function withMountpoint({ readingStore }: EngineContext, volume: VolumeRecord): VolumeSummary {
  const labels = volume.anonymous ? { ...volume.labels, [anonymousLabel]: "" } : volume.labels;
  return { ...volume, labels, mountpoint: readingStore.layout.volume(volume.name) };
}

/** A volume in the shape of `docker volume inspect`. */
export function inspectVolume(context: EngineContext, name: string): Record<string, unknown> {
  const volume = withMountpoint(context, context.readingStore.volumes.get(name));
  return {
    CreatedAt: volume.createdAt.replace(/\.\d+Z$/, "Z"),
    Driver: volume.driver,
    Labels: Object.keys(volume.labels).length > 0 ? volume.labels : null,
    Mountpoint: volume.mountpoint,
    Name: volume.name,
    Options: null,
    Scope: "local",
  };
}

/** Throws `not-found`, and `conflict` while a container uses it. */
export async function removeVolume(context: EngineContext, name: string): Promise<void> {
  const { store } = context;
  store.useReserve();
  await currentContainers(context);
  using discarded = store.temporary.reserve("volume");
  // In one transaction with the name, so that a new volume of that name never has the old one's files.
  store.volumes.remove(name, () => {
    try {
      rename(dirname(store.layout.volume(name)), discarded.path);
    } catch (error) {
      if (systemErrorCode(error) !== "ENOENT") throw error;
    }
  });
  await context.snapshotter.removeTree(discarded.path);
  emitVolumeEvent(context, name, "destroy");
}

/** Removes what no container uses: the anonymous ones, or all. */
export async function pruneVolumes(
  context: EngineContext,
  { all, filters }: { readonly all: boolean; readonly filters: readonly string[] },
): Promise<PruneReport<string>> {
  const everything = all || filters.some((filter) => /^\s*all\s*=\s*(1|true)\s*$/i.test(filter));
  const others = filters.filter((filter) => !/^\s*all\s*=/i.test(filter));
  if (others.some((filter) => /^\s*until\s*=/.test(filter)))
    throw new BerthError("invalid-argument", "invalid filter 'until'");
  const accepts = pruneFilter(others);
  using _ = onlyPrune(context);
  const removed: string[] = [];
  let reclaimed = 0;
  for (const { name, labels, usedBy, createdAt, mountpoint } of await listVolumes(context, [])) {
    const wanted = everything || Object.hasOwn(labels, anonymousLabel);
    if (!wanted || usedBy.length > 0 || !accepts({ createdAt: Date.parse(createdAt), labels })) continue;
    const size = await contentSize(context, mountpoint);
    try {
      await removeVolume(context, name);
      removed.push(name);
      reclaimed += size;
    } catch (error) {
      // Somebody took or removed it meanwhile.
      if (!isBerthError(error, "conflict", "not-found"))
        context.warn(`failed to prune volume ${name}: ${messageOf(error)}`);
    }
  }
  const attributes = { reclaimed: String(reclaimed) };
  emitEvent(context, { type: "volume", action: "prune", id: "", attributes });
  return { removed, reclaimed };
}
