import { O } from "../sys/kernel-numbers.ts";
import { BerthError, messageOf } from "../base/errors.ts";
import { makeDirectories } from "../sys/directory-entries.ts";
import { close, exists, open, requireWritable } from "../sys/files.ts";
import { waitForLockSync } from "../sys/flock.ts";
import { BlobStore } from "./blob-store.ts";
import { BuildCacheTable } from "./build-cache-table.ts";
import { ContainerTable } from "./container-table.ts";
import { type OpenedDatabase, StateDatabase } from "./database.ts";
import { GarbageCollector } from "./garbage.ts";
import { ImageTable } from "./image-table.ts";
import { LayerStore } from "./layer-store.ts";
import { StoreLayout } from "./layout.ts";
import { Lease, type LockName, StoreLocks } from "./locks.ts";
import { NameTable, RepositoryDigestTable } from "./name-table.ts";
import { memoryDatabase, openReadOnlyDatabase, openWritableDatabase } from "./open-database.ts";
import { NetworkTable } from "./network-table.ts";
import { giveUpReserve, keepReserve } from "./reserve.ts";
import { storeErrorOf } from "./sqlite-error.ts";
import { ManifestLists } from "./manifest-lists.ts";
import { TemporaryDirectory } from "./temporary.ts";
import { VolumeTable } from "./volume-table.ts";

export interface StoreOptions {
  /** `read-only` creates nothing and refuses changes; `read-write` creates the store with the first use. */
  readonly mode: "read-write" | "read-only";
}

/**
 * Everything that berth keeps for one user. Opening costs nothing; the database is opened by the first query, directories
 * are made by the first change. A store that cannot be written (read-only file system, foreign directory, full disk)
 * still answers questions, and a change then fails with the reason.
 */
export class Store implements Disposable {
  readonly layout: StoreLayout;
  readonly mode: StoreOptions["mode"];
  readonly images: ImageTable;
  readonly names: NameTable;
  readonly repositoryDigests: RepositoryDigestTable;
  readonly containers: ContainerTable;
  readonly volumes: VolumeTable;
  readonly buildCache: BuildCacheTable;
  readonly networks: NetworkTable;
  readonly blobs: BlobStore;
  readonly layers: LayerStore;
  readonly locks: StoreLocks;
  readonly temporary: TemporaryDirectory;
  readonly #database: StateDatabase;
  #prepared = false;

  private constructor(directory: string, { mode }: StoreOptions) {
    this.layout = new StoreLayout(directory);
    this.mode = mode;
    const database = new StateDatabase(this.layout.database, () => this.#open());
    this.#database = database;
    this.locks = new StoreLocks(this.layout, () => this.prepare());
    this.temporary = new TemporaryDirectory(this.layout, this.locks);
    this.images = new ImageTable(database);
    this.names = new NameTable(database);
    this.repositoryDigests = new RepositoryDigestTable(database);
    this.containers = new ContainerTable(database);
    this.volumes = new VolumeTable(database);
    this.buildCache = new BuildCacheTable(database);
    this.networks = new NetworkTable(database);
    this.blobs = new BlobStore(this.layout, this.locks);
    this.layers = new LayerStore(this.layout, this.locks, database);
  }

  static open(directory: string, options: StoreOptions): Store {
    return new Store(directory, options);
  }

  get manifestLists(): ManifestLists {
    return new ManifestLists(this.layout.manifestLists, this.temporary);
  }

  get garbage(): GarbageCollector {
    return new GarbageCollector(this.layout, this.locks, this.#database, this.images, this.temporary);
  }

  /** Runs `work`, which must not wait, in one writing transaction over all tables. */
  transaction<T>(work: () => T): T {
    return this.#database.transaction(work);
  }

  /** Another one after every change of the records, by this process or any other. */
  version(): string {
    return this.#database.version();
  }

  /** Holds blobs and layers against removal until it is disposed. */
  lease(): Lease {
    return new Lease();
  }

  /** Serialises work on one object (a container, a volume) between processes. */
  lockObject(name: string, signal?: AbortSignal) {
    return this.locks.wait(`object:${name}` satisfies LockName, "exclusive", signal);
  }

  /** The changes that follow free room, or record an end: on a full disk they may use what is kept for them. */
  useReserve(): void {
    this.#database.makeRoomWith(() => giveUpReserve(this.layout.reserve));
  }

  /** After such changes. */
  keepReserve(): void {
    keepReserve(this.layout.reserve);
  }

  /** Whether changes have a chance: the directory, or the place where it would be made, may be written. */
  isWritable(): boolean {
    if (this.mode === "read-only") return false;
    try {
      this.prepare();
      requireWritable(this.layout.directory);
      return true;
    } catch {
      return false;
    }
  }

  /** Makes the directories, for the user alone. Throws `read-only`, `denied` or `no-space`. */
  prepare(): void {
    if (this.#prepared) return;
    if (this.mode === "read-only") {
      throw new BerthError("read-only", `${this.layout.directory} was opened for reading only`);
    }
    const { blobs, layers, containers, volumes, temporary, directory } = this.layout;
    try {
      if (!exists(volumes)) {
        // volumes/ comes last: where it is, everything else is. tmp/ proves nothing: helpers are unpacked there first.
        for (const path of [directory, temporary, blobs, layers, containers, volumes]) {
          makeDirectories(path, 0o700);
        }
      }
    } catch (error) {
      const known = storeErrorOf(error, directory);
      if (known instanceof BerthError) throw known;
      throw new BerthError("denied", `cannot create ${directory}: ${messageOf(error)}`, { cause: error });
    }
    this.#prepared = true;
  }

  /** What SQLite finds wrong with its own file; empty where nothing is. */
  databaseFaults(): string[] {
    return this.#database
      .all("PRAGMA integrity_check")
      .map((row) => String(row.integrity_check))
      .filter((line) => line !== "ok");
  }

  close(): void {
    this.#database.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** SQLite says only that it cannot open; the directory itself says why. */
  #whyUnwritable(): BerthError | undefined {
    const { directory } = this.layout;
    try {
      requireWritable(directory);
      return undefined;
    } catch (error) {
      const known = storeErrorOf(error, directory);
      return known instanceof BerthError ? known : undefined;
    }
  }

  #open(): OpenedDatabase {
    const readOnly =
      this.mode === "read-only"
        ? new BerthError("read-only", `${this.layout.directory} was opened for reading only`)
        : undefined;
    const isThere = exists(this.layout.database);
    if (!isThere && readOnly !== undefined) return { database: memoryDatabase(), unwritable: readOnly };
    try {
      if (!isThere) {
        this.prepare();
        close(open(this.layout.database, O.WRONLY | O.CREAT, 0o600)); // SQLite would follow the umask
      }
      const serialise = () => waitForLockSync(this.layout.locks, "database", "exclusive");
      const database = openWritableDatabase(this.layout, serialise);
      if (!isThere) this.keepReserve();
      return readOnly === undefined ? { database } : { database, unwritable: readOnly };
    } catch (error) {
      const known = storeErrorOf(error, this.layout.directory);
      const fallsBack =
        known instanceof BerthError && ["read-only", "denied", "no-space"].includes(known.code);
      if (!fallsBack) throw error;
      const database = isThere ? openReadOnlyDatabase(this.layout) : memoryDatabase();
      return { database, unwritable: readOnly ?? this.#whyUnwritable() ?? known };
    }
  }
}
