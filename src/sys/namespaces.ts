import { readFileSync } from "node:fs";
import type { Helpers } from "./helpers.ts";
import type { IdentityMap, IdRange } from "./identity.ts";

export type NamespaceKind = "mount" | "pid" | "ipc" | "uts" | "net" | "cgroup";

function largest(ranges: readonly IdRange[]): IdRange | undefined {
  return ranges.filter((range) => range.inside !== 0).toSorted((a, b) => b.count - a.count)[0];
}

/** unshare(1) takes one range besides root: `outer,inner,count`. */
function rangeFlag(flag: string, ranges: readonly IdRange[]): string[] {
  const range = largest(ranges);
  return range === undefined ? [] : [`${flag}=${range.outside},1,${range.count}`];
}

/**
 * The argv that runs `argv` as root of a new user namespace, and in the other new namespaces named.
 * Until the id maps are written the end of berth does not end it; it looks for its engine itself. Kill it only with
 * `killNamespaceCommand`.
 * With a pid namespace the program is its pid 1 and dies with unshare; everything dies with berth itself
 * (PR_SET_PDEATHSIG), because a helper without its engine is of no use to anybody.
 */
export function userNamespaceCommand(
  helpers: Helpers,
  identity: IdentityMap,
  namespaces: readonly NamespaceKind[],
  argv: readonly string[],
): string[] {
  return [
    ...helpers.command("unshare"),
    "--user",
    "--map-root-user",
    ...(identity.mode === "subordinate"
      ? [...rangeFlag("--map-users", identity.uids), ...rangeFlag("--map-groups", identity.gids)]
      : []),
    "--",
    // Not before: a child of unshare runs newuidmap when unshare says so, and would wait for ever for a dead one.
    ...helpers.command("setpriv"),
    "--pdeathsig=KILL",
    ...helpers.command("unshare"),
    ...namespaces.map((kind) => `--${kind}`),
    // As a slave, so that what the host unmounts later is not held here; nothing of ours reaches the host.
    ...(namespaces.includes("mount") ? ["--propagation=slave"] : []),
    ...(namespaces.includes("pid") ? ["--fork", "--kill-child"] : []),
    "--",
    ...argv,
  ];
}

/**
 * Kills what `userNamespaceCommand` started, with its children: the one that writes the id maps would otherwise wait
 * for its dead parent for ever, and keep our pipes open.
 */
export function killNamespaceCommand(child: Pick<Bun.Subprocess, "pid" | "exitCode" | "signalCode">): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  kill(child.pid, "SIGSTOP"); // so that it starts nothing more
  for (const pid of childrenOf(child.pid)) kill(pid, "SIGKILL");
  kill(child.pid, "SIGKILL");
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has just ended.
  }
}

/** proc(5): the children of a process's main thread; none where the kernel does not tell. */
function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").split(" ").filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
