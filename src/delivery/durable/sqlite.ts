/** node:sqlite, where this Node has it: loaded only when a queue file is asked for, so that the library runs without it. */
import { reasonOf } from "../../model/errors.ts";
import { StoreFailure, type StoreTrouble } from "./store.ts";

export type Sqlite = typeof import("node:sqlite");

/** @returns `undefined` on a Node that has none (before 22.13, or with `--no-experimental-sqlite`). */
export function loadSqlite(): Sqlite | undefined {
  return process.getBuiltinModule?.("node:sqlite");
}

/** Primary result codes (sqlite.org/rescode.html); all others are momentary trouble of the disk. */
const TROUBLES: ReadonlyMap<number, StoreTrouble> = new Map([
  [3, "forbidden"], // PERM
  [8, "forbidden"], // READONLY
  [14, "forbidden"], // CANTOPEN
  [5, "locked"], // BUSY
  [6, "locked"], // LOCKED
  [11, "corrupt"], // CORRUPT
  [26, "corrupt"], // NOTADB
]);

/** Of the file system, the same. */
const MOMENTARY: ReadonlySet<unknown> = new Set(["ENOSPC", "EDQUOT", "EIO", "EMFILE", "ENFILE", "ENOMEM"]);

/** @param what was being done, in words. */
export function storeFailureOf(error: unknown, what: string): StoreFailure {
  if (error instanceof StoreFailure) return error;
  const { errcode, code } = error as { errcode?: unknown; code?: unknown };
  const trouble =
    typeof errcode === "number"
      ? TROUBLES.get(errcode & 0xff)
      : typeof code === "string" && !MOMENTARY.has(code)
        ? "forbidden"
        : undefined;
  return new StoreFailure(trouble ?? "unwritable", `${what}: ${reasonOf(error)}`, error);
}
