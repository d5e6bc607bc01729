import { BerthError } from "../../base/errors.ts";
import { parseSize } from "../../base/parse-size.ts";
import type { DeviceRate, ResourceLimits } from "../../sys/resource-limits.ts";
import { flag, type FlagValues } from "../flags/spec.ts";

const checkSize = (value: string) => void parseSize(value);

/** The limits that `run`, `create` and `update` know; 0 and empty mean none (docker/cli container/opts.go, update.go). */
export const limitFlags = {
  "blkio-weight": flag.integer(
    "Block IO (relative weight), between 10 and 1000, or 0 to disable (default 0)",
  ),
  "cpu-period": flag.integer("Limit CPU CFS (Completely Fair Scheduler) period"),
  "cpu-quota": flag.integer("Limit CPU CFS (Completely Fair Scheduler) quota"),
  "cpu-rt-period": flag.integer("Limit CPU real-time period in microseconds"),
  "cpu-rt-runtime": flag.integer("Limit CPU real-time runtime in microseconds"),
  "cpu-shares": flag.integer("CPU shares (relative weight)", { short: "c" }),
  cpus: flag.text("Number of CPUs", { type: "decimal", check: (value) => void parseCpus(value) }),
  "cpuset-cpus": flag.text("CPUs in which to allow execution (0-3, 0,1)"),
  "cpuset-mems": flag.text("MEMs in which to allow execution (0-3, 0,1)"),
  memory: flag.text("Memory limit", {
    short: "m",
    type: "bytes",
    check: checkSize,
  }),
  "memory-reservation": flag.text("Memory soft limit", {
    type: "bytes",
    check: checkSize,
  }),
  "memory-swap": flag.text("Swap limit equal to memory plus swap: '-1' to enable unlimited swap", {
    type: "bytes",
    check: (value) => void parseSwap(value),
  }),
  "pids-limit": flag.integer("Tune container pids limit (set -1 for unlimited)"),
} as const;

const bytesPerSecond = (description: string) =>
  flag.list(description, { check: (value) => void parseRate(value, "bytes") });
const operationsPerSecond = (description: string) =>
  flag.list(description, { check: (value) => void parseRate(value, "operations") });

/** Those that only `run` and `create` know. */
export const deviceLimitFlags = {
  "blkio-weight-device": flag.list("Block IO weight (relative device weight)", {
    check: (value) => void parseWeight(value),
  }),
  "cgroup-parent": flag.text("Optional parent cgroup for the container"),
  "device-read-bps": bytesPerSecond("Limit read rate (bytes per second) from a device"),
  "device-read-iops": operationsPerSecond("Limit read rate (IO per second) from a device"),
  "device-write-bps": bytesPerSecond("Limit write rate (bytes per second) to a device"),
  "device-write-iops": operationsPerSecond("Limit write rate (IO per second) to a device"),
  "memory-swappiness": flag.integer("Tune container memory swappiness (0 to 100)", { default: -1 }),
  "oom-kill-disable": flag.boolean("Disable OOM Killer"),
} as const;

/** What was asked for; undefined when nothing was. Throws `unsupported` for what cgroup v2 cannot do. */
export function buildLimits(flags: FlagValues<typeof limitFlags>): ResourceLimits | undefined {
  if (flags["cpu-rt-period"] || flags["cpu-rt-runtime"])
    throw new BerthError(
      "unsupported",
      "cgroup v2 has no real-time limits (--cpu-rt-period, --cpu-rt-runtime)",
      { hint: "--cpus and --cpu-shares limit and weigh ordinary scheduling" },
    );
  return unlessEmpty({
    ...set("memory", flags.memory, bytes),
    ...set("memorySwap", flags["memory-swap"], parseSwap),
    ...set("memoryReservation", flags["memory-reservation"], bytes),
    ...set("nanoCpus", flags.cpus, parseCpus),
    ...set("cpuShares", flags["cpu-shares"], Number),
    ...set("cpuQuota", flags["cpu-quota"], Number),
    ...set("cpuPeriod", flags["cpu-period"], Number),
    ...set("cpusetCpus", flags["cpuset-cpus"], String),
    ...set("cpusetMems", flags["cpuset-mems"], String),
    ...set("pidsLimit", flags["pids-limit"], Number),
    ...set("blkioWeight", flags["blkio-weight"], Number),
  });
}

