/**
 * Namespaces that a container will most likely have, begun while nothing else is loaded: they take as long as everything
 * that a process does until it needs them. Loads no module of Node's. What turns out to be something else is ended and
 * made again.
 */
import { loadConfiguration, type StorageDriver } from "../base/configuration.ts";
import { resolveDirectories } from "../base/directories.ts";
import type { Launch, LaunchRequest } from "../container/launch.ts";
import type { NamespaceModes } from "../container/spec.ts";
import { knownDriver } from "../snapshot/known-driver.ts";
import { readTextIfThere } from "../sys/files.ts";
import { openHelpers } from "../sys/helpers.ts";
import { ownIdentityMap, type IdentityMap } from "../sys/identity.ts";
import { launchNamespaces } from "./launch-namespaces.ts";
import type { NamespacePlan } from "./namespace-plan.ts";

/** Which streams a container has. */
export interface StreamOptions {
  readonly interactive: boolean;
  readonly terminal: boolean;
}

/** What the processes in the namespaces have as standard input, output and error. */
interface Streams extends Disposable {
  readonly stdio: LaunchRequest["stdio"];
}

type StreamsClass<S extends Streams> = new (options: StreamOptions) => S;

/** Namespaces in the making, for a storage driver that does not need to know the layers first. */
export interface HeadStart<S extends Streams> extends AsyncDisposable {
  readonly driver: StorageDriver;
  readonly streams: S;
  readonly launching: Launch;
}

let begun: (HeadStart<Streams> & { readonly options: StreamOptions }) | undefined;

const modes: NamespaceModes = {
  network: "private",
  ipc: "private",
  pid: "private",
  uts: "private",
  cgroup: "private",
};

/** Does nothing where the store has not been used yet, or is not used in the ordinary way. */
export function begin<S extends Streams>(
  env: Readonly<Record<string, string | undefined>>,
  options: StreamOptions,
  kind: StreamsClass<S>,
): void {
  const directories = resolveDirectories(env, process.getuid!());
  const { storageDriver, helpers: configured } = loadConfiguration(
    directories.configuration,
    readTextIfThere,
  );
  if (env.BERTH_STORAGE_DRIVER || storageDriver !== undefined) return;
  const identity = ownIdentityMap();
  const driver = knownDriver(directories.data, identity)?.driver;
  if (driver === undefined || driver === "fuse-overlayfs") return;
  const helpers = openHelpers({ dataDirectory: directories.data, configured });
  const streams = new kind(options);
  const plan: NamespacePlan = { modes, identity, held: undefined, [Symbol.dispose]() {} };
  let launching: Launch;
  try {
    launching = launchNamespaces({ helpers, env }, plan, streams.stdio, undefined);
  } catch (error) {
    streams[Symbol.dispose]();
    throw error;
  }
  begun = {
    driver,
    options,
    streams,
    launching,
    async [Symbol.asyncDispose]() {
      streams[Symbol.dispose]();
      await launching[Symbol.asyncDispose]();
    },
  };
}

/**
 * What was begun, if it is what this container has; with `storageDriver`, that one. `identity` is the caller's own.
 */
export async function takeBegun<S extends Streams>(
  kind: StreamsClass<S>,
  options: StreamOptions & { readonly storageDriver?: string },
  namespaces: NamespacePlan,
  identity: IdentityMap,
): Promise<HeadStart<S> | undefined> {
  const fits =
    begun?.options.interactive === options.interactive &&
    begun.options.terminal === options.terminal &&
    (options.storageDriver ?? begun.driver) === begun.driver &&
    namespaces.identity === identity &&
    namespaces.held === undefined &&
    (["network", "ipc", "pid", "uts"] as const).every((name) => namespaces.modes[name] === "private");
  if (!fits || !isOf(kind, begun)) {
    await endBegun();
    return undefined;
  }
  const taken = begun;
  begun = undefined;
  return taken;
}

/** Ends what was begun and not taken. */
export async function endBegun(): Promise<void> {
  await begun?.[Symbol.asyncDispose]();
  begun = undefined;
}

function isOf<S extends Streams>(
  kind: StreamsClass<S>,
  start: HeadStart<Streams> | undefined,
): start is HeadStart<S> {
  return start?.streams instanceof kind;
}
