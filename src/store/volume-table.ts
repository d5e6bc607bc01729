import { BerthError } from "../base/errors.ts";
import { type Row, Table, textOf } from "./database.ts";
import type { VolumeRecord } from "./types.ts";

const query = `SELECT name, labels, anonymous, created_at,
  (SELECT json_group_array(container_id) FROM volume_users WHERE volume = name) AS used_by FROM volumes`;

function decode(row: Row): VolumeRecord {
  return {
    name: textOf(row, "name"),
    driver: "local",
    labels: JSON.parse(textOf(row, "labels")) as Record<string, string>,
    anonymous: row.anonymous === 1,
    createdAt: textOf(row, "created_at"),
    usedBy: JSON.parse(textOf(row, "used_by")) as string[],
  };
}

/** Volumes and who mounts them. The data directory (`StoreLayout.volume`) is the caller's to make and to remove. */
export class VolumeTable extends Table {
  /**
   * The volume with this name; `created` says whether it is new. An existing one keeps its labels, as Docker does. A
   * container that mounts it is noted in the same transaction, so that nobody removes it in between.
   */
  createOrGet(
    volume: Pick<VolumeRecord, "name" | "labels" | "anonymous">,
    containerId?: string,
  ): {
    volume: VolumeRecord;
    created: boolean;
  } {
    return this.database.transaction(() => {
      const created =
        this.database.run(
          "INSERT OR IGNORE INTO volumes (name, labels, anonymous, created_at) VALUES (?, ?, ?, ?)",
          volume.name,
          JSON.stringify(volume.labels),
          volume.anonymous ? 1 : 0,
          new Date().toISOString(),
        ) > 0;
      if (containerId !== undefined)
        this.database.run("INSERT OR IGNORE INTO volume_users VALUES (?, ?)", volume.name, containerId);
      return { volume: this.get(volume.name), created };
    });
  }

  find(name: string): VolumeRecord | undefined {
    const row = this.database.get(`${query} WHERE name = ?`, name);
    return row && decode(row);
  }

  /** Throws `not-found`: `get x: no such volume`. */
  get(name: string): VolumeRecord {
    const volume = this.find(name);
    if (volume === undefined) throw new BerthError("not-found", `get ${name}: no such volume`);
    return volume;
  }

  /** By name. */
  list(): VolumeRecord[] {
    return this.database.all(`${query} ORDER BY name`).map(decode);
  }

  detach(name: string, containerId: string): void {
    this.database.run("DELETE FROM volume_users WHERE volume = ? AND container_id = ?", name, containerId);
  }

  /** The volumes that a container mounts. */
  ofContainer(containerId: string): VolumeRecord[] {
    return this.database
      .all(`${query} WHERE name IN (SELECT volume FROM volume_users WHERE container_id = ?)`, containerId)
      .map(decode);
  }

  /**
   * Removes the row. Throws `not-found`, and `conflict` while a container uses the volume. `discard` is called before
   * anybody can make a volume of that name again.
   */
  remove(name: string, discard?: () => void): void {
    this.database.transaction(() => {
      const { usedBy } = this.get(name);
      if (usedBy.length > 0) {
        throw new BerthError("conflict", `remove ${name}: volume is in use - [${usedBy.join(", ")}]`);
      }
      this.database.run("DELETE FROM volumes WHERE name = ?", name);
      discard?.();
    });
  }
}