/** The same with the limits of devices, and without those that say that there is no limit. */
export function buildRunLimits(
  flags: FlagValues<typeof limitFlags & typeof deviceLimitFlags>,
): ResourceLimits | undefined {
  if (flags["oom-kill-disable"])
    throw new BerthError("unsupported", "cgroup v2 cannot disable the OOM killer (--oom-kill-disable)", {
      hint: "--memory-reservation protects memory, and --oom-score-adj lets others be killed first",
    });
  const swappiness = flags["memory-swappiness"] ?? -1;
  if (swappiness < -1 || swappiness > 100)
    throw new BerthError(
      "invalid-argument",
      `invalid value: ${swappiness}. Valid memory swappiness range is 0-100`,
    );
  if (swappiness !== -1)
    throw new BerthError("unsupported", "cgroup v2 has no swappiness of a container (--memory-swappiness)", {
      hint: "--memory-swap says how much a container may swap",
    });
  const rates = (values: readonly string[], unit: RateUnit) =>
    values.length === 0 ? undefined : values.map((value) => parseRate(value, unit));
  const weights = flags["blkio-weight-device"].map(parseWeight).filter(({ weight }) => weight > 0);
  const { pidsLimit = 0, cpuQuota = 0, memorySwap = 0, ...others } = buildLimits(flags) ?? {};
  return unlessEmpty({
    ...others,
    ...(pidsLimit > 0 ? { pidsLimit } : {}),
    ...(cpuQuota > 0 ? { cpuQuota } : {}),
    ...(memorySwap > 0 || (memorySwap < 0 && others.memory) ? { memorySwap } : {}),
    ...(weights.length === 0 ? {} : { blkioWeightDevice: weights }),
    ...set("deviceReadBps", rates(flags["device-read-bps"], "bytes"), (value) => value),
    ...set("deviceWriteBps", rates(flags["device-write-bps"], "bytes"), (value) => value),
    ...set("deviceReadIops", rates(flags["device-read-iops"], "operations"), (value) => value),
    ...set("deviceWriteIops", rates(flags["device-write-iops"], "operations"), (value) => value),
  });
}

function set<K extends string, I, O>(key: K, value: I | undefined, parse: (value: I) => O): { [P in K]?: O } {
  const result: { [P in K]?: O } = {};
  if (value === undefined || value === "") return result;
  const parsed = parse(value);
  if (parsed !== 0) result[key] = parsed;
  return result;
}

function unlessEmpty(limits: ResourceLimits): ResourceLimits | undefined {
  return Object.keys(limits).length === 0 ? undefined : limits;
}

const bytes = (text: string) => parseSize(text);

/** `-1` is without limit (docker/cli opts.MemSwapBytes). */
function parseSwap(text: string): number {
  return text === "-1" ? -1 : parseSize(text);
}

/** CPUs as a rational number (`1.5`, `3/2`, `1e-1`), in thousand millionths; texts of docker/cli opts.ParseCPUs. */
export function parseCpus(text: string): number {
  const [, sign, whole = "", fraction = "", exponent = "0", divisor] =
    /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?(?:\/(\d+))?$/.exec(text) ?? [];
  const isFraction = divisor !== undefined;
  const digits = whole + fraction;
  const malformed =
    sign === undefined || digits === "" || (isFraction && (/[.eE]/.test(text) || /^0+$/.test(divisor)));
  if (malformed) throw new BerthError("invalid-argument", `failed to parse ${text} as a rational number`);
  const power = 9 + Number(exponent) - fraction.length;
  const numerator = BigInt(digits) * 10n ** BigInt(Math.max(power, 0));
  const denominator = BigInt(divisor ?? 1) * 10n ** BigInt(Math.max(-power, 0));
  if (numerator % denominator !== 0n) throw new BerthError("invalid-argument", "value is too precise");
  return Number(numerator / denominator) * (sign === "-" ? -1 : 1);
}

type RateUnit = "bytes" | "operations";

/** `/dev/sda:1mb`, `/dev/sda:1000` (docker/cli opts/throttledevice.go). */
function parseRate(text: string, unit: RateUnit): DeviceRate {
  const { path, value } = splitDevice(text);
  const format = unit === "bytes" ? "<device-path>:<number>[<unit>]" : "<device-path>:<number>";
  const units = unit === "bytes" ? ". Unit is optional and can be kb, mb, or gb" : "";
  const refuse = (): never => {
    throw new BerthError(
      "invalid-argument",
      `invalid rate for device: ${text}. The correct format is ${format}. Number must be a positive integer${units}`,
    );
  };
  if (unit === "operations") return /^\d{1,15}$/.test(value) ? { path, rate: Number(value) } : refuse();
  try {
    return { path, rate: parseSize(value) };
  } catch {
    return refuse();
  }
}

/** `/dev/sda:500` (docker/cli opts/weightdevice.go). */
function parseWeight(text: string): { readonly path: string; readonly weight: number } {
  const { path, value } = splitDevice(text);
  const weight = /^\d{1,5}$/.test(value) ? Number(value) : Number.NaN;
  if (!(weight === 0 || (weight >= 10 && weight <= 1000)))
    throw new BerthError("invalid-argument", `invalid weight for device: ${text}`);
  return { path, weight };
}

function splitDevice(text: string): { readonly path: string; readonly value: string } {
  const colon = text.indexOf(":");
  if (colon < 1) throw new BerthError("invalid-argument", `bad format: ${text}`);
  const path = text.slice(0, colon);
  if (!path.startsWith("/dev/"))
    throw new BerthError("invalid-argument", `bad format for device path: ${text}`);
  return { path, value: text.slice(colon + 1) };
}
