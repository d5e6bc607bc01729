import { join } from "node:path";
import { defaultSharedMemorySize, maskedPaths, readOnlyPaths } from "../container/plan.ts";
import { BerthError } from "../base/errors.ts";
import type { ContainerRecord, ContainerState } from "../store/types.ts";
import { networkName } from "./container-filters.ts";
import { type MountPoint, mountPoints } from "./container-mounts.ts";
import type { ContainerOptions } from "./container-record.ts";
import { sizes } from "./containers.ts";
import type { EngineContext } from "./context.ts";
import { settle } from "./reconcile-containers.ts";

/** Docker's zero time, for what has not happened. */
const never = "0001-01-01T00:00:00Z";

/** A container in the shape of `docker inspect`. `size` adds SizeRw and SizeRootFs. */
export async function inspectContainer(
  context: EngineContext,
  idOrName: string,
  size = false,
): Promise<Record<string, unknown>> {
  const container = await settle(context, context.readingStore.containers.get(idOrName));
  if (container === undefined) throw new BerthError("not-found", `No such container: ${idOrName}`);
  const options = container.options as ContainerOptions;
  const { run } = options;
  const mounts = mountPoints(context.readingStore.layout, options.mounts);
  const directory = context.readingStore.layout.container(container.id);
  const image = context.readingStore.images.get(container.imageId);
  const config = image?.config.config ?? {};
  const [path = "", ...args] = options.args;
  const lower = (image?.config.rootfs.diff_ids ?? [])
    .map((diffId) => context.readingStore.layers.path(diffId))
    .toReversed();
  return {
    Id: container.id,
    Created: container.createdAt,
    Path: path,
    Args: args,
    State: stateOf(container),
    Image: container.imageId,
    ResolvConfPath: join(directory, "resolv.conf"),
    HostnamePath: join(directory, "hostname"),
    HostsPath: join(directory, "hosts"),
    LogPath: "",
    Name: `/${container.name}`,
    RestartCount: 0,
    Driver: options.driver,
    Platform: image?.config.os ?? "linux",
    MountLabel: "",
    ProcessLabel: "",
    AppArmorProfile: "",
    ExecIDs: null,
    HostConfig: hostConfig(options, mounts),
    GraphDriver: {
      Data: {
        ...(lower.length > 0 ? { LowerDir: lower.join(":") } : {}),
        UpperDir: join(directory, "upper"),
        WorkDir: join(directory, "work"),
        MergedDir: join(directory, "merged"),
      },
      Name: options.driver,
    },
    ...(size ? pascalSizes(sizes(context, container)) : {}),
    Mounts: mounts.filter(({ type }) => type !== "tmpfs").map(mountPoint),
    Config: {
      Hostname: options.hostname,
      Domainname: "",
      User: options.user,
      AttachStdin: run.interactive,
      AttachStdout: true,
      AttachStderr: true,
      ...(config.ExposedPorts ? { ExposedPorts: config.ExposedPorts } : {}),
      Tty: run.terminal,
      OpenStdin: run.interactive,
      StdinOnce: run.interactive,
      // Docker sets the variable in the container, and does not show it as asked for.
      Env: options.env.filter((entry) => entry !== `HOSTNAME=${options.hostname}`),
      Cmd: run.command.length > 0 ? run.command : (config.Cmd ?? null),
      ...(config.Healthcheck ? { Healthcheck: config.Healthcheck } : {}),
      Image: container.image,
      Volumes: config.Volumes ?? null,
      WorkingDir: options.workdir,
      Entrypoint:
        run.entrypoint === undefined ? (config.Entrypoint ?? null) : [run.entrypoint].filter(Boolean),
      OnBuild: config.OnBuild ?? null,
      Labels: container.labels,
      ...(run.stopSignal || config.StopSignal ? { StopSignal: run.stopSignal ?? config.StopSignal } : {}),
      ...(config.Shell ? { Shell: config.Shell } : {}),
    },
    NetworkSettings: networkSettings(run.network.kind, container),
  };
}

const isUp = ({ status }: ContainerState) => status === "running" || status === "paused";

function stateOf({ state }: ContainerRecord): Record<string, unknown> {
  return {
    Status: state.status,
    Running: isUp(state),
    Paused: state.status === "paused",
    Restarting: state.status === "restarting",
    OOMKilled: state.oomKilled ?? false,
    Dead: state.status === "dead",
    Pid: isUp(state) ? (state.process?.pid ?? 0) : 0,
    ExitCode: state.exitCode ?? 0,
    Error: state.error ?? "",
    StartedAt: state.startedAt ?? never,
    FinishedAt: state.finishedAt ?? never,
  };
}

