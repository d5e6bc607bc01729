import type { Helpers } from "../sys/helpers.ts";
import type { IdentityMap } from "../sys/identity.ts";
import { type NamespaceKind, userNamespaceCommand } from "../sys/namespaces.ts";
import type { RootMount } from "../sys/root-mount.ts";

export interface NamespaceRequest {
  readonly helpers: Helpers;
  readonly identity: IdentityMap;
  /** argv prefix of this executable. */
  readonly self: readonly string[];
  readonly root: RootMount;
  readonly network: "host" | "private";
}

/**
 * The command that ends as `internal-init` in a container's namespaces.
 *
 * With fuse-overlayfs there are two stages: an outer pid and mount namespace holds the file system daemon, and the
 * container's are nested inside. So the container cannot see the daemon, and when the outer shell ends, however it
 * ends, the kernel ends the daemon and drops the mount.
 */
export function namespaceCommand(request: NamespaceRequest): readonly string[] {
  const { helpers, identity, root } = request;
  const init = [...request.self, "internal-init"];
  const own: NamespaceKind[] = [
    "mount",
    "pid",
    "ipc",
    "uts",
    "cgroup",
    ...(request.network === "private" ? (["net"] as const) : []),
  ];
  if (root.kind !== "fuse-overlayfs") return userNamespaceCommand(helpers, identity, own, init);
  const inner = [
    ...helpers.command("unshare"),
    ...own.map((kind) => `--${kind}`),
    "--propagation=slave",
    "--fork",
    "--kill-child",
    "--",
    ...init,
  ];
  const script = [
    // It talks even when all is well, so its words are only shown when it fails.
    `said=$(${shellWords(fuseCommand(helpers, root))} 3>&- 4>&- </dev/null 2>&1) || { echo "$said" >&2; exit 125; }`,
    // A shell in between, because pid 1 of a namespace cannot end by the signal that ended its child.
    shellWords(inner),
    "exit $?",
  ].join("\n");
  const outer = [...helpers.command("busybox"), "sh", "-c", script];
  return userNamespaceCommand(helpers, identity, ["mount", "pid"], outer);
}

function fuseCommand(helpers: Helpers, root: Extract<RootMount, { kind: "fuse-overlayfs" }>): string[] {
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
