import type { CleanupStack } from "../base/cleanup-stack.ts";
import type { StorageDriver } from "../base/configuration.ts";
import { BerthError, systemErrorCode } from "../base/errors.ts";
import type { Store } from "../store/store.ts";
import type { ImageRecord } from "../store/types.ts";
import { ownHost, type ProcessIdentity } from "../sys/process-identity.ts";
import { makeDirectories } from "../sys/directory-entries.ts";
import { writeNewFile } from "../sys/files.ts";
import { ensurePrivateDirectory } from "../sys/unpack-helpers.ts";
import { emitVolumeEvent } from "./container-event.ts";
import { newContainerId } from "./container-identity.ts";
import { ContainerLife } from "./container-life.ts";
import { ensureMountSources, settleMounts } from "./container-mounts.ts";
import {
  type ContainerOptions,
  optionsOf,
  type SettledMount,
  type StartableContainer,
} from "./container-record.ts";
import { findImage } from "./find-image.ts";
import type { EngineContext } from "./context.ts";
import type { NetworkPlan } from "./network-attachment.ts";
import { settleHealthcheck } from "./health-state.ts";
import { joinNetwork } from "./network/members.ts";
import { exposedPorts } from "./network/container-ports.ts";
import { resolveProcess } from "./resolve-process.ts";
import type { RunOptions } from "./run-options.ts";

/** What a container is made of, besides what was asked for. */
export interface Ingredients {
  readonly image: ImageRecord;
  readonly driver: StorageDriver;
  readonly network: NetworkPlan;
  /** Who owns it from the beginning; this process unless told otherwise. */
  readonly monitor?: ProcessIdentity | undefined;
}

/**
 * Makes a container: its record first (state *created*, with its owner), so that nothing on disk is
 * ever without one, then its directory and its volumes. What has to be undone is on the stack: with `--rm`, or when this
 * fails, the whole container. A store that cannot be written still has `--read-only --rm` containers; no list shows them.
 */
export async function createContainer(
  context: EngineContext,
  options: RunOptions,
  { image, driver, network, monitor }: Ingredients,
  stack: CleanupStack,
): Promise<{ readonly container: StartableContainer; readonly life: ContainerLife }> {
  const store = writableStore(context, options);
  if (options.resources !== undefined || options.cgroupParent !== undefined)
    (await import("./container-cgroup.ts")).cgroupAccess(options, context.env);
  // Without XDG_RUNTIME_DIR that is in /tmp, where somebody else may have been first.
  if (store === undefined) ensurePrivateDirectory(context.directories.runtime);
  const id = newContainerId();
  const hostname = options.hostname ?? (network.namespace === "host" ? ownHost() : id.slice(0, 12));
  const config = image.config.config ?? {};
  const stopSignal = options.stopSignal ?? config.StopSignal;
  const healthcheck = settleHealthcheck(options.healthcheck, config.Healthcheck);
  const exposed = exposedPorts(config.ExposedPorts, options);
  const details: ContainerOptions = {
    version: 1,
    run: options,
    driver,
    hostname,
    ...resolveProcess(config, options, hostname, context.env),
    ...(exposed.length > 0 ? { exposed } : {}),
    mounts: settleMounts(
      options.mounts,
      config,
      newContainerId,
      imageToMount(context, options),
      inheritedMounts(context, options),
    ),
    ...(stopSignal ? { stopSignal } : {}),
    ...(healthcheck ? { healthcheck } : {}),
    ...(healthcheck && config.Shell ? { shell: config.Shell } : {}),
  };
  const directory = store ? store.layout.container(id) : `${context.directories.runtime}/containers/${id}`;
  const life = new ContainerLife(context, {
    id,
    directory,
    remove: options.remove,
    recorded: store !== undefined,
  });
  stack.use(life);
  life.begin(image, options, details, monitor);
  for (const volume of ensureMountSources(store, details.mounts, id))
    emitVolumeEvent(context, volume, "create");
  if (options.network.kind === "networks" && store) {
    for (const request of options.network.networks)
      joinNetwork(store, { id, name: options.name ?? id }, request);
  }
  makeDirectories(directory, 0o700);
  if (options.cidfile !== undefined) writeCidfile(options.cidfile, id);
  life.complete();
  const layers = image.config.rootfs.diff_ids;
  return { container: { id, directory, options: details, layers, firstStart: true }, life };
}

function imageToMount(context: EngineContext, { userns }: RunOptions): (image: string) => ImageRecord {
  return (image) => {
    if (userns?.startsWith("keep-id"))
      throw new BerthError("unsupported", "--mount type=image does not go with --userns=keep-id", {
        hint: "the owners of the image's files would be wrong there",
      });
    return findImage(context.readingStore, image);
  };
}

/** `--volumes-from`: of the last container that has something at a place. What is in memory is nobody else's. */
function inheritedMounts({ readingStore }: EngineContext, { volumesFrom = [] }: RunOptions): SettledMount[] {
  const mounts = volumesFrom.flatMap(({ container, readOnly }) =>
    optionsOf(readingStore.containers.get(container))
      .mounts.filter((mount) => mount.kind === "bind" || mount.kind === "volume")
      .map((mount) => ({ ...mount, readOnly: mount.readOnly || readOnly })),
  );
  return [...new Map(mounts.map((mount) => [mount.target, mount])).values()].map((mount) =>
    mount.kind === "volume" ? { ...mount, noCopy: true } : mount,
  );
}

/** Undefined when it cannot be written and the container does not need it. */
function writableStore(context: EngineContext, options: RunOptions): Store | undefined {
  if (context.store.isWritable()) return context.store;
  if (options.readOnly && options.remove) return undefined;
  throw new BerthError("read-only", `the store ${context.directories.data} cannot be written`, {
    hint: "`berth run --rm --read-only` works without writing; BERTH_ROOT names another store",
  });
}

/** `--cidfile`: must not exist, so that two containers never share one. */
function writeCidfile(path: string, id: string): void {
  try {
    writeNewFile(path, id, 0o644);
  } catch (error) {
    const code = systemErrorCode(error);
    throw code === "EEXIST"
      ? new BerthError(
          "conflict",
          `container ID file found, make sure the other container isn't running or delete ${path}`,
        )
      : new BerthError("denied", `failed to create the container ID file ${path}: ${code}`, { cause: error });
  }
}
