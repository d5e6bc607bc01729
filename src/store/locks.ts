import type { Digest } from "../oci/types.ts";
import { type HeldLock, isLocked, type LockMode, tryLock, waitForLock } from "../sys/flock.ts";
import type { StoreLayout } from "./layout.ts";

/** What can be locked in a store. */
export type LockName =
  | `blob:${Digest}`
  | `layer:${Digest}`
  | `tmp:${string}`
  | "database"
  | `object:${string}`;

/**
 * Keeps what an unfinished import stands on: while it lasts, nobody removes the blobs and layers that it holds.
 * It ends with disposal or with the process.
 */
export class Lease implements Disposable {
  readonly #locks: HeldLock[] = [];
  #ended = false;

  keep(lock: HeldLock): void {
    if (this.#ended) lock.release();
    else this.#locks.push(lock);
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    for (const lock of this.#locks.splice(0)) lock.release();
  }
}

/** The locks of one store, all in one file. */
export class StoreLocks {
  readonly #path: string;
  readonly #prepare: () => void;

  constructor(layout: StoreLayout, prepare: () => void) {
    this.#path = layout.locks;
    this.#prepare = prepare;
  }

  /** Undefined when somebody else holds it. */
  try(name: LockName, mode: LockMode): HeldLock | undefined {
    this.#prepare();
    return tryLock(this.#path, name, mode);
  }

  isHeld(name: LockName): boolean {
    return isLocked(this.#path, name);
  }

  wait(name: LockName, mode: LockMode, signal?: AbortSignal): Promise<HeldLock> {
    this.#prepare();
    return waitForLock(this.#path, name, mode, signal);
  }

  /**
   * Makes sure that something exists and holds it in `lease`, so that nobody removes it before the lease ends.
   * Exactly one process at a time runs `make`; whoever comes second waits and then finds it there.
   * `exists` is asked under the lock.
   */
  async ensure(
    name: LockName,
    lease: Lease,
    exists: () => boolean,
    make: () => Promise<void>,
    signal?: AbortSignal,
  ): Promise<"present" | "made"> {
    for (;;) {
      const shared = await this.wait(name, "shared", signal);
      if (exists()) {
        lease.keep(shared);
        return "present";
      }
      shared.release();
      const exclusive = this.try(name, "exclusive");
      if (exclusive === undefined) {
        await Bun.sleep(1 + Math.random() * 10); // another one is between its two tries, or already making it
        continue;
      }
      try {
        const present = exists();
        if (!present) await make();
        exclusive.downgrade();
        lease.keep(exclusive);
        return present ? "present" : "made";
      } catch (error) {
        exclusive.release();
        throw error;
      }
    }
  }
}
