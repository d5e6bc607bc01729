import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { StorageDriver } from "../base/configuration.ts";
import type { ContainerMount, ContainerSpec, NamespaceModes, ProcessSpec } from "../container/spec.ts";
import { defaultSharedMemorySize, initPath } from "../container/plan.ts";
import { defaultCapabilities } from "../sys/capabilities.ts";
import { containerMounts } from "./container-mounts.ts";
import type { ContainerOptions } from "./container-record.ts";
import type { EngineContext } from "./context.ts";
import type { StartableContainer } from "./create-container.ts";
import type { NetworkPlan } from "./network-attachment.ts";
import { networkFiles } from "./network-files.ts";

/** What belongs to this start and not to the container. */
export interface StartSurroundings {
  readonly network: NetworkPlan;
  readonly namespaces: NamespaceModes;
  /** RLIMIT_NOFILE of whoever starts it (open-file-limit.ts). */
  readonly openFiles: ProcessSpec["openFiles"] | undefined;
}

/** The spec of one start of a container; writes its own /etc files and readies its root and writable layer. */
export async function containerSpec(
  context: EngineContext,
  container: StartableContainer,
  { network, namespaces, openFiles }: StartSurroundings,
): Promise<ContainerSpec> {
  const { directory, options } = container;
  const { layers, layout } = context.readingStore;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const files = writeFiles(directory, networkFiles(network.names, options.hostname));
  const root = await context.snapshotter.prepareRoot({
    driver: options.driver as StorageDriver,
    layers: container.layers.map((diffId) => layers.path(diffId)),
    directory,
    volatile: options.run.remove,
  });
  const mountPoint = join(directory, "merged");
  mkdirSync(mountPoint, { recursive: true, mode: 0o700 });
  return {
    root,
    mountPoint,
    readOnlyRoot: options.run.readOnly,
    hostname: options.hostname,
    mounts: [...files, ...containerMounts(layout, options.mounts, container.firstStart)],
    namespaces,
    singleIdentity: context.identity.mode === "single",
    sharedMemorySize: defaultSharedMemorySize,
    process: processSpec(context, options, openFiles),
  };
}

function processSpec(
  context: EngineContext,
  { run, args, env, workdir, user }: ContainerOptions,
  openFiles: StartSurroundings["openFiles"],
): ProcessSpec {
  return {
    args: run.init ? [initPath, "--", ...args] : args,
    env,
    cwd: workdir,
    user,
    terminal: run.terminal,
    capabilities: defaultCapabilities,
    noNewPrivileges: context.identity.mode === "single",
    ...(run.init ? { init: context.helpers.command("catatonit")[0]! } : {}),
    ...(openFiles ? { openFiles } : {}),
  };
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
