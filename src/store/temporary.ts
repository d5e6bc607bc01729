import { systemErrorCode } from "../base/errors.ts";
import { namesIn } from "../sys/directory-entries.ts";
import { randomHex } from "../sys/random-hex.ts";
import type { Digest } from "../oci/types.ts";
import type { StoreLayout } from "./layout.ts";
import type { LockName, StoreLocks } from "./locks.ts";

/** Removes a tree whose files may belong to mapped ids or be mode 000. Missing is fine. */
export type RemoveTree = (path: string) => Promise<void>;

/** A name in `tmp/` that is ours until disposal or the end of the process; then a sweep removes what is there. */
export interface TemporaryPath extends Disposable {
  readonly path: string;
}

/** The lock that protects an entry of `tmp/`: partial blobs and unfinished layers have the lock of what they become. */
function lockNameOf(entry: string): LockName {
  const [, partial] = /^([0-9a-f]{64})\.partial$/.exec(entry) ?? [];
  if (partial !== undefined) return `blob:sha256:${partial satisfies string}` as `blob:${Digest}`;
  const [, layer] = /^layer-([0-9a-f]{64})$/.exec(entry) ?? [];
  if (layer !== undefined) return `layer:sha256:${layer satisfies string}` as `layer:${Digest}`;
  return `tmp:${entry}`;
}

/** The unfinished things of a store. */
export class TemporaryDirectory {
  readonly #layout: StoreLayout;
  readonly #locks: StoreLocks;

  constructor(layout: StoreLayout, locks: StoreLocks) {
    this.#layout = layout;
    this.#locks = locks;
  }

  /** A path that does not exist yet, protected from sweeps. */
  reserve(prefix: string): TemporaryPath {
    for (;;) {
      const entry = `${prefix}-${randomHex(8)}`;
      const lock = this.#locks.try(`tmp:${entry}`, "exclusive");
      if (lock === undefined) continue;
      return {
        path: `${this.#layout.temporary}/${entry}`,
        [Symbol.dispose]: () => lock.release(),
      };
    }
  }

  /**
   * Removes what no live process holds. Partial blobs are kept, because the next pull continues them, unless
   * `partials` says otherwise. With nothing to do it costs one readdir.
   */
  async sweep(removeTree: RemoveTree, { partials = false } = {}): Promise<void> {
    for (const entry of this.#entries()) {
      if (entry.endsWith(".partial") && !partials) continue;
      using lock = this.#locks.try(lockNameOf(entry), "exclusive");
      if (lock !== undefined) await removeTree(`${this.#layout.temporary}/${entry}`);
    }
  }

  #entries(): string[] {
    try {
      return namesIn(this.#layout.temporary);
    } catch (error) {
      if (systemErrorCode(error) === "ENOENT") return [];
      throw error;
    }
  }
}
