/** The columns of `ps -ef`, as procps writes them. */
import type { ProcessStatus } from "../sys/process-status.ts";

/** A line of titles and one for each process. */
export interface ProcessList {
  readonly titles: readonly string[];
  readonly processes: readonly (readonly string[])[];
}

export const titles = ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"];

/** `now` is in seconds since 1970. */
export function columnsOf(process: ProcessStatus, user: string, now: number): string[] {
  const { pid, parent, startedAt, cpuTime, terminal, command } = process;
  const share = Math.trunc((100 * cpuTime) / Math.max(now - startedAt, 1));
  return [
    user,
    String(pid),
    String(parent),
    String(Math.min(share, 99)),
    startColumn(startedAt, now),
    terminalColumn(terminal),
    timeColumn(cpuTime),
    command,
  ];
}

/** `14:05` today, `Jan02` this year, else the year. */
function startColumn(startedAt: number, now: number): string {
  const [start, today] = [new Date(startedAt * 1000), new Date(now * 1000)];
  const two = (number: number) => String(number).padStart(2, "0");
  if (start.getFullYear() !== today.getFullYear()) return String(start.getFullYear());
  if (start.getMonth() === today.getMonth() && start.getDate() === today.getDate())
    return `${two(start.getHours())}:${two(start.getMinutes())}`;
  return `${months[start.getMonth()]}${two(start.getDate())}`;
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** Majors 136 to 143 are pseudo-terminals, 256 numbers each (Documentation/admin-guide/devices.txt). */
function terminalColumn(device: number): string {
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  if (major >= 136 && major <= 143) return `pts/${(major - 136) * 256 + minor}`;
  if (major === 4) return minor < 64 ? `tty${minor}` : `ttyS${minor - 64}`;
  return "?";
}

/** `00:01:02`, with days before it where there are any. */
function timeColumn(seconds: number): string {
  const whole = Math.trunc(seconds);
  const parts = [Math.trunc(whole / 3600) % 24, Math.trunc(whole / 60) % 60, whole % 60];
  const clock = parts.map((part) => String(part).padStart(2, "0")).join(":");
  const days = Math.trunc(whole / 86_400);
  return days === 0 ? clock : `${days}-${clock}`;
}
