import { join } from "node:path";
import { BerthError, isBerthError } from "../base/errors.ts";
import type { ContainerRecord, ContainerState, ContainerStatus } from "../store/types.ts";
import { isAlive } from "../sys/process-identity.ts";
import { containerFilter, networkName } from "./container-filters.ts";
import { mountPoints } from "./container-mounts.ts";
import { optionsOf } from "./container-record.ts";
import type { EngineContext } from "./context.ts";
import { contentSize } from "./content-size.ts";
import { findImage } from "./find-image.ts";
import { currentContainers, settle } from "./reconcile-containers.ts";
import { removeContainerObjects } from "./remove-container-objects.ts";

export interface ContainerSummary {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  readonly imageId: string;
  readonly command: readonly string[];
  readonly createdAt: string;
  readonly status: ContainerStatus;
  readonly state: ContainerState;
  readonly ports: string;
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
  const accepts = containerFilter(options.filters, {
    imageId: (reference) => imageIdOf(context, reference),
    container: (text) => context.readingStore.containers.get(text),
  });
  const asksForState = options.filters.some((filter) => /^\s*(status|exited)\s*=/i.test(filter));
  const everything = options.all || options.last !== undefined || asksForState;
  const containers = (await currentContainers(context))
    .filter(({ state }) => everything || ["running", "paused", "restarting"].includes(state.status))
    .filter(accepts)
    .toSorted((a, b) => (a.createdAt < b.createdAt ? 1 : a.createdAt > b.createdAt ? -1 : 0));
  const shown = options.last === undefined ? containers : containers.slice(0, options.last);
  return shown.map((container) => summarize(context, container, options.size));
}

function imageIdOf(context: EngineContext, reference: string): string | undefined {
  try {
    return findImage(context.readingStore, reference).id;
  } catch (error) {
    if (isBerthError(error, "not-found", "invalid-reference")) return undefined;
    throw error;
  }
}

function summarize(context: EngineContext, container: ContainerRecord, size: boolean): ContainerSummary {
  const { run, mounts } = optionsOf(container);
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
    ports: "",
    labels,
    mounts: points.map((mount) => mount.name ?? mount.source),
    localVolumes: points.filter(({ type }) => type === "volume").length,
    networks: [networkName(run.network.kind)],
    ...(size ? sizes(context, container) : {}),
  };
}

/** Bytes of the writable layer and of the whole root file system. */
export function sizes(
  context: EngineContext,
  container: ContainerRecord,
): { readonly sizeRw: number; readonly sizeRootFs: number } {
  const store = context.readingStore;
  const sizeRw = contentSize(join(store.layout.container(container.id), "upper"));
  return { sizeRw, sizeRootFs: sizeRw + (store.images.get(container.imageId)?.size ?? 0) };
}

/** Removes a container; answers what was asked for, as Docker prints it. */
export async function removeContainer(
  context: EngineContext,
  idOrName: string,
  options: { readonly force: boolean; readonly volumes: boolean },
): Promise<string> {
  const { store } = context;
  const record = await settle(context, store.containers.get(idOrName));
  if (record === undefined) return idOrName;
  using lock = store.locks.try(`object:container:${record.id}`, "exclusive");
  if (lock === undefined) {
    throw new BerthError("conflict", `removal of container ${record.name} is already in progress`);
  }
  if (record.state.status === "running" || record.state.status === "paused") {
    if (!options.force) {
      const why =
        record.state.status === "paused"
          ? "container is paused and must be unpaused first"
          : "container is running: stop the container before removing or force remove";
      throw new BerthError("conflict", `cannot remove container "${record.name}": ${why}`, {
        hint: `berth rm -f ${record.name}`,
      });
    }
    await kill(record);
  }
  const stillThere = store.containers.find(record.id);
  if (stillThere !== undefined) {
    await removeContainerObjects(
      context,
      store,
      record.id,
      store.layout.container(record.id),
      options.volumes,
    );
  }
  return idOrName;
}

const pollInterval = 10;

/** Ends the container's first process, and waits until its monitor has put everything in order. */
async function kill({ state }: ContainerRecord): Promise<void> {
  if (state.process && isAlive(state.process)) process.kill(state.process.pid, "SIGKILL");
  while (state.monitor && isAlive(state.monitor)) await Bun.sleep(pollInterval);
}
