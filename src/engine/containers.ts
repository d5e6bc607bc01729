import { isBerthError } from "../base/errors.ts";
import type { Digest } from "../oci/types.ts";
import type { GrownTree } from "../snapshot/types.ts";
import type { ContainerRecord, ContainerState, ContainerStatus, ImageRecord } from "../store/types.ts";
import { containerFilter } from "./container-filters.ts";
import { mountPoints } from "./container-mounts.ts";
import { optionsOf } from "./container-record.ts";
import { containerTree, failureWith } from "./container-tree.ts";
import type { EngineContext } from "./context.ts";
import { networkNames } from "./network/network-names.ts";
import { type PortSummary, portSummaries } from "./network/container-ports.ts";
import { contentSize } from "./content-size.ts";
import { findImage, withStoredNames } from "./find-image.ts";
import { currentContainers } from "./reconcile-containers.ts";

export interface ContainerSummary {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  readonly command: readonly string[];
  readonly createdAt: string;
  readonly status: ContainerStatus;
  readonly state: ContainerState;
  readonly ports: readonly PortSummary[];
  readonly labels: Readonly<Record<string, string>>;
  readonly mounts: readonly string[];
  readonly localVolumes: number;
  readonly networks: readonly string[];
  /** Bytes of the writable layer, and of it with the image; only when asked for. */
  readonly sizeRw?: number;
  readonly sizeRootFs?: number;
}

export interface ListOptions {
  /** Also those that do not run. */
  readonly all: boolean;
  /** The newest n, running or not. */
  readonly last?: number;
  /** `key=value` */
  readonly filters: readonly string[];
  readonly size: boolean;
}

/** Containers, newest first. */
export async function listContainers(
  context: EngineContext,
  options: ListOptions,
): Promise<readonly ContainerSummary[]> {
  const filters = await withStoredNames(context, options.filters, ["ancestor"]);
  const accepts = containerFilter(filters, {
    descendants: (reference) => descendantsOf(context, reference),
    container: (text) => context.readingStore.containers.get(text),
    networks: (container) => [
      ...networkNames(context.readingStore, container),
      ...context.readingStore.networks.membershipsOf(container.id).map(({ networkId }) => networkId),
    ],
  });
  const asksForState = options.filters.some((filter) => /^\s*(status|exited)\s*=/i.test(filter));
  const everything = options.all || options.last !== undefined || asksForState;
  const containers = (await currentContainers(context))
    .filter(({ state }) => everything || ["running", "paused", "restarting"].includes(state.status))
    .filter(accepts)
    .toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : 0));
  const shown = options.last === undefined ? containers : containers.slice(0, options.last);
  const summaries: ContainerSummary[] = [];
  for (const container of shown) {
    try {
      summaries.push(await summarize(context, container, options.size));
    } catch (error) {
      if (!isBerthError(error, "not-found")) throw error; // it was removed meanwhile
    }
  }
  return summaries;
}

function descendantsOf({ readingStore }: EngineContext, reference: string): (imageId: Digest) => boolean {
  let ancestor: ImageRecord;
  try {
    ancestor = findImage(readingStore, reference);
  } catch (error) {
    if (isBerthError(error, "not-found", "invalid-reference")) return () => false;
    throw error;
  }
  const layers = ancestor.config.rootfs.diff_ids;
  return (imageId) => {
    if (imageId === ancestor.id) return true;
    const own = readingStore.images.get(imageId)?.config.rootfs.diff_ids ?? [];
    return own.length > layers.length && layers.every((diffId, position) => diffId === own[position]);
  };
}

async function summarize(
  context: EngineContext,
  container: ContainerRecord,
  size: boolean,
): Promise<ContainerSummary> {
  const { mounts } = optionsOf(container);
  const points = mountPoints(context.readingStore.layout, mounts).filter(({ type }) => type !== "tmpfs");
  const { id, name, image, imageId, command, createdAt, labels, state } = container;
  return {
    id,
    name,
    image,
    imageId,
    command,
    createdAt,
    status: state.status,
    state,
    ports: portSummaries(container),
    labels,
    mounts: points.map((mount) => mount.name ?? mount.source),
    localVolumes: points.filter(({ type }) => type === "volume").length,
    networks: networkNames(context.readingStore, container),
    ...(size ? await sizes(context, container) : {}),
  };
}

/** Bytes of the writable layer and of the whole root file system. Throws `not-found` when it is removed meanwhile. */
export async function sizes(
  context: EngineContext,
  container: ContainerRecord,
): Promise<{ readonly sizeRw: number; readonly sizeRootFs: number }> {
  const { grown } = containerTree(context, container);
  let sizeRw = 0;
  try {
    if (grown !== undefined) sizeRw = await grownSize(context, grown);
  } catch (error) {
    throw failureWith(context, container, error);
  }
  return { sizeRw, sizeRootFs: sizeRw + (context.readingStore.images.get(container.imageId)?.size ?? 0) };
}

/** A tree that is not a writable layer alone is compared with what it was copied from. */
async function grownSize(context: EngineContext, tree: GrownTree): Promise<number> {
  if (tree.form === "upper") return contentSize(context, tree.directory);
  return (await context.treeReader.difference(tree)).size;
}
