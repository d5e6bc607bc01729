import type { Digest } from "../oci/types.ts";
import { type Row, Table, textOf } from "./database.ts";
import type { ImageName, ImageRecord, RepositoryDigest } from "./types.ts";

function decode(row: Row): ImageName {
  return { name: textOf(row, "name"), imageId: textOf(row, "image_id") as Digest };
}

/** Tags: canonical names, each of one image. */
export class NameTable extends Table {
  /** Puts a name on an image, with the manifest that it stands for; whoever had it loses it. */
  set(name: string, { id: imageId, manifest }: Pick<ImageRecord, "id" | "manifest">): void {
    this.database.transaction(() => {
      this.database.run(
        `INSERT INTO names (name, image_id, manifest) VALUES (?, ?, ?)
         ON CONFLICT (name) DO UPDATE SET image_id = excluded.image_id, manifest = excluded.manifest`,
        name,
        imageId,
        JSON.stringify(manifest),
      );
      this.database.run("UPDATE images SET tagged_at = ? WHERE id = ?", new Date().toISOString(), imageId);
    });
  }

  get(name: string): Digest | undefined {
    const row = this.database.get("SELECT name, image_id FROM names WHERE name = ?", name);
    return row && decode(row).imageId;
  }

  /** Whether a name stands for an image of the store with the manifest that it has now. */
  isOf(name: string, { id, manifest }: Pick<ImageRecord, "id" | "manifest">): boolean {
    return (
      this.database.get(
        "SELECT 1 FROM names WHERE name = ?1 AND image_id = ?2 AND COALESCE(manifest, ?3) = ?3",
        name,
        id,
        JSON.stringify(manifest),
      ) !== undefined
    );
  }

  list(): ImageName[] {
    return this.database.all("SELECT name, image_id FROM names ORDER BY name").map(decode);
  }

  of(imageId: Digest): string[] {
    return this.database
      .all("SELECT name, image_id FROM names WHERE image_id = ? ORDER BY name", imageId)
      .map((row) => decode(row).name);
  }

  /** False when there was no such name. */
  delete(name: string): boolean {
    return this.database.run("DELETE FROM names WHERE name = ?", name) > 0;
  }
}

/** What registries called an image: repository and digest of the manifest or index they answered with. */
export class RepositoryDigestTable extends Table {
  /** True when it was not known before; of an image that is gone nothing is kept. */
  add(entry: RepositoryDigest): boolean {
    return (
      this.database.run(
        `INSERT OR IGNORE INTO repository_digests (repository, digest, image_id, manifest)
         SELECT ?, ?, id, ? FROM images WHERE id = ?`,
        entry.repository,
        entry.digest,
        entry.manifest === undefined ? null : JSON.stringify(entry.manifest),
        entry.imageId,
      ) > 0
    );
  }

  /** Whether a digest in a repository stands for an image of the store with the manifest that it has now. */
  isOf(
    { repository, digest }: Pick<RepositoryDigest, "repository" | "digest">,
    { id, manifest }: Pick<ImageRecord, "id" | "manifest">,
  ): boolean {
    return (
      this.database.get(
        `SELECT 1 FROM repository_digests
         WHERE repository = ?1 AND digest = ?2 AND image_id = ?3 AND COALESCE(manifest, ?4) = ?4`,
        repository,
        digest,
        id,
        JSON.stringify(manifest),
      ) !== undefined
    );
  }

  /** A digest that stands for an image with the manifest that it has now, in one repository. */
  lookUp(repository: string, { id, manifest }: Pick<ImageRecord, "id" | "manifest">): Digest | undefined {
    const row = this.database.get(
      `SELECT digest FROM repository_digests
       WHERE repository = ?1 AND image_id = ?2 AND COALESCE(manifest, ?3) = ?3 LIMIT 1`,
      repository,
      id,
      JSON.stringify(manifest),
    );
    return row && (textOf(row, "digest") as Digest);
  }

  list(): RepositoryDigest[] {
    return this.database
      .all("SELECT repository, digest, image_id FROM repository_digests ORDER BY repository, digest")
      .map((row) => ({
        repository: textOf(row, "repository"),
        digest: textOf(row, "digest") as Digest,
        imageId: textOf(row, "image_id") as Digest,
      }));
  }

  of(imageId: Digest): RepositoryDigest[] {
    return this.list().filter((entry) => entry.imageId === imageId);
  }

  /** Whether a registry has the image with this very manifest, by itself or in an index. */
  hasManifest({ id, manifest }: Pick<ImageRecord, "id" | "manifest">): boolean {
    return (
      this.database.get(
        `SELECT 1 FROM repository_digests r JOIN images ON images.id = r.image_id
         WHERE r.image_id = ?1 AND ?2 IN (r.digest, json_extract(COALESCE(r.manifest, images.manifest), '$.digest'))
         LIMIT 1`,
        id,
        manifest.digest,
      ) !== undefined
    );
  }

  delete(entry: RepositoryDigest): boolean {
    return (
      this.database.run(
        "DELETE FROM repository_digests WHERE repository = ? AND digest = ? AND image_id = ?",
        entry.repository,
        entry.digest,
        entry.imageId,
      ) > 0
    );
  }
}
