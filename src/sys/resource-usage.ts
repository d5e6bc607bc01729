/** What a container uses, as the kernel counts it for its cgroup, or summed over its processes. */
import { readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { cgroupEvents } from "./cgroup.ts";
import type { Member } from "./pid-namespace.ts";

/** Sizes in bytes; CPU time since the start in nanoseconds. */
export interface ResourceUsage {
  readonly cpuTime: number;
  readonly memory: number;
  /** Tasks: every thread counts. */
  readonly tasks: number;
  readonly blockRead: number;
  readonly blockWritten: number;
}

/** USER_HZ, the unit of times in /proc, which is 100 on every architecture that berth runs on. */
const nanosecondsPerTick = 1e7;

/**
 * The sum over a container's processes. Children that ended are in their parents' times (proc_pid_stat(5)), shared
 * memory is divided among those who share it; a page cache belongs to nobody here.
 */
export function usageOfProcesses(members: readonly Member[]): ResourceUsage {
  const sum = (of: (member: Member) => number) => members.reduce((total, member) => total + of(member), 0);
  const io = members.map(({ pid }) => numbers(readText(`/proc/${pid}/io`), ":"));
  const sumIo = (key: string) => io.reduce((total, each) => total + (each.get(key) ?? 0), 0);
  return {
    cpuTime: sum(({ ticks }) => ticks) * nanosecondsPerTick,
    memory: sum(({ pid }) => memoryOf(pid)),
    tasks: sum(({ threads }) => threads),
    blockRead: sumIo("read_bytes"),
    blockWritten: sumIo("write_bytes"),
  };
}

/** Proportional memory where the kernel tells it, else resident memory. */
function memoryOf(pid: number): number {
  const proportional = /^Pss:\s+(\d+) kB$/m.exec(readText(`/proc/${pid}/smaps_rollup`))?.[1];
  if (proportional !== undefined) return Number(proportional) * 1024;
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readText(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;
}

/** What a cgroup counts, with the controllers that it has; memory without the cache that would be given back. */
export function usageOfCgroup(path: string): Partial<ResourceUsage> & { readonly memoryLimit?: number } {
  const events = cgroupEvents(path, "cpu.stat");
  const memory = integer(path, "memory.current");
  const limit = integer(path, "memory.max");
  const tasks = integer(path, "pids.current");
  const inactive = Number(cgroupEvents(path, "memory.stat").get("inactive_file") ?? 0);
  const io = [...readText(join(path, "io.stat")).matchAll(/\b(rbytes|wbytes)=(\d+)/g)];
  const sumIo = (key: string) =>
    io.reduce((total, [, name, value]) => total + (name === key ? Number(value) : 0), 0);
  return {
    ...(events.has("usage_usec") ? { cpuTime: Number(events.get("usage_usec")) * 1000 } : {}),
    ...(memory === undefined ? {} : { memory: inactive < memory ? memory - inactive : memory }),
    ...(limit === undefined ? {} : { memoryLimit: limit }),
    ...(tasks === undefined ? {} : { tasks }),
    ...(io.length === 0 ? {} : { blockRead: sumIo("rbytes"), blockWritten: sumIo("wbytes") }),
  };
}

/** Undefined where there is no such file, or no limit (`max`). */
function integer(path: string, file: string): number | undefined {
  const text = readText(join(path, file)).trim();
  return /^\d+$/.test(text) ? Number(text) : undefined;
}

/** Bytes through the interfaces of a process's network namespace but loopback; none when it is ours. */
export function networkUsage(pid: number): { readonly received: number; readonly sent: number } {
  const total = { received: 0, sent: 0 };
  if (namespace(pid) === namespace("self")) return total;
  // `name: bytes packets errs drop fifo frame compressed multicast bytes …` (proc_pid_net(5))
  for (const [, name, counts] of readText(`/proc/${pid}/net/dev`).matchAll(/^\s*([^\s:]+):\s*(.*)$/gm)) {
    const fields = counts!.split(/\s+/).map(Number);
    if (name === "lo") continue;
    total.received += fields[0] ?? 0;
    total.sent += fields[8] ?? 0;
  }
  return total;
}

function namespace(pid: number | "self"): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}

function numbers(text: string, separator: string): ReadonlyMap<string, number> {
  const lines = text.split("\n").filter(Boolean);
  return new Map(
    lines.map((line) => {
      const [key = "", value = ""] = line.split(separator);
      return [key, Number(value)];
    }),
  );
}

function readText(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
