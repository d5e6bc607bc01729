import { closeSync, fstatSync, openSync } from "node:fs";
import { BerthError } from "../base/errors.ts";
import { isAlive, type ProcessIdentity } from "./process-identity.ts";

/** As /proc/PID/ns names them (namespaces(7)). */
export type HeldKind = "user" | "mnt" | "net" | "ipc" | "uts" | "pid";

/**
 * Namespaces of running processes, held open: what was looked at is what a child enters, whatever becomes of the
 * processes and their pids meanwhile. All of them belong to one user namespace, which is held with the first one,
 * because nobody can have the rights of two (user_namespaces(7)).
 */
export class HeldNamespaces implements Disposable {
  readonly #held = new Map<HeldKind, number>();

  /** Throws `conflict` when the process is gone, `unsupported` when it is in another user namespace. */
  hold(process: ProcessIdentity, kind: Exclude<HeldKind, "user">): void {
    const [user, namespace] = [open(process, "user"), open(process, kind)];
    const first = this.#held.get("user");
    this.#keep(kind, namespace);
    // Only now it is certain that these were of this process and no later one.
    if (!isAlive(process)) {
      closeSync(user);
      throw new BerthError("conflict", `the process ${process.pid} has ended`);
    }
    const same = first === undefined || fstatSync(first).ino === fstatSync(user).ino;
    if (first === undefined) this.#keep("user", user);
    else closeSync(user);
    if (!same)
      throw new BerthError(
        "unsupported",
        "the namespaces of two unrelated containers cannot be joined at once",
      );
  }

  #keep(kind: HeldKind, fd: number): void {
    const before = this.#held.get(kind);
    if (before !== undefined) closeSync(before);
    this.#held.set(kind, fd);
  }

  /** To be handed down to a child, in this order. */
  get descriptors(): readonly number[] {
    return [...this.#held.values()];
  }

  /** The numbers that they have in a child where the first one is `first`. */
  numbersFrom(first: number): HeldNumbers {
    return Object.fromEntries([...this.#held.keys()].map((kind, index) => [kind, first + index]));
  }

  [Symbol.dispose](): void {
    for (const fd of this.#held.values()) closeSync(fd);
    this.#held.clear();
  }
}

export type HeldNumbers = { readonly [K in HeldKind]?: number };

function open({ pid }: ProcessIdentity, kind: HeldKind): number {
  try {
    return openSync(`/proc/${pid}/ns/${kind}`, "r");
  } catch (cause) {
    throw new BerthError("conflict", `the process ${pid} has ended`, { cause });
  }
}
