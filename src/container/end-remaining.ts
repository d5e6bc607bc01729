import { readdirSync, readlinkSync } from "node:fs";

/** Which mount namespace a process is in, as the kernel names it; undefined when it has ended. */
export function mountNamespaceOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`);
  } catch {
    return undefined;
  }
}

const mostRounds = 1000;

/**
 * Kills what is left of a container whose first process has ended and that has no pid namespace of its own, by its
 * mount namespace. Looks again until nothing is left, because processes make processes; one that the kernel cannot end
 * (in uninterruptible sleep) is given up after seconds.
 */
export async function endRemaining(mountNamespace: string): Promise<void> {
  for (let round = 0; round < mostRounds; round++) {
    const left = readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .filter((pid) => mountNamespaceOf(pid) === mountNamespace);
    if (left.length === 0) return;
    for (const pid of left) kill(pid);
    await Bun.sleep(5);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}
