import { systemErrorCode } from "../base/errors.ts";
import type { Digest } from "../oci/types.ts";
import { namesIn, rename, unlink } from "../sys/directory-entries.ts";
import { statusIfThere } from "../sys/files.ts";
import type { StateDatabase } from "./database.ts";
import type { ImageTable } from "./image-table.ts";
import type { StoreLayout } from "./layout.ts";
import type { StoreLocks } from "./locks.ts";
import type { RemoveTree, TemporaryDirectory, TemporaryPath } from "./temporary.ts";

export interface Collected {
  readonly blobs: readonly Digest[];
  readonly layers: readonly Digest[];
  /** Bytes of the blobs, and of file content in the layers. */
  readonly reclaimed: number;
}

function digestsIn(directory: string): Digest[] {
  try {
    return namesIn(directory)
      .filter((entry) => /^[0-9a-f]{64}$/.test(entry))
      .map((hex): Digest => `sha256:${hex}`);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw error;
  }
}

/**
 * Removes blobs and layers that no image, no container and no running import needs. Goes by what is on disk, so that
 * it also finds what a killed process left. What an import holds is locked and stays.
 */
export class GarbageCollector {
  readonly #layout: StoreLayout;
  readonly #locks: StoreLocks;
  readonly #database: StateDatabase;
  readonly #images: ImageTable;
  readonly #temporary: TemporaryDirectory;

  constructor(
    layout: StoreLayout,
    locks: StoreLocks,
    database: StateDatabase,
    images: ImageTable,
    temporary: TemporaryDirectory,
  ) {
    this.#layout = layout;
    this.#locks = locks;
    this.#database = database;
    this.#images = images;
    this.#temporary = temporary;
  }

  async collect(removeTree: RemoveTree): Promise<Collected> {
    const layers = this.#discardLayers();
    const blobs = this.#removeBlobs();
    for (const { trash } of layers) {
      using _ = trash;
      await removeTree(trash.path);
    }
    await this.#temporary.sweep(removeTree, { partials: true });
    return {
      blobs: blobs.map(({ digest }) => digest),
      layers: layers.map(({ diffId }) => diffId),
      reclaimed: [...blobs, ...layers].reduce((sum, { size }) => sum + size, 0),
    };
  }

  /** What is on disk, used or not. */
  blobsOnDisk(): Digest[] {
    return digestsIn(this.#layout.blobs);
  }

  layersOnDisk(): Digest[] {
    return digestsIn(this.#layout.layers);
  }

  /** Removes one blob, if nothing wants it and nobody works with it. */
  removeUnusedBlob(digest: Digest): { digest: Digest; size: number } | undefined {
    if (this.#images.isBlobUsed(digest)) return undefined;
    using lock = this.#locks.try(`blob:${digest}`, "exclusive");
    // Under the lock the answer is final: an import that wants the blob now finds it missing.
    if (lock === undefined || this.#images.isBlobUsed(digest)) return undefined;
    const path = this.#layout.blob(digest);
    const size = statusIfThere(path)?.size;
    if (size === undefined) return undefined;
    unlink(path);
    return { digest, size };
  }

  /** Removes a blob although it is wanted, because it is damaged; false when somebody works with it. */
  discardBlob(digest: Digest): boolean {
    using lock = this.#locks.try(`blob:${digest}`, "exclusive");
    if (lock === undefined) return false;
    unlink(this.#layout.blob(digest));
    return true;
  }

  /** The same for a layer. */
  async discardLayer(diffId: Digest, removeTree: RemoveTree): Promise<boolean> {
    using trash = this.#temporary.reserve("trash");
    {
      using lock = this.#locks.try(`layer:${diffId}`, "exclusive");
      if (lock === undefined) return false;
      rename(this.#layout.layer(diffId), trash.path);
    }
    await removeTree(trash.path);
    return true;
  }

  #removeBlobs(): Array<{ digest: Digest; size: number }> {
    return digestsIn(this.#layout.blobs).flatMap((digest) => this.removeUnusedBlob(digest) ?? []);
  }

  /** Renames dead layers into `tmp/`, where their slow removal holds no lock that a pull could wait for. */
  #discardLayers(): Array<{ diffId: Digest; size: number; trash: TemporaryPath }> {
    const discarded: Array<{ diffId: Digest; size: number; trash: TemporaryPath }> = [];
    for (const diffId of digestsIn(this.#layout.layers)) {
      if (this.#images.isLayerUsed(diffId)) continue;
      using lock = this.#locks.try(`layer:${diffId}`, "exclusive");
      if (lock === undefined || this.#images.isLayerUsed(diffId)) continue;
      const path = this.#layout.layer(diffId);
      if (statusIfThere(path) === undefined) continue;
      const size = this.#database.get("SELECT size FROM layers WHERE diff_id = ?", diffId)?.size;
      const trash = this.#temporary.reserve("trash");
      rename(path, trash.path);
      this.#database.run("DELETE FROM layers WHERE diff_id = ?", diffId);
      discarded.push({ diffId, size: Number(size ?? 0), trash });
    }
    return discarded;
  }
}
