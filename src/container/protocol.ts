/**
 * The talk between the two sides of a container's start; neither side imports the other.
 *
 * ```
 * host (launch.ts)                         init (init.ts, pid 1 of the new namespaces)
 *   start the namespaces
 *   StartRequest, one JSON line   ──fd 3──▶
 *                                 ◀──fd 3── {"kind":"ready", pid}      namespaces are there
 *   network set-up, if any; holds the mount namespace, if processes are not our own
 *   {"kind":"go"}                 ──fd 3──▶
 *                                 ◀──fd 4── descriptor of the terminal, if one was asked for
 *                                 ◀──fd 3── {"kind":"terminal"}
 *                                 ◀──fd 4── descriptor of the listener, if owners are recorded (ownership/)
 *                                 ◀──fd 3── {"kind":"owners"}
 *                                 ◀──fd 3── {"kind":"executing"}       the next call is execve
 *                                 ◀──fd 3── {"kind":"failed", …}       at any time before, or when execve fails
 * ```
 *
 * The end of the stream says nothing about execve, because the parents of init hold the descriptor too.
 */
import type { Failure } from "../sys/message-channel.ts";
import type { Operation } from "./operations.ts";
import type { Account, NamespaceModes, ProcessSpec } from "./spec.ts";

export const channelDescriptor = 3;
export const terminalDescriptor = 4;
/** What ends everything with berth, and the gate, behind which the ids are mapped (sys/namespaces.ts). */
export const lifelineDescriptor = 5;
export const gateDescriptor = 6;
/** Init's word when it starts in front of the gate. */
export const unmappedWord = "unmapped";
/** Held namespaces of another container. */
export const firstHeldDescriptor = 7;

export interface StartRequest {
  readonly operations: readonly Operation[];
  readonly process: ProcessSpec;
  readonly account?: Account;
  /** The seccomp program, base64; undefined is unconfined. */
  readonly seccomp?: string;
  /** Ids other than 0 do not exist inside. */
  readonly singleIdentity: boolean;
  /** `seccomp` has a listener. */
  readonly recordsOwners: boolean;
  /** Of the first terminal; only with `process.terminal`. */
  readonly windowSize?: { readonly rows: number; readonly columns: number };
  /** The host does something with our namespaces between "ready" and "go"; without it init does not wait. */
  readonly awaitsGo: boolean;
  /** A private network's loopback interface is still down where init had no time to bring it up. */
  readonly namespaces: NamespaceModes;
  /** A held mount namespace: its /dev/shm becomes ours, because its System V IPC does. */
  readonly sharedMemoryOf?: number;
}

export type InitMessage =
  | { readonly kind: "ready" /** As the host sees it. */; readonly pid: number }
  | { readonly kind: "terminal" }
  | { readonly kind: "owners" }
  | { readonly kind: "executing" }
  | Failure;

/** How the namespaces end when fuse-overlayfs could not mount the root; nothing else in them ends like this before init. */
export const rootNotMounted = 125;
