/**
 * The talk between the two sides of a container's start; neither side imports the other.
 *
 * ```
 * host (launch.ts)                         init (init.ts, pid 1 of the new namespaces)
 *   start the namespaces
 *   StartRequest, one JSON line   ──fd 3──▶
 *                                 ◀──fd 3── {"kind":"ready", pid}      namespaces are there
 *   network set-up, if any
 *   "go\n"                        ──fd 3──▶
 *                                 ◀──fd 4── descriptor of the terminal, if one was asked for
 *                                 ◀──fd 3── {"kind":"terminal"}
 *                                 ◀──fd 3── {"kind":"executing"}       the next call is execve
 *                                 ◀──fd 3── {"kind":"failed", …}       at any time before, or when execve fails
 * ```
 *
 * The end of the stream says nothing about execve, because the parents of init hold the descriptor too.
 */
import type { ErrorCode } from "../base/errors.ts";
import type { Operation } from "./operations.ts";
import type { ProcessSpec } from "./spec.ts";

export const channelDescriptor = 3;
export const terminalDescriptor = 4;

export interface StartRequest {
  readonly operations: readonly Operation[];
  readonly process: ProcessSpec;
  /** The seccomp program, base64; undefined is unconfined. */
  readonly seccomp?: string;
  /** Ids other than 0 do not exist inside. */
  readonly singleIdentity: boolean;
  /** Of the first terminal; only with `process.terminal`. */
  readonly windowSize?: { readonly rows: number; readonly columns: number };
  /** The host attaches a network between "ready" and "go"; without it init does not wait. */
  readonly awaitsNetwork: boolean;
  /** The network namespace is our own, and its loopback interface still down. */
  readonly ownNetwork: boolean;
}

export type InitMessage =
  | { readonly kind: "ready" /** As the host sees it. */; readonly pid: number }
  | { readonly kind: "terminal" }
  | { readonly kind: "executing" }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly message: string; readonly hint?: string };
