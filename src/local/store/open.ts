/** Opens the database file (or memory), makes sure that it is ours, and brings its tables up to date. */
import { chmodSync, closeSync, existsSync, openSync, statSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import { LocalApieError } from "../errors.ts";
import { Database } from "./database.ts";
import { MIGRATIONS } from "./schema.ts";

/** "APIE", so that a file of another program is never taken for ours. */
const APPLICATION_ID = 0x41504945;

/** node:sqlite is imported only here and only now: on a Node without it the rest of the package still loads. */
async function importSqlite(): Promise<typeof import("node:sqlite")> {
  try {
    return await import("node:sqlite");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_UNKNOWN_BUILTIN_MODULE") throw error;
    throw new LocalApieError(
      "unsupported_node",
      `The local Apie keeps its data with node:sqlite, which this Node ${process.version} does not offer. ` +
        "Run it with Node 22.13 or newer (and without --no-experimental-sqlite); on the command line " +
        "`npx -p node@24 -p apie-otel apie-otel dev` brings one along.",
      error,
    );
  }
}

const OWNER_ONLY = 0o600;
/** Read, write or run, by the group or the world. */
const OTHERS = 0o077;

const isOpenToOthers = (path: string): boolean => (statSync(path).mode & OTHERS) !== 0;

function shut(path: string): void {
  try {
    chmodSync(path, OWNER_ONLY);
  } catch (error) {
    throw new LocalApieError(
      "database",
      `Others can read ${path}, and its mode cannot be changed (${(error as Error).message}): ` +
        `run chmod 600 on it as its owner, or name another file`,
      error,
    );
  }
}

/** An empty file is a valid new database; making it first is how its mode is ours from the start. */
function createPrivateFile(path: string): void {
  closeSync(openSync(path, "a", OWNER_ONLY));
}

/**
 * The database is for its owner only, and so are the files that SQLite keeps beside it. One that was open to others is shut,
 * and that is said, as they may have read it. Windows knows no such modes.
 */
function keepPrivate(file: string, warn: (message: string) => void): void {
  if (process.platform === "win32") return;
  const wereOpen = [file, `${file}-wal`, `${file}-shm`].filter(
    (path) => existsSync(path) && isOpenToOthers(path),
  );
  for (const path of wereOpen) shut(path);
  if (wereOpen.length === 0) return;
  warn(
    wereOpen.some(isOpenToOthers)
      ? `${file} can be read by other users, and its file system knows no other mode; keep it in a folder that is yours alone`
      : `${file} could be read by other users; its mode is 0600 now`,
  );
}

const numberOf = (db: DatabaseSync, sql: string): number =>
  Number(Object.values(db.prepare(sql).get() ?? {})[0] ?? 0);

function migrate(db: DatabaseSync, path: string): void {
  const version = numberOf(db, "PRAGMA user_version");
  const isOurs = numberOf(db, "PRAGMA application_id") === APPLICATION_ID;
  if (!isOurs && (version !== 0 || numberOf(db, "SELECT count(*) FROM sqlite_schema") > 0)) {
    throw new LocalApieError("database", `${path} is a database of another program; name another file`);
  }
  if (version > MIGRATIONS.length) {
    throw new LocalApieError(
      "database",
      `${path} was written by a newer version of apie-otel; update, or name another file`,
    );
  }
  for (const [index, sql] of MIGRATIONS.entries()) {
    if (index < version) continue;
    db.exec(
      `BEGIN; ${sql}; PRAGMA user_version = ${index + 1}; PRAGMA application_id = ${APPLICATION_ID}; COMMIT;`,
    );
  }
}

/** @throws LocalApieError */
export async function openDatabase(
  path: string | undefined,
  warn: (message: string) => void,
): Promise<Database> {
  const { DatabaseSync } = await importSqlite();
  const file = path === undefined || path === ":memory:" ? undefined : path;
  let db: DatabaseSync | undefined;
  try {
    if (file !== undefined) createPrivateFile(file);
    db = new DatabaseSync(file ?? ":memory:", { enableForeignKeyConstraints: true });
    db.exec("PRAGMA busy_timeout = 5000");
    if (file !== undefined) db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    migrate(db, file ?? "memory");
    if (file !== undefined) keepPrivate(file, warn);
    return new Database(db);
  } catch (error) {
    db?.close();
    if (error instanceof LocalApieError) throw error;
    throw new LocalApieError(
      "database",
      `Cannot open the database ${file}: ${(error as Error).message}`,
      error,
    );
  }
}