function hostConfig({ run }: ContainerOptions, mounts: readonly MountPoint[]): Record<string, unknown> {
  const binds = mounts
    .filter(({ type }) => type === "bind")
    .map(({ source, destination, readOnly }) => `${source}:${destination}${readOnly ? ":ro" : ""}`);
  const tmpfs = run.mounts.flatMap((mount) =>
    mount.kind === "tmpfs" ? [[mount.target, mount.flags.join(",")]] : [],
  );
  return {
    Binds: binds.length > 0 ? binds : null,
    ContainerIDFile: run.cidfile ?? "",
    LogConfig: { Type: "none", Config: {} },
    NetworkMode: networkName(run.network.kind),
    PortBindings: {},
    RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
    AutoRemove: run.remove,
    VolumeDriver: "",
    VolumesFrom: null,
    ConsoleSize: [0, 0],
    CapAdd: null,
    CapDrop: null,
    CgroupnsMode: run.cgroupns ?? "private",
    Dns: [],
    DnsOptions: [],
    DnsSearch: [],
    ExtraHosts: null,
    GroupAdd: null,
    IpcMode: run.ipc ?? "private",
    Cgroup: "",
    Links: null,
    OomScoreAdj: 0,
    PidMode: run.pid ?? "",
    Privileged: false,
    PublishAllPorts: false,
    ReadonlyRootfs: run.readOnly,
    SecurityOpt: null,
    ...(tmpfs.length > 0 ? { Tmpfs: Object.fromEntries(tmpfs) } : {}),
    UTSMode: run.uts ?? "",
    UsernsMode: "",
    ShmSize: defaultSharedMemorySize,
    Runtime: "berth",
    Isolation: "",
    ...noLimits,
    MaskedPaths: maskedPaths,
    ReadonlyPaths: readOnlyPaths,
    Init: run.init,
  };
}

/** Docker's values where nothing limits a container (moby api/types/container/hostconfig.go `Resources`). */
const noLimits = {
  CpuShares: 0,
  Memory: 0,
  NanoCpus: 0,
  CgroupParent: "",
  BlkioWeight: 0,
  BlkioWeightDevice: [],
  BlkioDeviceReadBps: [],
  BlkioDeviceWriteBps: [],
  BlkioDeviceReadIOps: [],
  BlkioDeviceWriteIOps: [],
  CpuPeriod: 0,
  CpuQuota: 0,
  CpuRealtimePeriod: 0,
  CpuRealtimeRuntime: 0,
  CpusetCpus: "",
  CpusetMems: "",
  Devices: [],
  DeviceCgroupRules: null,
  DeviceRequests: null,
  MemoryReservation: 0,
  MemorySwap: 0,
  MemorySwappiness: null,
  OomKillDisable: null,
  PidsLimit: null,
  Ulimits: null,
  CpuCount: 0,
  CpuPercent: 0,
  IOMaximumIOps: 0,
  IOMaximumBandwidth: 0,
};

function mountPoint({
  type,
  name,
  source,
  destination,
  readOnly,
  propagation,
}: MountPoint): Record<string, unknown> {
  return {
    Type: type,
    ...(name === undefined ? {} : { Name: name }),
    Source: source,
    Destination: destination,
    ...(type === "volume" ? { Driver: "local" } : {}),
    Mode: readOnly ? "ro" : "",
    RW: !readOnly,
    Propagation: propagation,
  };
}

function networkSettings(kind: string, { state }: ContainerRecord): Record<string, unknown> {
  const connected = kind === "slirp4netns" && isUp(state);
  return {
    SandboxID: "",
    SandboxKey: state.process && isUp(state) ? `/proc/${state.process.pid}/ns/net` : "",
    Ports: {},
    Networks: {
      [networkName(kind)]: {
        IPAMConfig: null,
        Links: null,
        Aliases: null,
        DriverOpts: null,
        GwPriority: 0,
        NetworkID: "",
        EndpointID: "",
        Gateway: connected ? "10.0.2.2" : "",
        IPAddress: connected ? "10.0.2.100" : "",
        IPPrefixLen: connected ? 24 : 0,
        MacAddress: "",
        IPv6Gateway: "",
        GlobalIPv6Address: "",
        GlobalIPv6PrefixLen: 0,
        DNSNames: null,
      },
    },
  };
}

function pascalSizes({ sizeRw, sizeRootFs }: { sizeRw: number; sizeRootFs: number }) {
  return { SizeRw: sizeRw, SizeRootFs: sizeRootFs };
}
