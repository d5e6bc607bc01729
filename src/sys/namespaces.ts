import { BerthError } from "../base/errors.ts";
import { close } from "./files.ts";
import type { Helpers } from "./helpers.ts";
import type { IdentityMap, IdRange } from "./identity.ts";
import { createPipe, createSocketPair, killAtHangUp } from "./libc.ts";
import { type UserNamespaceRequest, userNamespaceCommand } from "./user-namespace-command.ts";

export type NamespaceKind = "user" | "mount" | "ipc" | "uts" | "net";

/** The argv that runs `argv` in new namespaces. */
export function unsharedCommand(
  helpers: Helpers,
  kinds: readonly NamespaceKind[],
  argv: readonly string[],
): readonly string[] {
  return [...helpers.command("unshare"), ...flagsOf(kinds), "--", ...argv];
}

/**
 * The same as pid 1 of a new pid namespace. The unshare in between waits for it, and when that is killed, so is pid 1
 * (PR_SET_PDEATHSIG) and everything in its namespace.
 */
export function guardedCommand(
  helpers: Helpers,
  kinds: readonly NamespaceKind[],
  argv: readonly string[],
): readonly string[] {
  const guard = ["--pid", "--fork", "--kill-child"];
  return [...helpers.command("unshare"), ...flagsOf(kinds), ...guard, "--", ...argv];
}

function flagsOf(kinds: readonly NamespaceKind[]): readonly string[] {
  return [
    ...kinds.map((kind) => `--${kind}`),
    // An exec by somebody who is not root there yet would cost all of them (capabilities(7)).
    ...(kinds.includes("user") ? ["--keep-caps"] : []),
    // As a slave, so that what the host unmounts later is not held here; nothing of ours reaches the host.
    ...(kinds.includes("mount") ? ["--propagation=slave"] : []),
  ];
}

/** The argv that runs `argv` in a held pid namespace, and ends as it does. */
export function joinedPidCommand(helpers: Helpers, pid: number, argv: readonly string[]): readonly string[] {
  return [...helpers.command("nsenter"), `--pid=/proc/self/fd/${pid}`, "--", ...argv];
}

/** busybox's flags for mounts that nothing of ours leaves, and that the host can still unmount. */
const ownMounts = ["-m", "--propagation", "slave"];

/**
 * The argv that runs `argv` (whose first word is a path) as pid 1 of a new pid namespace, whose end is told truly: as
 * pid 1 of another namespace one cannot end by the signal that ended one's child, and busybox answers 128 + n there
 * where util-linux answers 1.
 */
export function innermostCommand(
  helpers: Helpers,
  options: { readonly ownMounts: boolean },
  argv: readonly string[],
): readonly string[] {
  return [
    ...helpers.command("busybox"),
    "unshare",
    ...(options.ownMounts ? ownMounts : []),
    "-p",
    "-f",
    ...argv,
  ];
}

/** The argv that runs `argv` (whose first word is a path) with mounts of its own. */
export function ownMountsCommand(helpers: Helpers, argv: readonly string[]): readonly string[] {
  return [...helpers.command("busybox"), "unshare", ...ownMounts, ...argv];
}

export interface NamespaceRequest extends UserNamespaceRequest {
  /** It enters this cgroup first. */
  readonly cgroup?: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdio: readonly [Stdin, Stdout, Stdout, ...number[]];
}

type Stdin = "ignore" | "pipe" | number | Uint8Array;
type Stdout = "pipe" | number;

export interface NamespaceProcess {
  readonly child: Bun.Subprocess<Stdin, Stdout, Stdout>;
  /** Rejects when there is no user namespace to be had, or its ids cannot be mapped; the process has then ended. */
  readonly mapped: Promise<void>;
  /** Kills the process, if it still runs, and lets go of what ties it to us. */
  release(): void;
}

