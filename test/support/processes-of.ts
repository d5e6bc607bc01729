/** Processes of this machine, as /proc tells them. */
import { readdirSync, readFileSync } from "node:fs";

export interface Process {
  readonly pid: number;
  readonly words: readonly string[];
}

/** All processes that work with this store, or hold its path in their environment. */
export function processesOf(root: string): Process[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      const command = readFileSync(`/proc/${name}/cmdline`, "utf8");
      const concerned =
        command.includes(root) || readFileSync(`/proc/${name}/environ`, "utf8").includes(root);
      return concerned ? [{ pid: Number(name), words: command.split("\0") }] : [];
    } catch {
      return [];
    }
  });
}

/** The pids of a process and of everything below it. */
export function familyOf(pid: number): number[] {
  let children: string;
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  } catch {
    children = "";
  }
  return [
    pid,
    ...children
      .split(" ")
      .filter(Boolean)
      .flatMap((child) => familyOf(Number(child))),
  ];
}

export function parentOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

export const isAlive = (pid: number) => {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};

export async function gone(pids: readonly number[]): Promise<void> {
  while (pids.some(isAlive)) await Bun.sleep(5);
}
