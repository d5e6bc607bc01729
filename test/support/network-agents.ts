import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** The network agents with a foot in the network namespace of a process. */
export function agentsOf(pid: number): number[] {
  const namespace = readlinkSync(`/proc/${pid}/ns/net`);
  return readdirSync("/proc").flatMap((entry) => {
    try {
      const isAgent = readFileSync(`/proc/${entry}/cmdline`, "latin1").includes("\0internal-network\0");
      return isAgent && readlinkSync(`/proc/${entry}/ns/net`) === namespace ? [Number(entry)] : [];
    } catch {
      return []; // no process, gone, or somebody else's
    }
  });
}
