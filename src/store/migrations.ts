/**
 * The schema, as numbered steps that only go forward: step n brings a database from version n-1 to n
 * (`PRAGMA user_version`). A step that was released is never changed.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE images (
    id TEXT PRIMARY KEY, manifest TEXT NOT NULL, config TEXT NOT NULL, size INTEGER NOT NULL,
    added_at TEXT NOT NULL, tagged_at TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE image_layers (
    image_id TEXT NOT NULL REFERENCES images ON DELETE CASCADE, position INTEGER NOT NULL, diff_id TEXT NOT NULL,
    PRIMARY KEY (image_id, position)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX image_layers_by_diff_id ON image_layers (diff_id);
  CREATE TABLE image_blobs (
    image_id TEXT NOT NULL REFERENCES images ON DELETE CASCADE, digest TEXT NOT NULL,
    PRIMARY KEY (image_id, digest)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX image_blobs_by_digest ON image_blobs (digest);
  CREATE TABLE names (
    name TEXT PRIMARY KEY, image_id TEXT NOT NULL REFERENCES images ON DELETE CASCADE
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX names_by_image ON names (image_id);
  CREATE TABLE repository_digests (
    repository TEXT NOT NULL, digest TEXT NOT NULL, image_id TEXT NOT NULL REFERENCES images ON DELETE CASCADE,
    PRIMARY KEY (repository, digest, image_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX repository_digests_by_image ON repository_digests (image_id);
  CREATE TABLE layers (diff_id TEXT PRIMARY KEY, size INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE containers (
    id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, image_id TEXT NOT NULL, created_at TEXT NOT NULL,
    record TEXT NOT NULL, state TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX containers_by_image ON containers (image_id);
  CREATE TABLE container_layers (
    container_id TEXT NOT NULL REFERENCES containers ON DELETE CASCADE, position INTEGER NOT NULL,
    diff_id TEXT NOT NULL, PRIMARY KEY (container_id, position)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX container_layers_by_diff_id ON container_layers (diff_id);
  CREATE TABLE volumes (
    name TEXT PRIMARY KEY, labels TEXT NOT NULL, anonymous INTEGER NOT NULL, created_at TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE volume_users (
    volume TEXT NOT NULL REFERENCES volumes ON DELETE CASCADE,
    container_id TEXT NOT NULL REFERENCES containers ON DELETE CASCADE,
    PRIMARY KEY (volume, container_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX volume_users_by_container ON volume_users (container_id);
  `,
  `
  CREATE TABLE build_steps (
    key TEXT PRIMARY KEY, diff_id TEXT, blob TEXT, descriptor TEXT, created_at TEXT NOT NULL,
    created_by TEXT NOT NULL, used_at TEXT NOT NULL, uses INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX build_steps_by_diff_id ON build_steps (diff_id);
  CREATE INDEX build_steps_by_blob ON build_steps (blob);
  `,
  `
  CREATE TABLE networks (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, record TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE network_members (
    network_id TEXT NOT NULL, container_id TEXT NOT NULL REFERENCES containers ON DELETE CASCADE,
    address TEXT NOT NULL, aliases TEXT NOT NULL, position INTEGER NOT NULL,
    PRIMARY KEY (network_id, container_id), UNIQUE (network_id, address)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX network_members_by_container ON network_members (container_id);
  `,
  `
  ALTER TABLE names ADD COLUMN manifest TEXT;
  UPDATE names SET manifest = (SELECT manifest FROM images WHERE id = image_id);
  ALTER TABLE repository_digests ADD COLUMN manifest TEXT;
  UPDATE repository_digests SET manifest = (
    SELECT manifest FROM images WHERE id = image_id AND json_extract(manifest, '$.digest') = digest
  );
  `,
  `
  ALTER TABLE network_members ADD COLUMN address6 TEXT;
  CREATE UNIQUE INDEX network_members_by_address6 ON network_members (network_id, address6);
  `,
];
