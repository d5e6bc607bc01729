import type { Helpers } from "../sys/helpers.ts";
import { guardedCommand, innermostCommand, type NamespaceKind } from "../sys/namespaces.ts";
import type { RootMount } from "../sys/root-mount.ts";

export interface ContainerNamespaces {
  readonly helpers: Helpers;
  /** argv prefix of this executable. */
  readonly self: readonly string[];
  readonly network: "host" | "private";
  /** Only with this storage driver the command depends on the root. */
  readonly fuse: FuseMount | undefined;
}

export type FuseMount = Extract<RootMount, { kind: "fuse-overlayfs" }>;

/**
 * The command that, as root of a user namespace, ends as `internal-init` in a container's namespaces.
 *
 * There are two pid namespaces, one in the other. The outer one has a pid 1 that the container cannot see, and that
 * dies with berth: the kernel then ends everything in both, whatever the container has made of its own signals.
 * fuse-overlayfs lives there too, in a mount namespace of its own, and ends the same way.
 */
export function namespaceCommand({ helpers, self, network, fuse }: ContainerNamespaces): readonly string[] {
  const shared: readonly NamespaceKind[] = ["mount", "ipc", "uts"];
  const outer = network === "private" ? ([...shared, "net"] as const) : shared;
  const init = [...self, "internal-init"];
  if (fuse === undefined) {
    return guardedCommand(helpers, outer, innermostCommand(helpers, { ownMounts: false }, init));
  }
  const script = [
    // It talks even when all is well, so its words are only shown when it fails. It may hold none of our descriptors.
    `said=$(${shellWords(fuseCommand(helpers, fuse))} 3>&- 4>&- 5>&- </dev/null 2>&1) || { echo "$said" >&2; exit 125; }`,
    `exec ${shellWords(innermostCommand(helpers, { ownMounts: true }, init))}`,
  ];
  return guardedCommand(helpers, outer, [...helpers.command("busybox"), "sh", "-c", script.join("\n")]);
}

function fuseCommand(helpers: Helpers, root: FuseMount): string[] {
  const lower = root.lower.toReversed().map(escapeOption).join(":");
  const options = [
    `lowerdir=${lower}`,
    `upperdir=${escapeOption(root.writable.upper)}`,
    `workdir=${escapeOption(root.writable.work)}`,
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
