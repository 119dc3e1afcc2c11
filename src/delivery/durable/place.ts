/** Where `queueStoragePath` points to: one file, or a folder in which each process has its own. */
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, statSync } from "node:fs";
import { dirname, join, resolve, sep } from "node:path";
import { ApieConfigError, reasonOf } from "../../model/errors.ts";
import { QueueFile } from "./queue-file.ts";
import { type Sqlite, storeFailureOf } from "./sqlite.ts";
import { ForeignFile } from "./sqlite-store.ts";
import type { Store, StoreFailure } from "./store.ts";

const OPTION = "queueStoragePath";
/** Of files in a folder. */
const NAME = /^apie-[\da-z-]+\.queue$/;

export interface OpenFile {
  readonly file: QueueFile;
  readonly store: Store;
}

export class Place {
  readonly #sqlite: Sqlite;
  readonly #path: string;
  readonly #ownPath: string;
  readonly isFolder: boolean;

  /** @throws {ApieConfigError} on a Node without node:sqlite, or when the folder cannot be made. */
  constructor(path: string, sqlite: Sqlite | undefined) {
    if (sqlite === undefined) {
      throw wrong(
        `needs node:sqlite, which this Node ${process.version} does not offer: run Node 22.13 or newer, or leave the option out to keep the queue in memory`,
      );
    }
    this.#sqlite = sqlite;
    this.#path = resolve(path);
    this.isFolder = path.endsWith("/") || path.endsWith(sep) || isFolder(this.#path);
    this.#ownPath = this.isFolder ? join(this.#path, newName()) : this.#path;
    try {
      mkdirSync(this.isFolder ? this.#path : dirname(this.#path), { recursive: true, mode: 0o700 });
    } catch (error) {
      throw wrong(`${this.#path} cannot be made: ${reasonOf(error)}; name a place this process may write to`);
    }
  }

  /** Beside the queue, for all processes that have their queues here. */
  get keptIdsPath(): string {
    return this.isFolder ? join(this.#path, "apie-imports.ids") : `${this.#path}.imports`;
  }

  /** The path of this process's file. */
  get ownPath(): string {
    return this.#ownPath;
  }

  /**
   * This process's file. Mistakes are told at once, since they would be there for good; a full disk is none, and must not
   * keep the application from starting.
   * @throws {ApieConfigError} when another process has it, or it can never be ours.
   * @throws {StoreFailure} `unwritable`: it may work later.
   */
  own(maxPages?: number): OpenFile {
    let file: QueueFile | undefined;
    try {
      file = new QueueFile(this.#sqlite, this.#ownPath, maxPages);
      return { file, store: file.open() };
    } catch (error) {
      file?.close();
      throw this.#mistake(this.#ownPath, error);
    }
  }

  /** A file of this folder whose process has ended. Those of others, and those that cannot be read, are left alone. */
  abandoned(): OpenFile | undefined {
    if (!this.isFolder) return undefined;
    for (const name of this.#names()) {
      const path = join(this.#path, name);
      const found = path === this.#ownPath ? undefined : this.#adopted(path);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #adopted(path: string): OpenFile | undefined {
    let file: QueueFile | undefined;
    try {
      file = new QueueFile(this.#sqlite, path);
      return { file, store: file.open() };
    } catch {
      file?.close();
      return undefined;
    }
  }

  #names(): string[] {
    try {
      return readdirSync(this.#path)
        .filter((name) => NAME.test(name))
        .sort();
    } catch {
      return [];
    }
  }

  #mistake(path: string, error: unknown): ApieConfigError | StoreFailure {
    if (error instanceof ForeignFile) return wrong(`${path} ${error.message}; name another file`);
    const failure = storeFailureOf(error, "opening");
    if (failure.trouble === "unwritable") return failure;
    if (failure.trouble === "locked") {
      return wrong(
        `${path} is in use by another process or client; end that one first, or name a folder (with a / at its end), in which each has a file of its own`,
      );
    }
    return wrong(
      `${path} cannot be used (${failure.message}); name a file or folder this process may write to`,
    );
  }
}

const wrong = (message: string): ApieConfigError => new ApieConfigError([{ path: OPTION, message }]);

/** Sorts by age; no two processes come up with the same. */
const newName = (): string =>
  `apie-${Date.now().toString(36)}-${process.pid.toString(36)}-${randomBytes(4).toString("hex")}.queue`;

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
