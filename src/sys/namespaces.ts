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
    ...helpers.command("setpriv"),
    "--pdeathsig=KILL",
    ...helpers.command("unshare"),
    "--user",
    "--map-root-user",
    ...(identity.mode === "subordinate"
      ? [...rangeFlag("--map-users", identity.uids), ...rangeFlag("--map-groups", identity.gids)]
      : []),
    ...namespaces.map((kind) => `--${kind}`),
    // As a slave, so that what the host unmounts later is not held here; nothing of ours reaches the host.
    ...(namespaces.includes("mount") ? ["--propagation=slave"] : []),
    ...(namespaces.includes("pid") ? ["--fork", "--kill-child"] : []),
    "--",
    ...argv,
  ];
}
