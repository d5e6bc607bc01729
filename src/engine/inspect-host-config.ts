import { defaultSharedMemorySize } from "../container/kernel-file-systems.ts";
import { maskedPaths, readOnlyPaths } from "../container/plan.ts";
import type { DeviceRate } from "../sys/resource-limits.ts";
import { networkMode } from "./network/network-names.ts";
import { defaultLogDriver } from "./container-logging.ts";
import type { ContainerOptions } from "./container-record.ts";
import { portBindings } from "./inspect-network.ts";
import type { MountOption, RunOptions } from "./run-options.ts";

/**
 * Docker's HostConfig in its order (moby api/types/container/hostconfig.go), as it is where nothing was asked for. What
 * is undefined here is left out of the document then, but templates may ask for it.
 */
const unasked = {
  Binds: null,
  ContainerIDFile: "",
  LogConfig: { Type: defaultLogDriver, Config: {} },
  NetworkMode: "bridge",
  PortBindings: {},
  RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
  AutoRemove: false,
  VolumeDriver: "",
  VolumesFrom: null,
  ConsoleSize: [0, 0],
  Annotations: undefined,
  CapAdd: null,
  CapDrop: null,
  CgroupnsMode: "private",
  Dns: [],
  DnsOptions: [],
  DnsSearch: [],
  ExtraHosts: null,
  GroupAdd: null,
  IpcMode: "private",
  Cgroup: "",
  Links: null,
  OomScoreAdj: 0,
  PidMode: "",
  Privileged: false,
  PublishAllPorts: false,
  ReadonlyRootfs: false,
  SecurityOpt: null,
  StorageOpt: undefined,
  Tmpfs: undefined,
  UTSMode: "",
  UsernsMode: "",
  ShmSize: defaultSharedMemorySize,
  Sysctls: undefined,
  Runtime: "berth",
  Isolation: "",
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
  Mounts: undefined,
  MaskedPaths: maskedPaths,
  ReadonlyPaths: readOnlyPaths,
  Init: undefined,
};

/** Some fields of HostConfig; an undefined one was not asked for. */
type Asked = { readonly [K in keyof typeof unasked]?: unknown };

/** What was asked for of the host. `hasLog` is false for a container that runs without one. */
export function hostConfig(options: ContainerOptions, hasLog: boolean): Record<string, unknown> {
  const { run } = options;
  const asked: readonly Asked[] = [
    { AutoRemove: run.remove, ContainerIDFile: run.cidfile, Init: run.init || undefined },
    mountFields(run.mounts),
    namespaceFields(run),
    isolationFields(run),
    nameFields(run),
    { PortBindings: portBindings(options), PublishAllPorts: run.ports?.publishAll },
    {
      LogConfig: {
        Type: hasLog ? (run.logging?.driver ?? defaultLogDriver) : "none",
        Config: run.logging?.options ?? {},
      },
    },
    { ReadonlyRootfs: run.readOnly, RestartPolicy: restartPolicy(run.restart) },
    limitFields(run),
  ];
  const config: Record<string, unknown> = { ...unasked };
  for (const [field, value] of asked.flatMap(Object.entries)) if (value !== undefined) config[field] = value;
  return config;
}

function namespaceFields({ network, cgroupns, ipc, pid, uts }: RunOptions): Asked {
  return {
    NetworkMode: networkMode(network),
    CgroupnsMode: cgroupns,
    IpcMode: ipc,
    PidMode: pid,
    UTSMode: uts,
  };
}

function isolationFields(run: RunOptions): Asked {
  const paths = run.systemPaths;
  return {
    Annotations: run.annotations,
    CapAdd: run.capAdd,
    CapDrop: run.capDrop,
    Devices: run.devices?.map(({ source, target, permissions }) => ({
      PathOnHost: source,
      PathInContainer: target,
      CgroupPermissions: permissions,
    })),
    DeviceRequests: run.deviceRequests?.map(({ driver, count, ids, capabilities }) => ({
      Driver: driver,
      Count: count,
      DeviceIDs: ids.length > 0 ? ids : null,
      Capabilities: capabilities,
      Options: {},
    })),
    GroupAdd: run.groupAdd,
    OomScoreAdj: run.oomScoreAdjustment,
    Privileged: run.privileged,
    SecurityOpt: run.securityOptions,
    ShmSize: run.sharedMemorySize,
    Sysctls: run.sysctls,
    UsernsMode: run.userns,
    VolumesFrom: run.volumesFrom?.map(({ container, readOnly }) => `${container}${readOnly ? ":ro" : ""}`),
    Ulimits: run.limits?.map(({ name, soft, hard }) => ({ Name: name, Hard: hard, Soft: soft })),
    MaskedPaths: paths?.masked ?? (run.privileged ? null : undefined),
    ReadonlyPaths: paths?.readOnly ?? (run.privileged ? null : undefined),
  };
}

function restartPolicy(policy: RunOptions["restart"]): object | undefined {
  return policy && { Name: policy.name, MaximumRetryCount: policy.maximumRetries };
}

