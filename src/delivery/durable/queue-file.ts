/**
 * One queue file in the hands of one writer. The lock is SQLite's own on a file beside it, held as long as the process lives:
 * the operating system lets it go when the process ends, however it ends.
 */
import { chmodSync, closeSync, existsSync, openSync, renameSync, rmSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import type { Sqlite } from "./sqlite.ts";
import { storeFailureOf } from "./sqlite.ts";
import { SqliteStore } from "./sqlite-store.ts";
import { type Store, StoreFailure } from "./store.ts";

const PRIVATE = 0o600;
/** What SQLite keeps beside a file. */
const COMPANIONS = ["", "-wal", "-shm", "-journal"];

const lockOf = (path: string): string => `${path}.lock`;

export class QueueFile {
  readonly path: string;
  readonly #sqlite: Sqlite;
  readonly #maxPages: number | undefined;
  readonly #lock: DatabaseSync;
  #store: Store | undefined;
  /** Files that were damaged, and where they are now. */
  readonly setAside: string[] = [];

  /** Takes the lock, and nothing else yet. @throws {StoreFailure} `locked` when another writer has it. */
  constructor(sqlite: Sqlite, path: string, maxPages?: number) {
    this.path = path;
    this.#sqlite = sqlite;
    this.#maxPages = maxPages;
    this.#lock = locked(sqlite, lockOf(path));
  }

  /**
   * Opens the file, or begins it; one that is damaged is put aside first.
   * @throws {StoreFailure | ForeignFile}
   */
  open(): Store {
    try {
      this.#store = this.#opened();
    } catch (error) {
      if (!(error instanceof StoreFailure) || error.trouble !== "corrupt") throw error;
      this.putAside();
      this.#store = this.#opened();
    }
    return this.#store;
  }

  /** Moves a damaged file out of the way, for somebody to look at. @throws {StoreFailure} */
  putAside(): void {
    this.#store?.close();
    this.#store = undefined;
    const aside = `${this.path}.corrupt-${new Date().toISOString().replace(/[:.]/g, "-")}`;
    attempt("setting a damaged file aside", () => {
      for (const companion of COMPANIONS) {
        if (existsSync(this.path + companion)) renameSync(this.path + companion, aside + companion);
      }
    });
    this.setAside.push(aside);
  }

  /** Lets go of it. @param remove takes it away: nothing is left in it. */
  close({ remove = false } = {}): void {
    this.#store?.close();
    this.#store = undefined;
    if (remove) {
      try {
        for (const companion of COMPANIONS) rmSync(this.path + companion, { force: true });
        rmSync(lockOf(this.path), { force: true });
      } catch {
        // An empty queue file in the way of nobody.
      }
    }
    this.#lock.close();
  }

  #opened(): Store {
    makePrivate(this.path);
    return new SqliteStore(this.#sqlite, this.path, this.#maxPages);
  }
}

/** @throws {StoreFailure} `locked` when another one has it, in this process or elsewhere. */
export function locked(sqlite: Sqlite, path: string): DatabaseSync {
  makePrivate(path);
  let lock: DatabaseSync | undefined;
  try {
    lock = new sqlite.DatabaseSync(path);
    // Never ended: nothing is written, the lock is all there is to it.
    lock.exec("PRAGMA journal_mode = MEMORY; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock?.close();
    throw storeFailureOf(error, "locking");
  }
}

/**
 * SQLite makes its files as the umask says. An existing one is not opened for that: closing it again would let go of every
 * lock this process has on it (fcntl(2)).
 */
function makePrivate(path: string): void {
  attempt("opening", () => {
    if (existsSync(path)) chmodSync(path, PRIVATE);
    else closeSync(openSync(path, "a", PRIVATE));
  });
}

function attempt(what: string, act: () => void): void {
  try {
    act();
  } catch (error) {
    throw storeFailureOf(error, what);
  }
}
