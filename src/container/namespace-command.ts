import type { Helpers } from "../sys/helpers.ts";
import type { IdentityMap } from "../sys/identity.ts";
import { type NamespaceKind, userNamespaceCommand } from "../sys/namespaces.ts";
import type { RootMount } from "../sys/root-mount.ts";

export interface NamespaceRequest {
  readonly helpers: Helpers;
  readonly identity: IdentityMap;
  /** argv prefix of this executable. */
  readonly self: readonly string[];
  readonly network: "host" | "private";
  /** Only with this storage driver the command depends on the root. */
  readonly fuse: FuseMount | undefined;
}

export type FuseMount = Extract<RootMount, { kind: "fuse-overlayfs" }>;

/**
 * The command that ends as `internal-init` in a container's namespaces.
 *
 * There are two pid namespaces, one in the other. The outer one has a pid 1 that the container cannot see, and that
 * dies with berth: the kernel then ends everything in both, whatever the container has made of its own signals and of
 * PR_SET_PDEATHSIG. fuse-overlayfs lives there too, in a mount namespace of its own, and ends the same way. The inner
 * step is busybox's, because as pid 1 of a namespace one cannot end by the signal that ended one's child, and it
 * answers 128 + n where util-linux answers 1.
 */
export function namespaceCommand(request: NamespaceRequest): readonly string[] {
  const { helpers, identity, network, fuse } = request;
  const outer: readonly NamespaceKind[] = [
    "mount",
    "pid",
    "ipc",
    "uts",
    "cgroup",
    ...(network === "private" ? (["net"] as const) : []),
  ];
  const inner = (...flags: string[]) => [
    ...helpers.command("busybox"),
    "unshare",
    "-p",
    "-f",
    ...flags,
    ...request.self,
    "internal-init",
  ];
  if (fuse === undefined) return userNamespaceCommand(helpers, identity, outer, inner());
  const mounted = shellWords(fuseCommand(helpers, fuse));
  const script = [
    // It talks even when all is well, so its words are only shown when it fails.
    `said=$(${mounted} 3>&- 4>&- </dev/null 2>&1) || { echo "$said" >&2; exit 125; }`,
    `exec ${shellWords(inner("-m", "--propagation", "slave"))}`,
  ];
  return userNamespaceCommand(helpers, identity, outer, [
    ...helpers.command("busybox"),
    "sh",
    "-c",
    script.join("\n"),
  ]);
}

function fuseCommand(helpers: Helpers, root: FuseMount): string[] {
  const lower = root.lower.toReversed().map(escapeOption).join(":");
  const options = [
    `lowerdir=${lower}`,
    ...(root.writable
      ? [`upperdir=${escapeOption(root.writable.upper)}`, `workdir=${escapeOption(root.writable.work)}`]
      : []),
    ...(root.volatile ? ["volatile"] : []),
  ];
  return [...helpers.command("fuse-overlayfs"), "-o", options.join(","), root.mountPoint];
}

/** libfuse splits options at commas, fuse-overlayfs directories at colons; both take a backslash. */
function escapeOption(path: string): string {
  return path.replace(/[\\:,]/g, (character) => `\\${character}`);
}

/** Words for a POSIX shell, each quoted. */
function shellWords(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
}
