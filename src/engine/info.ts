import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { arch, availableParallelism, hostname, release, totalmem } from "node:os";
import { helperNames } from "../base/configuration.ts";
import { buildInformation } from "../base/build-information.ts";
import { messageOf } from "../base/errors.ts";
import type { Controller } from "../sys/cgroup-settings.ts";
import type { IdRange } from "../sys/identity.ts";
import { fileSystemName } from "../store/file-system-name.ts";
import { limitSupport } from "./container-cgroup.ts";
import { defaultLogDriver } from "./container-logging.ts";
import type { EngineContext } from "./context.ts";
import { currentContainers } from "./reconcile-containers.ts";
import { chooseDriver } from "./storage-driver.ts";

/** What this machine and this user give berth to work with; Docker's keys where Docker has them. */
export async function info(context: EngineContext): Promise<Record<string, unknown>> {
  const store = context.readingStore;
  const containers = await currentContainers(context);
  const count = (status: string) => containers.filter(({ state }) => state.status === status).length;
  const storage = await storageDriver(context);
  const { identity } = context;
  const backing = fileSystemName(context.directories.data);
  return {
    Containers: containers.length,
    ContainersRunning: count("running"),
    ContainersPaused: count("paused"),
    ContainersStopped: containers.length - count("running") - count("paused"),
    Images: store.images.list().length,
    Driver: storage.driver,
    DriverReason: storage.reason,
    LoggingDriver: defaultLogDriver,
    DriverStatus: [["Backing Filesystem", backing]],
    ...limitFields(limitSupport(context.env)),
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
    DockerRootDir: context.directories.data,
    BackingFilesystem: backing,
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

/** Docker's flags of what can be limited, and why not more. */
function limitFields({ driver, controllers, reason }: ReturnType<typeof limitSupport>) {
  const has = (controller: Controller) => controllers.includes(controller);
  return {
    CgroupDriver: driver,
    CgroupVersion: existsSync("/sys/fs/cgroup/cgroup.controllers") ? "2" : "1",
    MemoryLimit: has("memory"),
    SwapLimit: has("memory"),
    CpuCfsPeriod: has("cpu"),
    CpuCfsQuota: has("cpu"),
    CPUShares: has("cpu"),
    CPUSet: has("cpuset"),
    PidsLimit: has("pids"),
    BlkioLimit: has("io"),
    OomKillDisable: false,
    Limits: { Controllers: controllers, ...(reason === undefined ? {} : { Reason: reason }) },
  };
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

function operatingSystem(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "Linux";
  } catch {
    return "Linux";
  }
}

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
