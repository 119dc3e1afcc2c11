/**
 * What Apie calls the runs and sessions that are told again at another time, and what was told of them: a file beside the queue
 * that outlives what waits. Its writers take turns by SQLite's own locks, for a row at a time; a file that is damaged is put
 * aside, one that fails is gone without, and neither stops anything.
 */
import { chmodSync, closeSync, existsSync, openSync, renameSync } from "node:fs";
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { KeptId, KeptIdStore, KeptKind } from "./kept-id-store.ts";
import { locked } from "./queue-file.ts";
import { hashOf } from "./rows.ts";
import { type Sqlite, storeFailureOf } from "./sqlite.ts";

export interface KeptIdsParts {
  readonly sqlite: Sqlite;
  readonly path: string;
  /** Which Apie the ids are of. */
  readonly apie: string;
  /** A problem, in words, and where a damaged file is now. */
  readonly tell: (message: string, setAside: string | undefined) => void;
  /** Default 200,000; of more, those not used for longest are forgotten. */
  readonly maxItems?: number | undefined;
}

/** "APIK", so that a file of another program is never taken for ours. */
const APPLICATION_ID = 0x4150494b;
const MAX_ITEMS = 200_000;
/** Ids that wait for the registration. */
const MAX_EARLY = 10_000;
/** Of one note, which then is not kept. */
const MAX_NOTE = 1_048_576;
/** How much more there may be until the oldest are taken out. */
const SLACK = 1.02;
/** What another writer's row may take. */
const BUSY_MS = 100;
const PRIVATE = 0o600;
const COMPANIONS = ["", "-wal", "-shm", "-journal"];

const SETTINGS = `PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL`;

const TABLE = `
CREATE TABLE IF NOT EXISTS kept (
  apie TEXT NOT NULL,
  kind TEXT NOT NULL,
  key_hash TEXT NOT NULL,
  apie_id TEXT,
  note TEXT,
  used_at INTEGER NOT NULL,
  PRIMARY KEY (apie, kind, key_hash)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS kept_by_use ON kept (used_at);
PRAGMA application_id = ${APPLICATION_ID};
`;

const SQL = {
  get: "SELECT apie_id, note FROM kept WHERE apie = ? AND kind = ? AND key_hash = ?",
  putId: `INSERT INTO kept (apie, kind, key_hash, apie_id, used_at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET note = CASE WHEN apie_id = excluded.apie_id THEN note END, apie_id = excluded.apie_id, used_at = excluded.used_at`,
  put: `INSERT INTO kept (apie, kind, key_hash, apie_id, note, used_at) VALUES (?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET apie_id = coalesce(excluded.apie_id, apie_id), note = excluded.note, used_at = excluded.used_at`,
  count: "SELECT count(*) AS count FROM kept",
  forget:
    "DELETE FROM kept WHERE (apie, kind, key_hash) IN (SELECT apie, kind, key_hash FROM kept ORDER BY used_at LIMIT ?)",
} as const;

export class KeptIds implements KeptIdStore {
  readonly #parts: KeptIdsParts;
  #apie: string;
  /** Ids that an earlier process left, read before it is known of which workspace they are. */
  #early: { readonly kind: KeptKind; readonly keyHash: string; readonly apieId: string }[] | undefined = [];
  readonly #maxItems: number;
  #db: DatabaseSync | undefined;
  readonly #statements = new Map<string, StatementSync>();
  #count = 0;
  #hasFailed = false;
  #isClosed = false;

  constructor(parts: KeptIdsParts) {
    this.#parts = parts;
    this.#apie = apieOf(parts.apie, undefined);
    this.#maxItems = parts.maxItems ?? MAX_ITEMS;
  }

  /** One Apie has many workspaces, and ids are those of one. */
  registered(workspaceId: string | undefined): void {
    this.#apie = apieOf(this.#parts.apie, workspaceId);
    const early = this.#early ?? [];
    this.#early = undefined;
    for (const { kind, keyHash, apieId } of early) this.putId(kind, keyHash, apieId);
  }

  get(kind: KeptKind, key: string): KeptId | undefined {
    const row = this.#safely((db) => this.#statement(db, SQL.get).get(this.#apie, kind, hashOf(key)));
    if (row === undefined) return undefined;
    return { apieId: textOf(row.apie_id), note: textOf(row.note) };
  }