function nameFields({ names }: RunOptions): Asked {
  return {
    Dns: names?.servers,
    DnsOptions: names?.options,
    DnsSearch: names?.search,
    ExtraHosts: names && names.hosts.length > 0 ? names.hosts : undefined,
  };
}

function limitFields({ resources: limits = {}, cgroupParent }: RunOptions): Asked {
  const { memory, memorySwap } = limits;
  const rates = (devices: readonly DeviceRate[] | undefined) =>
    devices?.map(({ path, rate }) => ({ Path: path, Rate: rate }));
  return {
    CgroupParent: cgroupParent,
    Memory: memory,
    MemorySwap: memorySwap ?? (memory === undefined ? undefined : memory * 2),
    MemoryReservation: limits.memoryReservation,
    NanoCpus: limits.nanoCpus,
    CpuShares: limits.cpuShares,
    CpuPeriod: limits.cpuPeriod,
    CpuQuota: limits.cpuQuota,
    CpusetCpus: limits.cpusetCpus,
    CpusetMems: limits.cpusetMems,
    PidsLimit: limits.pidsLimit,
    BlkioWeight: limits.blkioWeight,
    BlkioWeightDevice: limits.blkioWeightDevice?.map(({ path, weight }) => ({ Path: path, Weight: weight })),
    BlkioDeviceReadBps: rates(limits.deviceReadBps),
    BlkioDeviceWriteBps: rates(limits.deviceWriteBps),
    BlkioDeviceReadIOps: rates(limits.deviceReadIops),
    BlkioDeviceWriteIOps: rates(limits.deviceWriteIops),
  };
}

/** `-v` is in Binds, `--tmpfs` in Tmpfs, `--mount` of what has to exist in Mounts. */
function mountFields(mounts: readonly MountOption[]): Asked {
  const binds: string[] = [];
  const tmpfs: Record<string, string> = {};
  const others: Record<string, unknown>[] = [];
  for (const mount of mounts) {
    switch (mount.kind) {
      case "bind":
        if (mount.createSource)
          binds.push(bind(mount.source, mount.target, mode(mount), mount.propagation, chown(mount)));
        else others.push(otherMount(mount));
        break;
      case "volume":
        if (mount.subpath !== undefined || mount.labels !== undefined) others.push(otherVolume(mount));
        else if (mount.name !== undefined)
          binds.push(
            bind(mount.name, mount.target, mode(mount), mount.noCopy ? "nocopy" : undefined, chown(mount)),
          );
        break;
      case "image":
        others.push({
          Type: "image",
          Source: mount.image,
          Target: mount.target,
          ...(mount.subpath === undefined ? {} : { ImageOptions: { Subpath: mount.subpath } }),
        });
        break;
      case "tmpfs":
        tmpfs[mount.target] = tmpfsOptions(mount);
        break;
      default:
        mount satisfies never;
    }
  }
  return {
    Binds: binds.length > 0 ? binds : undefined,
    Tmpfs: Object.keys(tmpfs).length > 0 ? tmpfs : undefined,
    Mounts: others.length > 0 ? others : undefined,
  };
}

const mode = ({ readOnly }: { readonly readOnly: boolean }) => (readOnly ? "ro" : undefined);

const chown = (mount: { readonly chown?: true }) => (mount.chown ? "U" : undefined);

/** `source:target[:option,…]` */
function bind(source: string, target: string, ...options: readonly (string | undefined)[]): string {
  return [source, target, options.filter(Boolean).join(",")].filter(Boolean).join(":");
}

function otherVolume(mount: Extract<MountOption, { kind: "volume" }>) {
  const { name, target, readOnly, noCopy, labels, subpath } = mount;
  return {
    Type: "volume",
    ...(name === undefined ? {} : { Source: name }),
    Target: target,
    ...(readOnly ? { ReadOnly: true } : {}),
    VolumeOptions: {
      ...(noCopy ? { NoCopy: true } : {}),
      ...(labels ? { Labels: labels } : {}),
      ...(subpath === undefined ? {} : { Subpath: subpath }),
    },
  };
}

function otherMount({
  source,
  target,
  readOnly,
  propagation,
  recursive,
}: Extract<MountOption, { kind: "bind" }>) {
  const bindOptions = {
    ...(propagation === undefined ? {} : { Propagation: propagation }),
    ...(recursive === "disabled" ? { NonRecursive: true } : {}),
    ...(recursive === "writable" ? { ReadOnlyNonRecursive: true } : {}),
  };
  return {
    Type: "bind",
    Source: source,
    Target: target,
    ...(readOnly ? { ReadOnly: true } : {}),
    ...(Object.keys(bindOptions).length > 0 ? { BindOptions: bindOptions } : {}),
  };
}

function tmpfsOptions({ readOnly, flags, size, mode }: Extract<MountOption, { kind: "tmpfs" }>): string {
  return [
    ...(readOnly ? ["ro"] : []),
    ...flags,
    ...(size === undefined ? [] : [`size=${size}`]),
    ...(mode === undefined ? [] : [`mode=${mode.toString(8)}`]),
  ].join(",");
}
