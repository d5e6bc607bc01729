import { closeSync } from "node:fs";
import { BerthError } from "../base/errors.ts";
import type { Helpers } from "./helpers.ts";
import type { IdentityMap, IdRange } from "./identity.ts";
import { createPipe, createSocketPair, killAtHangUp } from "./libc.ts";

export type NamespaceKind = "mount" | "ipc" | "uts" | "net";

/**
 * The argv that runs `argv` in new namespaces, as pid 1 of a new pid namespace. The unshare in between waits for it,
 * and when that is killed, so is pid 1 (PR_SET_PDEATHSIG) and everything in its namespace.
 */
export function guardedCommand(
  helpers: Helpers,
  kinds: readonly NamespaceKind[],
  argv: readonly string[],
): readonly string[] {
  return [
    ...helpers.command("unshare"),
    ...kinds.map((kind) => `--${kind}`),
    // As a slave, so that what the host unmounts later is not held here; nothing of ours reaches the host.
    ...(kinds.includes("mount") ? ["--propagation=slave"] : []),
    "--pid",
    "--fork",
    "--kill-child",
    "--",
    ...argv,
  ];
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

export interface NamespaceRequest {
  readonly helpers: Helpers;
  readonly identity: IdentityMap;
  /** What runs as root of the new user namespace, with all capabilities there. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** At least three; two more follow them in the process. */
  readonly stdio: readonly [Stdin, Stdout, Stdout, ...number[]];
}

type Stdin = "ignore" | number | Uint8Array;
type Stdout = "pipe" | number;

export interface NamespaceProcess {
  readonly child: Bun.Subprocess<Stdin, Stdout, Stdout>;
  /** Rejects when there is no user namespace to be had, or its ids cannot be mapped; the process has then ended. */
  readonly mapped: Promise<void>;
  /** Kills the process, if it still runs, and lets go of what ties it to us. */
  release(): void;
}

/**
 * Starts a program as root of a new user namespace.
 *
 * With subordinate ids the process waits behind a gate while newuidmap and newgidmap, which are setuid programs of the
 * host, write its maps at the same time; the exec after that gives it its capabilities, as for any uid 0
 * (capabilities(7)). With one id it needs nobody: it maps itself.
 *
 * When this process ends, however it ends, the kernel kills that one (`killAtHangUp`). It must not be pid 1 of a
 * namespace, which the kernel protects from this signal.
 */
export function spawnInUserNamespace(request: NamespaceRequest): NamespaceProcess {
  const { helpers, identity, argv, env, stdio } = request;
  const busybox = helpers.command("busybox");
  const gateNumber = stdio.length + 1;
  const behindGate = `echo >&${gateNumber} && read -r _ <&${gateNumber} && exec "$@" ${gateNumber}>&-`;
  const command =
    identity.mode === "single"
      ? [...busybox, "unshare", "-r", ...argv]
      : [...busybox, "unshare", "-U", ...busybox, "sh", "-c", behindGate, "sh", ...argv];
  const [lifeline, ourLifeline] = createPipe();
  const [gate, theirGate] = createSocketPair();
  const child = Bun.spawn([...command], {
    env: { ...env },
    cwd: "/",
    stdio: [...stdio, lifeline, theirGate] as [Stdin, Stdout, Stdout, ...number[]],
  });
  killAtHangUp(lifeline, child.pid);
  for (const fd of [theirGate, lifeline]) closeSync(fd);
  const mapped =
    identity.mode === "single"
      ? Promise.resolve(closeSync(gate))
      : openGate(busybox, child.pid, identity, gate);
  let released = false;
  return {
    child,
    mapped,
    release() {
      if (!released) closeSync(ourLifeline);
      released = true;
    },
  };
}

/**
 * Has a shell write the maps and open the gate, so that it happens at once, whatever our own thread is busy with.
 * It ends by itself, with everything it has, when the process behind the gate does.
 */
async function openGate(
  busybox: readonly string[],
  pid: number,
  identity: IdentityMap,
  gate: number,
): Promise<void> {
  const numbers = (ranges: readonly IdRange[]) =>
    ranges.map(({ inside, outside, count }) => `${inside} ${outside} ${count}`).join(" ");
  const script =
    `read -r _ <&3 || exit ${closedGate}; newuidmap ${pid} ${numbers(identity.uids)} & ` +
    `newgidmap ${pid} ${numbers(identity.gids)} && wait $! && echo >&3`;
  const mapper = Bun.spawn([...busybox, "sh", "-c", script], { stdio: ["ignore", "ignore", "pipe", gate] });
  closeSync(gate);
  const [said, status] = await Promise.all([mapper.stderr.text(), mapper.exited]);
  if (status === 0) return;
  if (status === closedGate) throw noUserNamespace();
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
