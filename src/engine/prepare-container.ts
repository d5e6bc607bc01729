import { mkdirSync, writeFileSync } from "node:fs";
import { hostname as hostHostname } from "node:os";
import { join } from "node:path";
import type { StorageDriver } from "../base/configuration.ts";
import { BerthError, systemErrorCode } from "../base/errors.ts";
import type { ContainerMount, ContainerSpec } from "../container/spec.ts";
import { defaultSharedMemorySize, initPath } from "../container/plan.ts";
import type { Store } from "../store/store.ts";
import type { ImageRecord } from "../store/types.ts";
import { defaultCapabilities } from "../sys/capabilities.ts";
import { ensurePrivateDirectory } from "../sys/unpack-helpers.ts";
import { newContainerId } from "./container-identity.ts";
import { ContainerLife } from "./container-life.ts";
import type { EngineContext } from "./context.ts";
import type { NetworkPlan } from "./network-attachment.ts";
import { networkFiles } from "./network-files.ts";
import { callersOpenFileLimit } from "./open-file-limit.ts";
import { resolveMounts } from "./resolve-mounts.ts";
import { type ResolvedProcess, resolveProcess } from "./resolve-process.ts";
import type { RunOptions } from "./run-options.ts";

/** What a container is made of, besides what was asked for. */
export interface Ingredients {
  readonly image: ImageRecord;
  readonly driver: StorageDriver;
  readonly network: NetworkPlan;
}

/** A container that is ready to start. */
export interface PreparedContainer {
  readonly spec: ContainerSpec;
  readonly life: ContainerLife;
}

/**
 * Makes a container: its record first, so that nothing on disk is ever without one, then its directory and all that
 * is in it. What has to be undone is on the stack: with `--rm`, or when this fails, the whole container. A store that
 * cannot be written still runs `--read-only --rm` containers; no list shows them.
 */
export async function prepareContainer(
  context: EngineContext,
  options: RunOptions,
  { image, driver, network }: Ingredients,
  stack: AsyncDisposableStack,
): Promise<PreparedContainer> {
  const store = writableStore(context, options);
  // Without XDG_RUNTIME_DIR that is in /tmp, where somebody else may have been first.
  if (store === undefined) ensurePrivateDirectory(context.directories.runtime);
  const id = newContainerId();
  const hostname = options.hostname ?? (network.namespace === "host" ? hostHostname() : id.slice(0, 12));
  const config = image.config.config ?? {};
  const program = resolveProcess(config, options, hostname, context.env);
  const directory = store ? store.layout.container(id) : join(context.directories.runtime, "containers", id);

  const life = new ContainerLife(context, store, { id, directory, remove: options.remove });
  stack.use(life);
  const mounts = resolveMounts(store, options, config, newContainerId);
  life.begin(image, options, {
    version: 1,
    run: options,
    driver,
    hostname,
    ...program,
    mounts: mounts.points,
  });
  for (const volume of mounts.volumes) store?.volumes.attach(volume, id);

  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const files = writeFiles(directory, networkFiles(network.names, hostname));
  const root = await context.snapshotter.prepareRoot({
    driver,
    layers: image.config.rootfs.diff_ids.map((diffId) => context.readingStore.layers.path(diffId)),
    directory,
    volatile: options.remove,
  });
  const mountPoint = join(directory, "merged");
  mkdirSync(mountPoint, { recursive: true, mode: 0o700 });
  const spec: ContainerSpec = {
    root,
    mountPoint,
    readOnlyRoot: options.readOnly,
    hostname,
    mounts: [...files, ...mounts.mounts],
    network: network.namespace,
    singleIdentity: context.identity.mode === "single",
    sharedMemorySize: defaultSharedMemorySize,
    process: processSpec(context, options, program),
  };
  if (options.cidfile !== undefined) writeCidfile(options.cidfile, id);
  life.prepared();
  return { spec, life };
}

/** Undefined when it cannot be written and the container does not need it. */
function writableStore(context: EngineContext, options: RunOptions): Store | undefined {
  if (context.store.isWritable()) return context.store;
  if (options.readOnly && options.remove) return undefined;
  throw new BerthError("read-only", `the store ${context.directories.data} cannot be written`, {
    hint: "`berth run --rm --read-only` works without writing; BERTH_ROOT names another store",
  });
}

function processSpec(
  context: EngineContext,
  options: RunOptions,
  { args, env, workdir, user }: ResolvedProcess,
): ContainerSpec["process"] {
  const openFiles = callersOpenFileLimit();
  return {
    args: options.init ? [initPath, "--", ...args] : args,
    env,
    cwd: workdir,
    user,
    terminal: options.terminal,
    capabilities: defaultCapabilities,
    noNewPrivileges: context.identity.mode === "single",
    ...(options.init ? { init: context.helpers.command("catatonit")[0]! } : {}),
    ...(openFiles ? { openFiles } : {}),
  };
}

/** `--cidfile`: must not exist, so that two containers never share one. */
function writeCidfile(path: string, id: string): void {
  try {
    writeFileSync(path, id, { flag: "wx", mode: 0o644 });
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

/** Puts the container's own /etc files into its directory, and answers where they are mounted. */
function writeFiles(directory: string, files: Readonly<Record<string, string>>): ContainerMount[] {
  return Object.entries(files).map(([name, text]) => {
    const source = join(directory, name);
    writeFileSync(source, text, { mode: 0o644 });
    return {
      kind: "bind",
      source,
      target: `/etc/${name}`,
      readOnly: false,
      propagation: "private",
      populate: false,
    };
  });
}
