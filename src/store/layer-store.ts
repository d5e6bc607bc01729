import type { Digest } from "../oci/types.ts";
import { rename } from "../sys/directory-entries.ts";
import { statusIfThere } from "../sys/files.ts";
import { numberOf, type StateDatabase } from "./database.ts";
import type { StoreLayout } from "./layout.ts";
import type { Lease, StoreLocks } from "./locks.ts";
import type { RemoveTree } from "./temporary.ts";

/** Unpacked layers by diff id: `layers/<hex>/`, each independent of its parents. */
export class LayerStore {
  readonly #layout: StoreLayout;
  readonly #locks: StoreLocks;
  readonly #database: StateDatabase;

  constructor(layout: StoreLayout, locks: StoreLocks, database: StateDatabase) {
    this.#layout = layout;
    this.#locks = locks;
    this.#database = database;
  }

  /** Where the layer is, or would be. */
  path(diffId: Digest): string {
    return this.#layout.layer(diffId);
  }

  has(diffId: Digest): boolean {
    return statusIfThere(this.path(diffId)) !== undefined;
  }

  /** Bytes of file content; undefined when the layer was never unpacked here. */
  size(diffId: Digest): number | undefined {
    const row = this.#database.get("SELECT size FROM layers WHERE diff_id = ?", diffId);
    return row && numberOf(row, "size");
  }

  /** Holds a layer that is there until the lease ends; false when it is not there. */
  async hold(diffId: Digest, lease: Lease, signal?: AbortSignal): Promise<boolean> {
    const lock = await this.#locks.wait(`layer:${diffId}`, "shared", signal);
    if (this.has(diffId)) {
      lease.keep(lock);
      return true;
    }
    lock.release();
    return false;
  }

  /**
   * Makes sure that the layer is there and holds it in `lease`. `unpack` fills a directory that does not exist yet and
   * answers the bytes of file content; the directory is then published by rename. One process at a time unpacks a
   * layer. A failed unpack leaves nothing.
   */
  ensure(
    diffId: Digest,
    lease: Lease,
    unpack: (target: string) => Promise<number>,
    removeTree: RemoveTree,
    signal?: AbortSignal,
  ): Promise<"present" | "made"> {
    return this.#locks.ensure(
      `layer:${diffId}`,
      lease,
      () => this.has(diffId),
      async () => {
        const target = this.#layout.unfinishedLayer(diffId);
        if (statusIfThere(target) !== undefined) await removeTree(target);
        let size: number;
        try {
          size = await unpack(target);
        } catch (error) {
          await removeTree(target).catch(() => {}); // the first error counts; a sweep removes the rest
          throw error;
        }
        this.#database.run("INSERT OR REPLACE INTO layers (diff_id, size) VALUES (?, ?)", diffId, size);
        rename(target, this.path(diffId));
      },
      signal,
    );
  }
}
