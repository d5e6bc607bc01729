/**
 * The talk between the monitor of a container and its network agent, a process in the container's user namespace, and
 * with one foot (its main thread) in its network namespace. JSON lines over a socket.
 *
 * ```
 * monitor (run-agent.ts)                     agent (agent.ts)
 *   Begin                          ──fd 3──▶  listens on the host, then enters the network namespace
 *                                  ◀──fd 3── {"kind":"listening", ports}
 *   {"kind":"link", …}             ──fd 3──▶  a tap device inside
 *                                  ◀──fd 3── {"kind":"switch-needed", socket}   until there is one
 *                                  ◀──fd 3── {"kind":"linked", interface}
 *   {"kind":"unlink", interface}   ──fd 3──▶
 *                                  ◀──fd 3── {"kind":"lookup", id, name}        for the resolver inside
 *   {"kind":"answer", id, …}       ──fd 3──▶
 *   {"kind":"finish"}              ──fd 3──▶  passes on what the container has sent, which has ended
 *                                  ◀──fd 3── {"kind":"finished"}
 *                                  ◀──fd 3── {"kind":"failed", code, message}   at any time; it ends
 * ```
 *
 * It ends when the other side does.
 */
import type { Failure } from "../../sys/message-channel.ts";
import type { PortMapping, PublishedPort } from "../../oci/ports.ts";

export const agentDescriptor = 3;

export interface Begin {
  readonly kind: "begin";
  /** Whose network namespace it is. */
  readonly pid: number;
  readonly ports: readonly PortMapping[];
  /** The container's addresses as it has them when it starts, to which published ports lead; in this order. */
  readonly addresses: readonly string[];
  /** Resolvers, as they are reached from inside, for all names that are not of a network. */
  readonly nameservers: readonly string[];
}

/** A connection to a user-defined network. */
export interface Link {
  readonly interface: string;
  /** Of the network's switch. */
  readonly socket: string;
  readonly address: string;
  readonly prefixLength: number;
  readonly ipv6?: { readonly address: string; readonly prefixLength: number };
  /** `02:42:ac:12:00:02` */
  readonly mac: string;
}

export type AgentOrder =
  | Begin
  | ({ readonly kind: "link" } & Link)
  | { readonly kind: "unlink"; readonly interface: string }
  | { readonly kind: "finish" }
  | { readonly kind: "answer"; readonly id: number; readonly answer: Answer };

/** What a name stands for: `undefined` is a name of nobody here, to be asked elsewhere. */
export type Answer = { readonly addresses?: readonly string[]; readonly names?: readonly string[] };

export type AgentReport =
  | { readonly kind: "listening"; readonly ports: readonly PublishedPort[] }
  | { readonly kind: "switch-needed"; readonly socket: string }
  | { readonly kind: "linked" | "unlinked"; readonly interface: string }
  | { readonly kind: "finished" }
  | { readonly kind: "lookup"; readonly id: number; readonly name: string }
  | Failure;
