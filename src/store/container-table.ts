import { BerthError } from "../base/errors.ts";
import type { Digest } from "../oci/types.ts";
import { type Row, Table, textOf } from "./database.ts";
import { ambiguousPrefix, prefixEnd } from "./prefix.ts";
import type { ContainerRecord, ContainerState } from "./types.ts";

const columns = "id, name, image_id, created_at, record, state";

/** What the `record` column holds: the part of a ContainerRecord that has no column of its own. */
type Remainder = Pick<ContainerRecord, "image" | "command" | "labels" | "options">;

function decode(row: Row): ContainerRecord {
  const { image, command, labels, options } = JSON.parse(textOf(row, "record")) as Remainder;
  return {
    id: textOf(row, "id"),
    name: textOf(row, "name"),
    imageId: textOf(row, "image_id") as Digest,
    image,
    createdAt: textOf(row, "created_at"),
    command,
    labels,
    options,
    state: JSON.parse(textOf(row, "state")) as ContainerState,
  };
}

function encodeRemainder({ image, command, labels, options }: ContainerRecord): string {
  return JSON.stringify({ image, command, labels, options } satisfies Remainder);
}

/** Containers. Every change is one transaction, so that a name or a state is never taken twice. */
export class ContainerTable extends Table {
  /**
   * Adds a container; from now on the layers of its image are kept for it, even if the image is removed.
   * Throws `conflict` when the name is taken, `not-found` when the image is gone.
   */
  insert(container: ContainerRecord): void {
    this.database.transaction(() => {
      this.#refuseTakenName(container.name, container.id);
      this.database.run(
        `INSERT INTO containers (${columns}) VALUES (?, ?, ?, ?, ?, ?)`,
        container.id,
        container.name,
        container.imageId,
        container.createdAt,
        encodeRemainder(container),
        JSON.stringify(container.state),
      );
      if (this.database.get("SELECT 1 FROM images WHERE id = ?", container.imageId) === undefined) {
        throw new BerthError("not-found", `No such image: ${container.image}`);
      }
      this.database.run(
        `INSERT INTO container_layers (container_id, position, diff_id)
         SELECT ?, position, diff_id FROM image_layers WHERE image_id = ?`,
        container.id,
        container.imageId,
      );
    });
  }

  #refuseTakenName(name: string, id: string): void {
    const owner = this.database.get("SELECT id FROM containers WHERE name = ?", name);
    if (owner === undefined || owner.id === id) return;
    throw new BerthError(
      "conflict",
      `Conflict. The container name "/${name}" is already in use by container "${textOf(owner, "id")}". ` +
        "You have to remove (or rename) that container to be able to reuse that name.",
    );
  }

  /**
   * The container with this id, name (also `/name`) or unique id prefix, in this order, as Docker looks it up.
   * Undefined when there is none; throws `conflict` when a prefix fits several.
   */
  find(text: string): ContainerRecord | undefined {
    const name = text.startsWith("/") ? text.slice(1) : text;
    const exact =
      this.database.get(`SELECT ${columns} FROM containers WHERE id = ?`, text) ??
      this.database.get(`SELECT ${columns} FROM containers WHERE name = ?`, name);
    if (exact !== undefined) return decode(exact);
    if (!/^[0-9a-f]{1,64}$/.test(text)) return undefined;
    const rows = this.database.all(
      `SELECT ${columns} FROM containers WHERE id >= ? AND id < ? LIMIT 2`,
      text,
      prefixEnd(text),
    );
    if (rows.length > 1) throw ambiguousPrefix(text);
    return rows[0] && decode(rows[0]);
  }

  /** Like `find`, but throws `not-found`: `No such container: x`. */
  get(text: string): ContainerRecord {
    const container = this.find(text);
    if (container === undefined) throw new BerthError("not-found", `No such container: ${text}`);
    return container;
  }

  /** Newest first. */
  list(): ContainerRecord[] {
    return this.database.all(`SELECT ${columns} FROM containers ORDER BY created_at DESC, id`).map(decode);
  }

  /** The containers that were made from an image. */
  ofImage(imageId: Digest): ContainerRecord[] {
    return this.database.all(`SELECT ${columns} FROM containers WHERE image_id = ?`, imageId).map(decode);
  }

  /** How many containers each image has. */
  countByImage(): ReadonlyMap<string, number> {
    const rows = this.database.all("SELECT image_id, count(*) AS count FROM containers GROUP BY image_id");
    return new Map(rows.map((row) => [textOf(row, "image_id"), Number(row.count)]));
  }

  /**
   * Keeps the layers of one more image for a container, which shows them besides its own: below its own ones, which
   * begin at 0. Throws `not-found` when the image is gone.
   */
  keepImage(id: string, imageId: Digest): void {
    this.database.transaction(() => {
      const kept = this.database.run(
        `INSERT INTO container_layers (container_id, position, diff_id)
         SELECT ?1, -1 - position - (SELECT count(*) FROM container_layers WHERE container_id = ?1 AND position < 0), diff_id
         FROM image_layers WHERE image_id = ?2`,
        id,
        imageId,
      );
      if (kept === 0) throw new BerthError("not-found", `No such image: ${imageId}`);
    });
  }

  /** The layers of a container's root, lowest first. */
  layersOf(id: string): Digest[] {
    return this.database
      .all(
        "SELECT diff_id FROM container_layers WHERE container_id = ? AND position >= 0 ORDER BY position",
        id,
      )
      .map((row) => textOf(row, "diff_id") as Digest);
  }

  #exact(id: string): ContainerRecord {
    const row = this.database.get(`SELECT ${columns} FROM containers WHERE id = ?`, id);
    if (row === undefined) throw new BerthError("not-found", `No such container: ${id}`);
    return decode(row);
  }

  /**
   * Changes the state of the container with this full id: `change` gets the state as it is now and gives the next
   * one, and nobody else writes in between. It must not wait; what it throws leaves everything as it was.
   */
  update(id: string, change: (state: ContainerState) => ContainerState): ContainerRecord {
    return this.database.transaction(() => {
      const container = this.#exact(id);
      const state = change(container.state);
      this.database.run("UPDATE containers SET state = ? WHERE id = ?", JSON.stringify(state), id);
      return { ...container, state };
    });
  }

  /** Changes what was asked for (`options`, `labels`, `command`), as `update` does for the state. */
  amend(id: string, change: (container: ContainerRecord) => ContainerRecord): ContainerRecord {
    return this.database.transaction(() => {
      const changed = change(this.#exact(id));
      this.database.run("UPDATE containers SET record = ? WHERE id = ?", encodeRemainder(changed), id);
      return this.#exact(id);
    });
  }

  /** Throws `conflict` when the new name is taken, `not-found` when there is no such container. */
  rename(id: string, name: string): ContainerRecord {
    return this.database.transaction(() => {
      this.#exact(id);
      this.#refuseTakenName(name, id);
      this.database.run("UPDATE containers SET name = ? WHERE id = ?", name, id);
      return this.#exact(id);
    });
  }

  /** Removes the row and what it kept in use; false when it was not there. The directory is the caller's. */
  remove(id: string): boolean {
    return this.database.run("DELETE FROM containers WHERE id = ?", id) > 0;
  }
}
