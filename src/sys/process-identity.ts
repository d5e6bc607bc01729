import { readText, readTextIfThere } from "./files.ts";

/** A process that cannot be mistaken for another one: pids are reused, machines reboot. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat, in clock ticks since boot. */
  readonly startTime: number;
  /** /proc/sys/kernel/random/boot_id */
  readonly bootId: string;
  /** The name of its machine, which is told to people; absent in records of older versions. */
  readonly host?: string;
}

let bootId: string | undefined;
let host: string | undefined;

function currentBootId(): string {
  bootId ??= readText("/proc/sys/kernel/random/boot_id").trim();
  return bootId;
}

export function ownHost(): string {
  host ??= readText("/proc/sys/kernel/hostname").trim();
  return host;
}

/** State letter and start time from /proc/PID/stat; the command name may hold spaces and parentheses (proc(5)). */
function readStat(pid: number): { state: string; startTime: number } | undefined {
  let text: string | undefined;
  try {
    text = readTextIfThere(`/proc/${pid}/stat`);
  } catch {
    // It ended meanwhile (ESRCH).
  }
  if (text === undefined) return undefined;
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0] ?? "", startTime: Number(fields[19]) };
}

/** The identity of a live process, or undefined when there is none. */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid);
  return stat && { pid, startTime: stat.startTime, bootId: currentBootId(), host: ownHost() };
}

/** Whether this machine, as this process sees it, still knows exactly this process; one that has just ended it may. */
export function isKnownHere(identity: ProcessIdentity): boolean {
  return identity.bootId === currentBootId() && readStat(identity.pid)?.startTime === identity.startTime;
}

/** Whether exactly this process still runs; a zombie does not. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.bootId !== currentBootId()) return false;
  const stat = readStat(identity.pid);
  return (
    stat !== undefined && stat.startTime === identity.startTime && stat.state !== "Z" && stat.state !== "X"
  );
}
