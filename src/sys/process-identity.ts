import { readText, readTextIfThere } from "./files.ts";

/** A process that cannot be mistaken for another one: pids are reused, machines reboot. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat, in clock ticks since boot. */
  readonly startTime: number;
  /** /proc/sys/kernel/random/boot_id */
  readonly bootId: string;
}

let bootId: string | undefined;

function currentBootId(): string {
  bootId ??= readText("/proc/sys/kernel/random/boot_id").trim();
  return bootId;
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
  return stat && { pid, startTime: stat.startTime, bootId: currentBootId() };
}

/** Whether exactly this process still runs; a zombie does not. */
export function isAlive(identity: ProcessIdentity): boolean {
  if (identity.bootId !== currentBootId()) return false;
  const stat = readStat(identity.pid);
  return (
    stat !== undefined && stat.startTime === identity.startTime && stat.state !== "Z" && stat.state !== "X"
  );
}
