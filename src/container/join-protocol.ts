/**
 * The talk between the two sides of `exec`; neither side imports the other.
 *
 * ```
 * host (join.ts)                            joiner (joiner.ts: nsenter, then berth)
 *   nsenter: user, ipc, uts, network namespace
 *   JoinRequest, one JSON line  ──fd 3──▶
 *                                           mounts, cgroup namespace, limits, cgroup, pid namespace, posix_spawn
 *                               ◀──fd 4──   descriptor of the terminal, if one was asked for
 *                               ◀──fd 3──   {"kind":"started", pid}, and it ends: the program is the host side's child
 *                               ◀──fd 3──   {"kind":"failed", …}
 * ```
 */
import { BerthError } from "../base/errors.ts";
import type { Failure } from "../sys/message-channel.ts";
import type { ProcessSpec } from "./spec.ts";

export const channelDescriptor = 3;
export const terminalDescriptor = 4;
/** The container's first process (pidfd_open(2)). */
export const processDescriptor = 5;
/** The program's 0–2, where it has no terminal. */
export const firstStreamDescriptor = 6;

export interface JoinRequest {
  readonly process: ProcessSpec;
  /** The seccomp program, base64; undefined is unconfined. */
  readonly seccomp?: string;
  /** Ids other than 0 do not exist inside. */
  readonly singleIdentity: boolean;
  /** Of the terminal; only with `process.terminal`. */
  readonly windowSize?: { readonly rows: number; readonly columns: number };
  /** Whether these are others than berth's; nobody may enter what is the host's. */
  readonly joins: { readonly pid: boolean; readonly cgroup: boolean };
  /** The descriptor of cgroup.procs of a cgroup to enter at the last moment: what the joiner needs must not count there. */
  readonly cgroup?: number;
}

export type JoinMessage =
  | { readonly kind: "started" /** As the host sees it. */; readonly pid: number }
  | Failure;

/** The program is made by a clone(2) that its own filter has to allow: nobody could install the filter after it. */
export const forbiddenClone = (message: string) =>
  new BerthError("unsupported", message, {
    hint: "where the container's seccomp profile forbids clone, no further program can be started in it",
  });
