import { readFileSync } from "node:fs";

/** The monitor of a container: the ancestor of its first process that is berth. */
export function monitorOf(pid: number): number {
  for (let at = pid; ; ) {
    const stat = readFileSync(`/proc/${at}/stat`, "latin1");
    if (stat.includes("(berth)")) return at;
    at = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
  }
}
