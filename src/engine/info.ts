import { closeSync, openSync, readFileSync, statfsSync } from "node:fs";
import { arch, availableParallelism, hostname, release, totalmem } from "node:os";
import { buildInformation } from "../base/build-information.ts";
import { messageOf } from "../base/errors.ts";
import type { HelperName } from "../sys/helpers.ts";
import type { IdRange } from "../sys/identity.ts";
import type { EngineContext } from "./context.ts";
import { currentContainers } from "./reconcile-containers.ts";
import { chooseDriver } from "./storage-driver.ts";

/** Which berth, on which Bun and kernel; in the shape of `docker version`. */
export function version(): Record<string, unknown> {
  return {
    Client: {
      Platform: { Name: "berth" },
      Version: buildInformation.version,
      GitCommit: buildInformation.commit ?? "",
      BuildTime: buildInformation.date ?? "",
      BunVersion: Bun.version,
      Os: "linux",
      Arch: goArchitecture(),
      KernelVersion: release(),
    },
  };
}

/** What this machine and this user give berth to work with; Docker's keys where Docker has them. */
export async function info(context: EngineContext): Promise<Record<string, unknown>> {
  const store = context.readingStore;
  const containers = await currentContainers(context);
  const count = (status: string) => containers.filter(({ state }) => state.status === status).length;
  const storage = await storageDriver(context);
  const { identity } = context;
  return {
    Containers: containers.length,
    ContainersRunning: count("running"),
    ContainersPaused: count("paused"),
    ContainersStopped: containers.length - count("running") - count("paused"),
    Images: store.images.list().length,
    Driver: storage.driver,
    DriverReason: storage.reason,
    Network: networkState(),
    IdMap: {
      Mode: identity.mode,
      ...(identity.mode === "single" ? { Reason: identity.reason } : {}),
      Uids: identity.uids.map(showRange),
      Gids: identity.gids.map(showRange),
    },
    SecurityOptions: ["name=seccomp,profile=builtin", "name=rootless", "name=cgroupns"],
    KernelVersion: release(),
    OperatingSystem: operatingSystem(),
    OSType: "linux",
    Architecture: arch() === "arm64" ? "aarch64" : "x86_64",
    NCPU: availableParallelism(),
    MemTotal: totalmem(),
    Name: hostname(),
    BerthRootDir: context.directories.data,
    RuntimeDir: context.directories.runtime,
    ConfigFile: `${context.directories.configuration}/config.toml`,
    StoreWritable: context.store.isWritable(),
    BackingFilesystem: fileSystemType(context.directories.data),
    Helpers: helperPaths(context),
    InsecureRegistries: context.configuration.insecureRegistries,
    ServerVersion: buildInformation.version,
  };
}

async function storageDriver(context: EngineContext): Promise<{ driver: string; reason: string }> {
  try {
    return await chooseDriver(context, undefined);
  } catch (error) {
    return { driver: "none", reason: messageOf(error) };
  }
}

/** Whether slirp4netns can have its device; `host` and `none` always work. */
function networkState(): { Default: string; Usable: boolean; Reason: string } {
  const state = { Default: "slirp4netns", Usable: true, Reason: "/dev/net/tun is open to this user" };
  try {
    closeSync(openSync("/dev/net/tun", "r+"));
    return state;
  } catch (error) {
    return {
      ...state,
      Usable: false,
      Reason: `${messageOf(error)}; --network host and none work without it`,
    };
  }
}

const showRange = ({ inside, outside, count }: IdRange) => `${inside} -> ${outside} (${count})`;

function goArchitecture(): string {
  return arch() === "x64" ? "amd64" : arch();
}

function operatingSystem(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "Linux";
  } catch {
    return "Linux";
  }
}

/** Hexadecimal statfs(2) magic of the file system that the store is on. */
function fileSystemType(directory: string): string {
  for (let path = directory; ; path = path.slice(0, path.lastIndexOf("/")) || "/") {
    try {
      return `0x${statfsSync(path).type.toString(16)}`;
    } catch {
      if (path === "/") return "unknown";
    }
  }
}

const helperNames: readonly HelperName[] = [
  "unshare",
  "nsenter",
  "setpriv",
  "busybox",
  "fuse-overlayfs",
  "slirp4netns",
  "ip",
  "catatonit",
];

function helperPaths(context: EngineContext): Record<string, string> {
  return Object.fromEntries(
    helperNames.map((name) => {
      try {
        return [name, context.helpers.command(name).at(-1) ?? ""];
      } catch (error) {
        return [name, messageOf(error)];
      }
    }),
  );
}
