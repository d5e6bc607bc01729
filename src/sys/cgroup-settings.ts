import type { DeviceRate, ResourceLimits } from "./resource-limits.ts";

/** One value to write into a file of a cgroup. */
export interface CgroupSetting {
  readonly controller: Controller;
  readonly file: string;
  readonly value: string;
  /** Nobody asked for it: a kernel without the file (swap accounting is an option) does without. */
  readonly optional?: true;
}

export const controllers = ["cpu", "cpuset", "io", "memory", "pids"] as const;
export type Controller = (typeof controllers)[number];

/**
 * Limits as the files of cgroup v2 (Documentation/admin-guide/cgroup-v2.rst), in an order in which each may be written.
 * `deviceNumber` gives `major:minor` of a device's path.
 */
export function cgroupSettings(
  limits: ResourceLimits,
  deviceNumber: (path: string) => string,
): readonly CgroupSetting[] {
  return [
    ...memory(limits),
    ...cpu(limits),
    ...setting("cpuset", "cpuset.cpus", limits.cpusetCpus),
    ...setting("cpuset", "cpuset.mems", limits.cpusetMems),
    ...setting("pids", "pids.max", limits.pidsLimit, limitOrMax),
    ...io(limits, deviceNumber),
  ];
}

/** The controllers that settings need, each once. */
export function controllersOf(settings: readonly CgroupSetting[]): readonly Controller[] {
  return [...new Set(settings.map(({ controller }) => controller))];
}

function setting<T>(
  controller: Controller,
  file: string,
  value: T | undefined,
  show: (value: T) => string = String,
): CgroupSetting[] {
  return value === undefined ? [] : [{ controller, file, value: show(value) }];
}

const limitOrMax = (limit: number) => (limit > 0 ? String(limit) : "max");

function memory({ memory: bytes, memorySwap, memoryReservation }: ResourceLimits): CgroupSetting[] {
  const swap =
    memorySwap === undefined
      ? setting("memory", "memory.swap.max", bytes).map((one) => ({ ...one, optional: true as const }))
      : setting("memory", "memory.swap.max", memorySwap, (sum) =>
          sum < 0 ? "max" : String(sum - (bytes ?? 0)),
        );
  return [
    ...setting("memory", "memory.max", bytes),
    ...swap,
    ...setting("memory", "memory.low", memoryReservation),
  ];
}

const usualPeriod = 100_000;

function cpu({ nanoCpus, cpuQuota, cpuPeriod, cpuShares }: ResourceLimits): CgroupSetting[] {
  const quota = nanoCpus === undefined ? cpuQuota : Math.round((nanoCpus * usualPeriod) / 1e9);
  const maximum =
    quota === undefined && cpuPeriod === undefined
      ? undefined
      : `${limitOrMax(quota ?? -1)} ${cpuPeriod ?? usualPeriod}`;
  return [
    ...setting("cpu", "cpu.weight", cpuShares, (shares) => String(cpuWeight(shares))),
    ...setting("cpu", "cpu.max", maximum),
  ];
}

/**
 * The weight (1 to 10000, usually 100) for shares (2 to 262144, usually 1024): the curve on which runc and crun agreed,
 * which keeps both ends and the middle (opencontainers/cgroups, ConvertCPUSharesToCgroupV2Value).
 */
export function cpuWeight(shares: number): number {
  if (shares <= 2) return 1;
  if (shares >= 262_144) return 10_000;
  const power = Math.log2(shares);
  return Math.ceil(10 ** ((power * power + 125 * power) / 612 - 7 / 34));
}

/** From Docker's 10 to 1000 to the kernel's 1 to 10000. */
const ioWeight = (weight: number) => Math.trunc(1 + ((weight - 10) * 9999) / 990);

function io(limits: ResourceLimits, deviceNumber: (path: string) => string): CgroupSetting[] {
  const rates = new Map<string, string[]>();
  const collect = (key: string, devices: readonly DeviceRate[] = []) => {
    for (const { path, rate } of devices) {
      const device = deviceNumber(path);
      rates.set(device, [...(rates.get(device) ?? []), `${key}=${limitOrMax(rate)}`]);
    }
  };
  collect("rbps", limits.deviceReadBps);
  collect("wbps", limits.deviceWriteBps);
  collect("riops", limits.deviceReadIops);
  collect("wiops", limits.deviceWriteIops);
  return [
    ...setting("io", "io.weight", limits.blkioWeight, (weight) => `default ${ioWeight(weight)}`),
    ...(limits.blkioWeightDevice ?? []).flatMap(({ path, weight }) =>
      setting("io", "io.weight", `${deviceNumber(path)} ${ioWeight(weight)}`),
    ),
    ...[...rates].flatMap(([device, words]) => setting("io", "io.max", `${device} ${words.join(" ")}`)),
  ];
}