/**
 * Starts a program as root of a user namespace, usually a new one.
 *
 * With subordinate ids the process waits behind a gate while newuidmap and newgidmap, which are setuid programs of the
 * host, write its maps at the same time (user-namespace-command.ts). With one id it needs nobody: it maps itself.
 *
 * When this process ends, however it ends, the kernel kills that one (`killAtHangUp`). It must not be pid 1 of a
 * namespace, which the kernel protects from this signal.
 */
export function spawnInUserNamespace(request: NamespaceRequest): NamespaceProcess {
  const { helpers, identity, env, stdio, joined } = request;
  const busybox = helpers.command("busybox");
  const gated = joined === undefined && identity.mode === "subordinate";
  const [lifeline, ourLifeline] = createPipe();
  const [gate, theirGate] = createSocketPair();
  const command = userNamespaceCommand(request);
  const placed = request.cgroup === undefined ? command : inCgroup(busybox, request.cgroup, command);
  const child = Bun.spawn([...placed], {
    env: { ...env },
    cwd: "/",
    stdio: [...stdio, lifeline, theirGate, ...(joined?.descriptors ?? [])] as [
      Stdin,
      Stdout,
      Stdout,
      ...number[],
    ],
  });
  killAtHangUp(lifeline, child.pid);
  for (const fd of [theirGate, lifeline]) close(fd);
  const mapped = gated
    ? openGate(busybox, identity, gate, request.unmapped ? child.pid : undefined)
    : Promise.resolve(close(gate));
  let released = false;
  return {
    child,
    mapped,
    release() {
      if (!released) close(ourLifeline);
      released = true;
    },
  };
}

/** The argv that runs `argv` in a cgroup; a process that writes 0 moves itself. */
export function inCgroup(
  busybox: readonly string[],
  cgroup: string,
  argv: readonly string[],
): readonly string[] {
  return [...busybox, "sh", "-c", 'echo 0 >"$0/cgroup.procs" && exec "$@"', cgroup, ...argv];
}

/**
 * Has a shell write the maps and open the gate, so that it happens at once, whatever our own thread is busy with.
 * It ends by itself, with everything it has, when the process behind the gate does. That tells its pid, unless we know.
 */
async function openGate(
  busybox: readonly string[],
  identity: IdentityMap,
  gate: number,
  pid: number | undefined,
): Promise<void> {
  const numbers = (ranges: readonly IdRange[]) =>
    ranges.map(({ inside, outside, count }) => `${inside} ${outside} ${count}`).join(" ");
  const script =
    `read -r pid <&3 || exit ${closedGate}; ${pid ? `pid=${pid}; ` : ""}newuidmap $pid ${numbers(identity.uids)} & ` +
    `newgidmap $pid ${numbers(identity.gids)} && wait $! && echo >&3`;
  const mapper = Bun.spawn([...busybox, "sh", "-c", script], { stdio: ["ignore", "ignore", "pipe", gate] });
  close(gate);
  const status = await mapper.exited;
  if (status === 0) return;
  if (status === closedGate) throw noUserNamespace();
  const said = await mapper.stderr.text(); // a stream takes a while to make, and this is a line or two
  throw new BerthError("helper-failed", `the subordinate ids could not be mapped: ${said.trim()}`, {
    hint: "compare /etc/subuid and /etc/subgid with `berth info`; the ranges must belong to this user",
  });
}

/** What the shell answers when nobody waits behind the gate any more. */
const closedGate = 3;

/** What a kernel or an administrator that forbids user namespaces looks like from here. */
export function noUserNamespace(reason?: string): BerthError {
  return new BerthError(
    "unsupported",
    `cannot create a user namespace${reason === undefined ? "" : `: ${reason}`}`,
    {
      hint:
        "check user.max_user_namespaces, kernel.unprivileged_userns_clone and " +
        "kernel.apparmor_restrict_unprivileged_userns with sysctl, and /etc/subuid with `berth info`",
    },
  );
}
