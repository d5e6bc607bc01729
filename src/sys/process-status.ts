/** What ps(1) shows of a process, from the host's /proc. */
import { readFileSync } from "node:fs";
import { statFields } from "./pid-namespace.ts";

export interface ProcessStatus {
  readonly pid: number;
  readonly parent: number;
  /** Effective, as the host has it. */
  readonly uid: number;
  /** Seconds since 1970. */
  readonly startedAt: number;
  /** Seconds of CPU time. */
  readonly cpuTime: number;
  /** Number of its controlling terminal; 0 is none (proc_pid_stat(5), tty_nr). */
  readonly terminal: number;
  /** The command line; the name in brackets where there is none. */
  readonly command: string;
}

/** sysconf(_SC_CLK_TCK): what the kernel tells programs on all architectures that berth knows. */
const ticksPerSecond = 100;

let boot: number | undefined;

/** Seconds since 1970 at which the machine was started. */
function bootTime(): number {
  boot ??= Number(/^btime (\d+)$/m.exec(readFileSync("/proc/stat", "latin1"))?.[1]);
  return boot;
}

/** Undefined when it has ended. */
export function readProcessStatus(pid: number): ProcessStatus | undefined {
  try {
    const read = (file: string) => readFileSync(`/proc/${pid}/${file}`);
    const stat = read("stat").toString("latin1");
    const field = statFields(stat);
    const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
    const words = read("cmdline").toString().replace(/\0+$/, "");
    return {
      pid,
      parent: Number(field(4)),
      uid: Number(/^Uid:\s+\d+\s+(\d+)/m.exec(read("status").toString("latin1"))?.[1]),
      startedAt: bootTime() + Number(field(22)) / ticksPerSecond,
      cpuTime: (Number(field(14)) + Number(field(15))) / ticksPerSecond,
      terminal: Number(field(7)),
      command: words === "" ? `[${name}]` : words.replaceAll("\0", " "),
    };
  } catch {
    return undefined;
  }
}
