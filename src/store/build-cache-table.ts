import type { Descriptor, Digest } from "../oci/types.ts";
import { numberOf, type Row, Table, textOf } from "./database.ts";

/** What a step of a build made: a layer, or none where it changed no files. */
export interface CachedStep {
  /** A digest over the step and everything that it stands on. */
  readonly key: string;
  readonly layer?: { readonly diffId: Digest; readonly descriptor: Descriptor };
  readonly createdAt: string;
  /** As the history of an image says it. */
  readonly createdBy: string;
}

export interface CachedStepUsage extends CachedStep {
  readonly usedAt: string;
  readonly uses: number;
}

const columns = "key, diff_id, descriptor, created_at, created_by, used_at, uses";

function decode(row: Row): CachedStepUsage {
  const layer =
    row.diff_id === null
      ? {}
      : {
          layer: {
            diffId: textOf(row, "diff_id") as Digest,
            descriptor: JSON.parse(textOf(row, "descriptor")) as Descriptor,
          },
        };
  return {
    key: textOf(row, "key"),
    ...layer,
    createdAt: textOf(row, "created_at"),
    createdBy: textOf(row, "created_by"),
    usedAt: textOf(row, "used_at"),
    uses: numberOf(row, "uses"),
  };
}

/** The steps of builds that need not be done again. What they made is kept as long as they are. */
export class BuildCacheTable extends Table {
  get(key: string): CachedStepUsage | undefined {
    const row = this.database.get(`SELECT ${columns} FROM build_steps WHERE key = ?`, key);
    return row && decode(row);
  }

  put({ key, layer, createdAt, createdBy }: CachedStep): void {
    this.database.run(
      `INSERT OR REPLACE INTO build_steps (${columns}, blob) VALUES (?, ?, ?, ?, ?, ?, 0, ?)`,
      key,
      layer?.diffId ?? null,
      layer === undefined ? null : JSON.stringify(layer.descriptor),
      createdAt,
      createdBy,
      createdAt,
      layer?.descriptor.digest ?? null,
    );
  }

  /** Steps whose layers, by the digest of the blob, are kept as other blobs from now on. */
  replaceLayers(replaced: ReadonlyMap<Digest, Descriptor>): void {
    for (const [digest, descriptor] of replaced)
      this.database.run(
        "UPDATE build_steps SET descriptor = ?, blob = ? WHERE blob = ?",
        JSON.stringify(descriptor),
        descriptor.digest,
        digest,
      );
  }

  markUsed(keys: readonly string[], at: string): void {
    this.database.transaction(() => {
      for (const key of keys)
        this.database.run("UPDATE build_steps SET used_at = ?, uses = uses + 1 WHERE key = ?", at, key);
    });
  }

  /** Least recently used first. */
  list(): CachedStepUsage[] {
    return this.database.all(`SELECT ${columns} FROM build_steps ORDER BY used_at, key`).map(decode);
  }

  delete(keys: readonly string[]): void {
    this.database.transaction(() => {
      for (const key of keys) this.database.run("DELETE FROM build_steps WHERE key = ?", key);
    });
  }
}
