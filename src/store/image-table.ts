import { BerthError } from "../base/errors.ts";
import type { Descriptor, Digest, ImageConfig } from "../oci/types.ts";
import { numberOf, type Row, Table, textOf } from "./database.ts";
import { ambiguousPrefix, prefixEnd } from "./prefix.ts";
import type { ImageRecord } from "./types.ts";

/** An image is a configuration, which several manifests may have: a name has its own, an id the one that came last. */
const columnsWith = (manifest: string) =>
  `images.id, ${manifest} AS manifest, config, size, added_at, tagged_at`;
const columns = columnsWith("images.manifest");

function decode(row: Row): ImageRecord {
  const taggedAt = row.tagged_at;
  return {
    id: textOf(row, "id") as Digest,
    manifest: JSON.parse(textOf(row, "manifest")) as Descriptor,
    config: JSON.parse(textOf(row, "config")) as ImageConfig,
    size: numberOf(row, "size"),
    addedAt: textOf(row, "added_at"),
    ...(typeof taggedAt === "string" ? { taggedAt } : {}),
  };
}

/** Images by id, with the layers and blobs that each of them needs. */
export class ImageTable extends Table {
  /**
   * Adds an image, or brings one up to date that is there: its manifest becomes the new one, and the blobs of the
   * earlier manifests stay referenced, because a repository digest may name them. `blobs` are the digests of everything
   * that must be kept for it: index, manifest, config and layers.
   */
  put(image: ImageRecord, blobs: readonly Digest[]): void {
    this.database.transaction(() => {
      this.database.run(
        `INSERT INTO images (id, manifest, config, size, added_at, tagged_at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET manifest = excluded.manifest, size = excluded.size`,
        image.id,
        JSON.stringify(image.manifest),
        JSON.stringify(image.config),
        image.size,
        image.addedAt,
        image.taggedAt ?? null,
      );
      image.config.rootfs.diff_ids.forEach((diffId, position) => {
        this.database.run("INSERT OR REPLACE INTO image_layers VALUES (?, ?, ?)", image.id, position, diffId);
      });
      for (const digest of blobs) {
        this.database.run("INSERT OR IGNORE INTO image_blobs VALUES (?, ?)", image.id, digest);
      }
    });
  }

  /**
   * Gives an image, and the names that stand for the manifest which it has, another manifest in which layers are replaced
   * (by digest). The earlier ones are not needed for it any more, unless another name or digest has a manifest of its own.
   * Does nothing where that manifest is nobody's any more: the image was removed, or somebody else was first.
   */
  replaceManifest(
    { id, manifest: before }: Pick<ImageRecord, "id" | "manifest">,
    manifest: Descriptor,
    replaced: ReadonlyMap<Digest, Descriptor>,
  ): void {
    const [old, now] = [JSON.stringify(before), JSON.stringify(manifest)];
    this.database.transaction(() => {
      const run = (sql: string, ...values: string[]) => this.database.run(sql, ...values);
      const changed =
        run("UPDATE images SET manifest = ? WHERE id = ? AND manifest = ?", now, id, old) +
        run("UPDATE names SET manifest = ? WHERE image_id = ? AND manifest = ?", now, id, old);
      if (changed === 0) return;
      for (const digest of [manifest.digest, ...[...replaced.values()].map((layer) => layer.digest)])
        run("INSERT OR IGNORE INTO image_blobs VALUES (?, ?)", id, digest);
      const others = `SELECT manifest FROM images WHERE id = ?1 AND manifest <> ?2
        UNION SELECT manifest FROM names WHERE image_id = ?1 AND manifest <> ?2
        UNION SELECT manifest FROM repository_digests WHERE image_id = ?1 AND manifest IS NOT ?2`;
      for (const digest of this.database.get(others, id, now) ? [] : [before.digest, ...replaced.keys()])
        run("DELETE FROM image_blobs WHERE image_id = ? AND digest = ?", id, digest);
    });
  }

  get(id: Digest): ImageRecord | undefined {
    const row = this.database.get(`SELECT ${columns} FROM images WHERE id = ?`, id);
    return row && decode(row);
  }

  /** `name` is canonical with a tag: `docker.io/library/alpine:latest`. */
  getByName(name: string): ImageRecord | undefined {
    const row = this.database.get(
      `SELECT ${columnsWith("COALESCE(names.manifest, images.manifest)")} FROM images JOIN names ON names.image_id = images.id WHERE name = ?`,
      name,
    );
    return row && decode(row);
  }

  /** `repository` is canonical without a tag; `digest` is the one the registry answered with. */
  getByRepositoryDigest(repository: string, digest: Digest): ImageRecord | undefined {
    const row = this.database.get(
      `SELECT ${columnsWith("COALESCE(r.manifest, images.manifest)")} FROM images JOIN repository_digests r ON r.image_id = images.id
       WHERE r.repository = ? AND r.digest = ? ORDER BY images.added_at DESC LIMIT 1`,
      repository,
      digest,
    );
    return row && decode(row);
  }

  /** The one image whose id starts with these hex digits, with or without `sha256:`. Throws `conflict` when there are several. */
  getByPrefix(text: string): ImageRecord | undefined {
    const hex = text.startsWith("sha256:") ? text.slice("sha256:".length) : text;
    if (!/^[0-9a-f]{1,64}$/.test(hex)) return undefined;
    const prefix = `sha256:${hex}`;
    const rows = this.database.all(
      `SELECT ${columns} FROM images WHERE id >= ? AND id < ? LIMIT 2`,
      prefix,
      prefixEnd(prefix),
    );
    if (rows.length > 1) throw ambiguousPrefix(text);
    return rows[0] && decode(rows[0]);
  }

  list(): ImageRecord[] {
    return this.database.all(`SELECT ${columns} FROM images`).map(decode);
  }

  /** Removes the image with its names and repository digests; false when there is none. */
  delete(id: Digest): boolean {
    return this.database.run("DELETE FROM images WHERE id = ?", id) > 0;
  }

  markTagged(id: Digest, at: string): void {
    this.database.run("UPDATE images SET tagged_at = ? WHERE id = ?", at, id);
  }

  /** Digests of all blobs that are kept for an image. */
  blobsOf(id: Digest): Digest[] {
    return this.database
      .all("SELECT digest FROM image_blobs WHERE image_id = ?", id)
      .map((row) => textOf(row, "digest") as Digest);
  }

  isBlobUsed(digest: Digest): boolean {
    return (
      this.database.get(
        `SELECT 1 FROM image_blobs WHERE digest = ?1
         UNION ALL SELECT 1 FROM build_steps WHERE blob = ?1 LIMIT 1`,
        digest,
      ) !== undefined
    );
  }

  /** Whether an image, a container or a step of a build stands on this layer. */
  isLayerUsed(diffId: Digest): boolean {
    return (
      this.database.get(
        `SELECT 1 FROM image_layers WHERE diff_id = ?1
         UNION ALL SELECT 1 FROM container_layers WHERE diff_id = ?1
         UNION ALL SELECT 1 FROM build_steps WHERE diff_id = ?1 LIMIT 1`,
        diffId,
      ) !== undefined
    );
  }

  /** The image, or `not-found` with its id. */
  require(id: Digest): ImageRecord {
    const image = this.get(id);
    if (image === undefined) throw new BerthError("not-found", `No such image: ${id}`);
    return image;
  }
}
