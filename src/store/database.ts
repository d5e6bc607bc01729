import type { Database, SQLQueryBindings } from "bun:sqlite";
import { BerthError, isBerthError } from "../base/errors.ts";
import { storeErrorOf } from "./sqlite-error.ts";

export type Row = Readonly<Record<string, unknown>>;

/** The value of a text column; anything else means that the file is not ours. */
export function textOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw new BerthError("internal", `column ${column} holds no text`);
  return value;
}

/** The value of a number column. */
export function numberOf(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== "number") throw new BerthError("internal", `column ${column} holds no number`);
  return value;
}

export interface OpenedDatabase {
  readonly database: Database;
  /** Why it cannot be written; undefined when it can. */
  readonly unwritable?: unknown;
}

/** One SQLite connection, opened at the first statement. Errors are BerthErrors that name the file. */
export class StateDatabase {
  readonly #path: string;
  readonly #open: () => OpenedDatabase;
  #opened: OpenedDatabase | undefined;
  #depth = 0;
  #makeRoom: (() => boolean) | undefined;

  constructor(path: string, open: () => OpenedDatabase) {
    this.#path = path;
    this.#open = open;
  }

  #guard<T>(work: (database: Database) => T, access: "read" | "write" = "read"): T {
    try {
      this.#opened ??= this.#open();
      if (access === "write" && this.#opened.unwritable !== undefined) throw this.#opened.unwritable;
      return work(this.#opened.database);
    } catch (error) {
      const known = storeErrorOf(error, this.#path);
      const isWhole = access === "write" && this.#depth === 0;
      if (!isWhole || !isBerthError(known, "no-space") || this.#makeRoom?.() !== true) throw known;
      this.close(); // it may have been opened for reading only
      return this.#guard(work, access);
    }
  }

  /** From now on a change that fails on a full disk is tried again as often as `makeRoom` says that it made some. */
  makeRoomWith(makeRoom: () => boolean): void {
    this.#makeRoom = makeRoom;
  }

  all(sql: string, ...values: SQLQueryBindings[]): Row[] {
    return this.#guard((database) => database.query<Row, SQLQueryBindings[]>(sql).all(...values));
  }

  get(sql: string, ...values: SQLQueryBindings[]): Row | undefined {
    return this.#guard(
      (database) => database.query<Row, SQLQueryBindings[]>(sql).get(...values) ?? undefined,
    );
  }

  /** Runs a writing statement; the number of rows it changed. */
  run(sql: string, ...values: SQLQueryBindings[]): number {
    return this.#guard((database) => database.query(sql).run(...values).changes, "write");
  }

  /** Runs `work` in one writing transaction (BEGIN IMMEDIATE); inside another transaction it becomes part of that one. */
  transaction<T>(work: () => T): T {
    if (this.#depth > 0) return work();
    return this.#guard((database) => {
      this.#depth++;
      try {
        return immediately(database, work);
      } finally {
        this.#depth--;
      }
    }, "write");
  }

  /** Changes with every commit, of this connection or any other (`PRAGMA data_version`). */
  version(): string {
    const row = this.get("SELECT data_version || '.' || total_changes() AS version FROM pragma_data_version");
    return textOf(row!, "version");
  }

  close(): void {
    this.#opened?.database.close();
    this.#opened = undefined;
  }
}

/** Like bun:sqlite's `transaction`, which prepares nine statements, most of them for savepoints. */
function immediately<T>(database: Database, work: () => T): T {
  database.run("BEGIN IMMEDIATE");
  try {
    const result = work();
    database.run("COMMIT");
    return result;
  } catch (error) {
    if (database.inTransaction) database.run("ROLLBACK"); // SQLite does so itself when the disk is full
    throw error;
  }
}

/** A part of the database. A constructor of its own for each would cost every command more than a query. */
export abstract class Table {
  protected readonly database: StateDatabase;

  constructor(database: StateDatabase) {
    this.database = database;
  }
}