  /** Apie has answered. What was noted of another run under this key of ours is no longer true. */
  putId(kind: KeptKind, keyHash: string, apieId: string): void {
    if (this.#early !== undefined) {
      this.#early.push({ kind, keyHash, apieId });
      if (this.#early.length > MAX_EARLY) this.#early.shift();
      return;
    }
    this.#put(SQL.putId, this.#apie, kind, keyHash, apieId, Date.now());
  }

  put(kind: KeptKind, key: string, { apieId, note }: KeptId): void {
    const kept = note === undefined || note.length > MAX_NOTE ? null : note;
    this.#put(SQL.put, this.#apie, kind, hashOf(key), apieId ?? null, kept, Date.now());
  }

  hold(): (() => void) | undefined {
    try {
      const lock = locked(this.#parts.sqlite, `${this.#parts.path}.lock`);
      return () => lock.close();
    } catch (error) {
      if (storeFailureOf(error, "locking").trouble === "locked") return undefined;
      this.#failed(error);
      // Where nothing can be locked nothing can be kept.
      return () => undefined;
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#closeQuietly();
  }

  #put(sql: string, ...values: SQLInputValue[]): void {
    this.#safely((db) => {
      this.#count += Number(this.#statement(db, sql).run(...values).changes);
      // Changed rows count as new ones here: then it is counted.
      if (this.#count > this.#maxItems * SLACK) this.#makeRoom(db);
    });
  }

  #makeRoom(db: DatabaseSync): void {
    this.#count = Number(this.#statement(db, SQL.count).get()?.count ?? 0);
    if (this.#count <= this.#maxItems) return;
    this.#statement(db, SQL.forget).run(this.#count - this.#maxItems);
    this.#count = this.#maxItems;
  }

  #safely<Result>(act: (db: DatabaseSync) => Result): Result | undefined {
    if (this.#isClosed) return undefined;
    for (const isLast of [false, true]) {
      try {
        const result = act(this.#opened());
        this.#hasFailed = false;
        return result;
      } catch (error) {
        this.#closeQuietly();
        const isDamaged = storeFailureOf(error, "using").trouble === "corrupt";
        if (isDamaged && !isLast && this.#putAside()) continue;
        this.#failed(error);
        return undefined;
      }
    }
    return undefined;
  }

  #opened(): DatabaseSync {
    if (this.#db !== undefined) return this.#db;
    const { sqlite, path } = this.#parts;
    if (!existsSync(path)) closeSync(openSync(path, "a", PRIVATE));
    else chmodSync(path, PRIVATE);
    const db = new sqlite.DatabaseSync(path);
    try {
      db.exec(SETTINGS);
      const number = (sql: string): number => Number(Object.values(db.prepare(sql).get() ?? {})[0] ?? 0);
      const isOurs = number("PRAGMA application_id") === APPLICATION_ID;
      if (!isOurs && number("SELECT count(*) FROM sqlite_schema") > 0)
        throw new Error("it is a database of another program");
      if (!isOurs) db.exec(`BEGIN IMMEDIATE; ${TABLE} COMMIT`);
      this.#count = number(SQL.count);
    } catch (error) {
      db.close();
      throw error;
    }
    this.#db = db;
    return db;
  }

  /** @returns whether it is out of the way. */
  #putAside(): boolean {
    const { path, tell } = this.#parts;
    const aside = `${path}.corrupt-${new Date().toISOString().replace(/[:.]/g, "-")}`;
    try {
      for (const companion of COMPANIONS)
        if (existsSync(path + companion)) renameSync(path + companion, aside + companion);
    } catch {
      return false;
    }
    tell(
      `the ids of imported runs in ${path} were damaged; the file is now ${aside}, and a new one was begun`,
      aside,
    );
    return true;
  }

  #failed(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    const { message } = storeFailureOf(error, "using");
    this.#parts.tell(
      `the ids of imported runs cannot be kept in ${this.#parts.path} (${message}); an import again opens them anew`,
      undefined,
    );
  }

  #statement(db: DatabaseSync, sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #closeQuietly(): void {
    this.#statements.clear();
    try {
      this.#db?.close();
    } catch {
      // What was written is in the file.
    }
    this.#db = undefined;
  }
}

const apieOf = (apie: string, workspaceId: string | undefined): string =>
  hashOf(JSON.stringify([apie, workspaceId ?? null]));

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
