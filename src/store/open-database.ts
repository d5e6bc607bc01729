import { constants, Database } from "bun:sqlite";
import { BerthError } from "../base/errors.ts";
import { exists, readBytes, statusIfThere } from "../sys/files.ts";
import { networkFileSystem } from "./file-system-kind.ts";
import type { StoreLayout } from "./layout.ts";
import { migrations } from "./migrations.ts";

/** How long a statement waits for another process's transaction; transactions are short. */
const busyTimeout = 20_000;

function versionOf(database: Database): number {
  const row = database.query("PRAGMA user_version").get();
  return typeof row === "object" && row !== null && "user_version" in row ? Number(row.user_version) : 0;
}

/** Brings a database up to the executable's schema; a newer one is refused with `unsupported`. */
export function migrate(database: Database, path: string): void {
  const apply = database.transaction(() => {
    const from = versionOf(database);
    for (const step of migrations.slice(from)) database.exec(step);
    if (from < migrations.length) database.exec(`PRAGMA user_version = ${migrations.length}`);
  });
  apply.exclusive();
  refuseNewer(versionOf(database), path);
}

function refuseNewer(version: number, path: string): void {
  if (version > migrations.length) {
    throw new BerthError(
      "unsupported",
      `${path} was written by a newer berth (schema ${version}, this one knows ${migrations.length})`,
      { hint: "use the newer berth, or another BERTH_ROOT" },
    );
  }
}

/**
 * Pages in the write-ahead log that are put into the database with the next transaction. Whoever opens a store that no
 * other process has open reads the whole log, which at SQLite's 1000 pages takes as long as half of `berth images`.
 */
const logPages = 128;

function prepare(database: Database): Database {
  database.exec(
    `PRAGMA busy_timeout = ${busyTimeout}; PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL;` +
      `PRAGMA wal_autocheckpoint = ${logPages}`,
  );
  return database;
}

/** An empty database of the current schema that exists nowhere. */
export function memoryDatabase(): Database {
  const database = prepare(new Database(":memory:"));
  migrate(database, ":memory:");
  return database;
}

/**
 * Opens the database for reading and writing and brings its schema up to date; creates it when it is missing.
 * Two processes that create it at once are serialised by the store's own lock, because a change of the journal
 * mode is not covered by SQLite's busy handler.
 */
export function openWritableDatabase(layout: StoreLayout, serialise: () => Disposable): Database {
  const flags = constants.SQLITE_OPEN_READWRITE | constants.SQLITE_OPEN_CREATE;
  let database = exists(layout.database) ? prepare(new Database(layout.database, flags)) : undefined;
  const version = database === undefined ? 0 : versionOf(database);
  refuseNewer(version, layout.database);
  if (database !== undefined && version === migrations.length) return database;
  using _ = serialise();
  database ??= prepare(new Database(layout.database, flags));
  const wal = networkFileSystem(layout.directory) === undefined;
  database.exec(
    wal ? "PRAGMA journal_mode = WAL" : "PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL",
  );
  migrate(database, layout.database);
  return database;
}

function sizeOf(path: string): number {
  return statusIfThere(path)?.size ?? 0;
}

/** Where a write-ahead log was left by a killed process and cannot be replayed in place, a copy can. */
function openCopy(layout: StoreLayout): Database {
  const { copyFileSync, mkdtempSync, rmSync } = process.getBuiltinModule("node:fs");
  const directory = mkdtempSync(`${process.getBuiltinModule("node:os").tmpdir()}/berth-`);
  try {
    const copy = `${directory}/berth.db`;
    copyFileSync(layout.database, copy);
    copyFileSync(`${layout.database}-wal`, `${copy}-wal`);
    const database = new Database(copy, constants.SQLITE_OPEN_READWRITE);
    database.exec("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA journal_mode = DELETE");
    const bytes = database.serialize();
    database.close();
    return Database.deserialize(bytes);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The bytes of a database as one in memory; a WAL database cannot be in memory, so the header says rollback (file format 1.3.3). */
function loadIntoMemory(path: string): Database {
  const bytes = readBytes(path);
  bytes[18] = 1;
  bytes[19] = 1;
  return Database.deserialize(bytes);
}

/**
 * Opens a database that may not be written: on a read-only file system, in another user's directory, or on a full
 * disk. Falls from an ordinary read-only connection, which sees what others write, to an immutable one, which needs
 * no shared memory file. An old schema is brought up to date in memory only.
 */
export function openReadOnlyDatabase(layout: StoreLayout): Database {
  const ways = [
    () => new Database(layout.database, constants.SQLITE_OPEN_READONLY),
    () => {
      if (sizeOf(`${layout.database}-wal`) > 0) return openCopy(layout);
      const uri = `file:${encodeURI(layout.database).replaceAll("?", "%3F").replaceAll("#", "%23")}?immutable=1`;
      return new Database(uri, constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI);
    },
  ];
  let failure: unknown;
  for (const open of ways) {
    try {
      const database = open();
      database.exec(`PRAGMA busy_timeout = ${busyTimeout}`);
      const version = versionOf(database);
      refuseNewer(version, layout.database);
      if (version === migrations.length) return database;
      database.close();
      const copy = loadIntoMemory(layout.database);
      migrate(copy, layout.database);
      return copy;
    } catch (error) {
      if (error instanceof BerthError) throw error;
      failure ??= error;
    }
  }
  throw failure;
}
