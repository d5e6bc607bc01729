import { readFileSync } from "node:fs";
import { BerthError } from "../base/errors.ts";
import type { ResourceLimits } from "../sys/resource-limits.ts";

/** What the machine has, as lists like `0-3,5`. */
export interface Machine {
  readonly cpus: string;
  readonly memoryNodes: string;
}

export function readMachine(): Machine {
  return {
    cpus: readList("/sys/devices/system/cpu/online"),
    memoryNodes: readList("/sys/devices/system/node/online"),
  };
}

const smallestMemory = 6 * 1024 * 1024;

/** Refuses limits that make no sense, in moby's words (daemon/daemon_unix.go, verifyPlatformContainerResources). */
export function checkLimits(limits: ResourceLimits, machine: Machine, options = { update: false }): void {
  const { memory = 0, memorySwap = 0, memoryReservation = 0 } = limits;
  const { nanoCpus = 0, cpuPeriod = 0, cpuQuota = 0, blkioWeight = 0 } = limits;
  const { cpusetCpus = "", cpusetMems = "" } = limits;
  if (memory !== 0 && memory < smallestMemory) throw refuse("Minimum memory limit allowed is 6MB");
  if (memory > 0 && memorySwap > 0 && memorySwap < memory)
    throw refuse("Minimum memoryswap limit should be larger than memory limit, see usage");
  if (memory === 0 && memorySwap > 0 && !options.update)
    throw refuse("You should always set the Memory limit when using Memoryswap limit, see usage");
  if (memoryReservation > 0 && memoryReservation < smallestMemory)
    throw refuse("Minimum memory reservation allowed is 6MB");
  if (memory > 0 && memoryReservation > memory)
    throw refuse("Minimum memory limit can not be less than memory reservation limit, see usage");
  if (nanoCpus > 0 && cpuPeriod > 0)
    throw refuse("Conflicting options: Nano CPUs and CPU Period cannot both be set");
  if (nanoCpus > 0 && cpuQuota > 0)
    throw refuse("Conflicting options: Nano CPUs and CPU Quota cannot both be set");
  const count = parseNumberList(machine.cpus)?.size ?? 1;
  if (nanoCpus < 0 || nanoCpus > count * 1e9)
    throw refuse(`range of CPUs is from 0.01 to ${count}.00, as there are only ${count} CPUs available`);
  if (cpuPeriod !== 0 && (cpuPeriod < 1000 || cpuPeriod > 1_000_000))
    throw refuse("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
  if (cpuQuota > 0 && cpuQuota < 1000) throw refuse("CPU cfs quota can not be less than 1ms (i.e. 1000)");
  checkSet(cpusetCpus, machine.cpus, { value: "cpuset cpus", requested: "CPUs" });
  checkSet(cpusetMems, machine.memoryNodes, { value: "cpuset mems", requested: "memory nodes" });
  if (blkioWeight !== 0 && (blkioWeight < 10 || blkioWeight > 1000))
    throw refuse("Range of blkio weight is from 10 to 1000");
}

const refuse = (message: string) => new BerthError("invalid-argument", message);

function checkSet(
  text: string,
  available: string,
  names: { readonly value: string; readonly requested: string },
): void {
  const wanted = parseNumberList(text);
  if (wanted === undefined) throw refuse(`Invalid value ${text} for ${names.value}: invalid format: ${text}`);
  const existing = parseNumberList(available);
  if (existing !== undefined && [...wanted].some((number) => !existing.has(number)))
    throw refuse(
      `Requested ${names.requested} are not available - requested ${text}, available: ${available}`,
    );
}

/** The numbers of a list like `0-3,5`; undefined when it is none. */
export function parseNumberList(text: string): ReadonlySet<number> | undefined {
  const numbers = new Set<number>();
  if (text === "") return numbers;
  for (const part of text.split(",")) {
    const [, first, last = first] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part) ?? [];
    if (first === undefined || Number(last) < Number(first)) return undefined;
    for (let number = Number(first); number <= Number(last); number++) numbers.add(number);
  }
  return numbers;
}

/** A machine without memory nodes to choose from has node 0. */
function readList(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "0";
  }
}
