import type { HeldNumbers } from "../sys/held-namespaces.ts";
import type { Helpers } from "../sys/helpers.ts";
import {
  guardedCommand,
  innermostCommand,
  joinedPidCommand,
  type NamespaceKind,
  ownMountsCommand,
  unsharedCommand,
} from "../sys/namespaces.ts";
import type { IdTranslation, RootMount } from "../sys/root-mount.ts";
import { shellWords } from "../sys/user-namespace-command.ts";
import {
  channelDescriptor,
  lifelineDescriptor,
  rootNotMounted,
  gateDescriptor,
  terminalDescriptor,
  unmappedWord,
} from "./protocol.ts";
import type { NamespaceModes } from "./spec.ts";

export interface ContainerNamespaces {
  readonly helpers: Helpers;
  /** argv prefix of this executable. */
  readonly self: readonly string[];
  readonly modes: NamespaceModes;
  /** The numbers that those of another container have in the process. */
  readonly joined: HeldNumbers;
  /** Only with this storage driver the command depends on the root. */
  readonly fuse: FuseMount | undefined;
  /** The command makes the user namespace, too, and init waits for its ids. */
  readonly unmapped: boolean;
}

export type FuseMount = Extract<RootMount, { kind: "fuse-overlayfs" }>;

/** The root, if fuse-overlayfs has to mount it. */
export function fuseMount(root: RootMount): FuseMount | undefined {
  return root.kind === "fuse-overlayfs" ? root : undefined;
}

/** Whether nothing before init has to do with files and their owners. */
export function needsNoIds({ fuse, modes }: Pick<ContainerNamespaces, "fuse" | "modes">): boolean {
  return fuse === undefined && modes.pid === "private";
}

/**
 * The command that, as root of a user namespace, ends as `internal-init` in a container's namespaces.
 *
 * There are two pid namespaces, one in the other. The outer one has a pid 1 that the container cannot see, and that
 * dies with berth: the kernel then ends everything in both, whatever the container has made of its own signals.
 * fuse-overlayfs lives there too, in a mount namespace of its own, and ends the same way.
 *
 * With the processes of the host or of another container there is no such pid namespace: see `amongOthers`.
 */
export function namespaceCommand(container: ContainerNamespaces): readonly string[] {
  const { helpers, self, modes, fuse, unmapped } = container;
  const outer: NamespaceKind[] = unmapped ? ["user", "mount"] : ["mount"];
  if (modes.ipc === "private") outer.push("ipc");
  if (modes.uts === "private") outer.push("uts");
  if (modes.network === "private") outer.push("net");
  const berth = [...self, "internal-init"];
  const init = unmapped ? tellingCommand(helpers, [...berth, unmappedWord]) : berth;
  if (modes.pid !== "private") return unsharedCommand(helpers, outer, amongOthers(container, init));
  if (fuse === undefined) {
    return guardedCommand(helpers, outer, innermostCommand(helpers, { ownMounts: false }, init));
  }
  const script = [
    mounted(helpers, fuse),
    `exec ${shellWords(innermostCommand(helpers, { ownMounts: true }, init))}`,
  ];
  return guardedCommand(helpers, outer, [...helpers.command("busybox"), "sh", "-c", script.join("\n")]);
}

/**
 * Says at the gate that the user namespace is there: its ids are mapped while init starts. No busybox starts after that,
 * because each asks for its uid and then sets it, and would make itself the 65534 that it was told before the maps.
 */
function tellingCommand(helpers: Helpers, argv: readonly string[]): readonly string[] {
  return [...helpers.command("busybox"), "sh", "-c", `echo >&${gateDescriptor}; exec "$@"`, "sh", ...argv];
}

/**
 * In a pid namespace that is not ours, the kernel ends only the container's first process with berth
 * (`Launch.start`). fuse-overlayfs then has a pid namespace for itself, whose pid 1 ends with the descriptor that berth
 * holds the other end of. Ctrl-C is the program's affair, not that of what waits for it, and the
 * shell that waits keeps to itself by which signal it ended.
 */
function amongOthers(
  { helpers, joined, fuse }: ContainerNamespaces,
  init: readonly string[],
): readonly string[] {
  const own = fuse === undefined ? init : ownMountsCommand(helpers, init);
  if (fuse === undefined && joined.pid === undefined) return own;
  const command = shellWords(joined.pid === undefined ? own : joinedPidCommand(helpers, joined.pid, own));
  const shell = [...helpers.command("busybox"), "sh", "-c"];
  if (fuse === undefined) return [...shell, `trap '' INT; exec ${command}`];
  const wait = shellWords([...helpers.command("busybox"), "cat"]);
  const keeper = `${mounted(helpers, fuse)}\necho; exec ${wait} <&${lifelineDescriptor} >/dev/null`;
  const background = shellWords(guardedCommand(helpers, [], [...shell, keeper]));
  const spare = gateDescriptor; // nobody waits at the gate any more
  // So that the host hears when what it talks with ends.
  const closed = [channelDescriptor, terminalDescriptor, spare].map((fd) => `${fd}>&-`).join(" ");
  const script = [
    `trap '' INT; exec ${spare}<&0; (${background} ${closed} &)`,
    `{ read -r _ || exit ${rootNotMounted}; exec ${command} <&${spare} ${spare}<&-; } & wait $! 2>/dev/null`,
  ];
  return [...shell, script.join(" | ")];
}

/**
 * The command that, as root of a user namespace, runs `argv` with mounts of its own. With fuse-overlayfs the root is
 * mounted already, and the daemon ends with the command.
 */
export function besideRootCommand(
  helpers: Helpers,
  root: RootMount,
  argv: readonly string[],
): readonly string[] {
  const fuse = fuseMount(root);
  if (fuse === undefined) return ownMountsCommand(helpers, argv);
  const script = `${mounted(helpers, fuse)}\nexec ${shellWords(argv)}`;
  return guardedCommand(helpers, ["mount"], [...helpers.command("busybox"), "sh", "-c", script]);
}

/** It talks even when all is well, so its words are only shown when it fails. It may hold none of our descriptors. */
function mounted(helpers: Helpers, fuse: FuseMount): string {
  const command = shellWords(fuseCommand(helpers, fuse));
  return `said=$(${command} 3>&- 4>&- 5>&- </dev/null 2>&1) || { echo "$said" >&2; exit ${rootNotMounted}; }`;
}

function fuseCommand(helpers: Helpers, root: FuseMount): string[] {
  const lower = root.lower.toReversed().map(escapeOption).join(":");
  const options = [
    `lowerdir=${lower}`,
    `upperdir=${escapeOption(root.writable.upper)}`,
    `workdir=${escapeOption(root.writable.work)}`,
    ...(root.volatile ? ["volatile"] : []),
    ...(root.translation ? [`uidmapping=${ranges(root.translation.uids)}`] : []),
    ...(root.translation ? [`gidmapping=${ranges(root.translation.gids)}`] : []),
  ];
  return [...helpers.command("fuse-overlayfs"), "-o", options.join(","), root.mountPoint];
}

function ranges(translation: IdTranslation["uids"]): string {
  return translation.map(({ seen, shown, count }) => `${seen}:${shown}:${count}`).join(":");
}

/** libfuse splits options at commas, fuse-overlayfs directories at colons; both take a backslash. */
function escapeOption(path: string): string {
  return path.replace(/[\\:,]/g, (character) => `\\${character}`);
}
