/**
 * The queue file: SQLite in WAL mode, held exclusively. With `synchronous = NORMAL` a commit is safe from the end of the
 * process, also by `kill -9`; a power cut may take the last ones back, and leaves the file whole (sqlite.org/pragma.html).
 */
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { APPLICATION_ID, MIGRATIONS } from "./schema.ts";
import { type Sqlite, storeFailureOf } from "./sqlite.ts";
import {
  type Changes,
  endsAfter,
  HOLDS_SESSION,
  type ItemRow,
  LANE_STATES,
  type LaneRow,
  type LaneRowState,
  type Store,
  type StoreTotals,
} from "./store.ts";

type Row = Record<string, SQLInputValue>;

/** The file belongs to somebody else, or to a later version of ours. */
export class ForeignFile extends Error {}

const SETTINGS = `
PRAGMA page_size = 8192;
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA wal_autocheckpoint = 1000;
PRAGMA journal_size_limit = 16777216;
`;

const LANE_COLUMNS =
  "id, kind, key, key_hash, agent_key, opened_here, state, apie_id, session, session_id, parent, parent_id, flags, opening, completion, ends, lost, orphan_status, opened_at, completed_at, seen_at, bytes";

const SQL = {
  putLane: `INSERT OR REPLACE INTO lane (${LANE_COLUMNS}) VALUES (${LANE_COLUMNS.replace(/\w+/g, "?")})`,
  putItem:
    "INSERT OR REPLACE INTO item (seq, lane, kind, at, bytes, event_id, json) VALUES (?, ?, ?, ?, ?, ?, ?)",
  seen: "UPDATE lane SET seen_at = ? WHERE id = ?",
  removeItem: "DELETE FROM item WHERE seq = ?",
  removeItemsOf: "DELETE FROM item WHERE lane = ?",
  removeLane: "DELETE FROM lane WHERE id = ?",
  lane: `SELECT ${LANE_COLUMNS} FROM lane WHERE id = ?`,
  lanesAfter: `SELECT ${LANE_COLUMNS} FROM lane WHERE id > ? ORDER BY id LIMIT ?`,
  laneByKey: `SELECT ${LANE_COLUMNS} FROM lane WHERE kind = ? AND key_hash = ? ORDER BY id DESC LIMIT 1`,
  runsOf: `SELECT id FROM lane WHERE session = ? AND flags & ${HOLDS_SESSION}`,
  itemTotals:
    "SELECT count(*) AS count, coalesce(sum(kind), 0) AS handoffs, coalesce(sum(bytes), 0) AS bytes FROM item WHERE lane = ?",
  itemsAfter:
    "SELECT seq, kind, at, bytes, event_id, json FROM item WHERE lane = ? AND seq > ? ORDER BY seq LIMIT ?",
  kindAfter: "SELECT kind FROM item WHERE lane = ? AND seq > ? ORDER BY seq LIMIT 1",
  itemBefore:
    "SELECT seq, kind, at, bytes, event_id, json FROM item WHERE lane = ? AND seq < ? ORDER BY seq DESC LIMIT 1",
  facts: "SELECT name, value FROM fact",
  setFact: "INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)",
  allItems:
    "SELECT kind, count(*) AS count, sum(bytes) AS bytes FROM item INDEXED BY item_by_lane GROUP BY kind",
  allLanes: `SELECT kind, count(*) AS count, sum(bytes) AS bytes,
    sum((opened_here = 1 AND state < ${LANE_STATES.open}) + ends) AS calls
    FROM lane INDEXED BY lane_totals GROUP BY kind`,
  lastLane: "SELECT coalesce(max(id), 0) AS last FROM lane",
  lastItem: "SELECT coalesce(max(seq), 0) AS last FROM item",
} as const;

export class SqliteStore implements Store {
  readonly path: string;
  readonly found: Store["found"];
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /**
   * @param maxPages of 8 KiB; a commit that needs more fails as on a full disk.
   * @throws {StoreFailure | ForeignFile}
   */
  constructor(sqlite: Sqlite, path: string, maxPages?: number) {
    this.path = path;
    this.#db = attempt("opening", () => new sqlite.DatabaseSync(path));
    try {
      attempt("opening", () => {
        this.#db.exec(SETTINGS);
        if (maxPages !== undefined) this.#db.exec(`PRAGMA max_page_count = ${maxPages}`);
        this.#migrate();
      });
      this.found = { totals: this.#totals(), facts: this.#facts() };
    } catch (error) {
      this.#closeQuietly();
      throw error;
    }
  }

  commit({ lanes, items, seen, at, removedItems, removedLanes }: Changes): void {
    this.#transaction(() => {
      for (const seq of removedItems) this.#run(SQL.removeItem, seq);
      for (const id of removedLanes) {
        this.#run(SQL.removeItemsOf, id);
        this.#run(SQL.removeLane, id);
      }
      for (const lane of lanes) this.#run(SQL.putLane, ...valuesOf(lane));
      for (const item of items) this.#run(SQL.putItem, ...itemValuesOf(item));
      for (const id of seen) this.#run(SQL.seen, at, id);
    });
  }

  #totals(): StoreTotals {
    return attempt("reading", () => {
      const items = this.#all(SQL.allItems);
      const lanes = this.#all(SQL.allLanes);
      const of = (rows: Row[], kind: number | string, name: string): number =>
        Number(rows.find((row) => row.kind === kind)?.[name] ?? 0);
      return {
        events: of(items, 0, "count"),
        handoffs: of(items, 1, "count"),
        runs: of(lanes, "run", "count"),
        sessions: of(lanes, "session", "count"),
        runCalls: of(lanes, "run", "calls"),
        sessionCalls: of(lanes, "session", "calls"),
        bytes: [...items, ...lanes].reduce((sum, row) => sum + Number(row.bytes), 0),
        lastLane: this.#number(SQL.lastLane, "last"),
        lastItem: this.#number(SQL.lastItem, "last"),
      };
    });
  }

  lane(id: number): LaneRow | undefined {
    return attempt("reading", () => this.#all(SQL.lane, id).map(laneRowOf)[0]);
  }

  lanesAfter(id: number, limit: number): LaneRow[] {
    return attempt("reading", () => this.#all(SQL.lanesAfter, id, limit).map(laneRowOf));
  }

  laneByKey(kind: LaneRow["kind"], keyHash: string): LaneRow | undefined {
    return attempt("reading", () => this.#all(SQL.laneByKey, kind, keyHash).map(laneRowOf)[0]);
  }

  runsOf(session: number): number[] {
    return attempt("reading", () => this.#all(SQL.runsOf, session).map(({ id }) => Number(id)));
  }

  itemTotals(lane: number): { count: number; handoffs: number; bytes: number } {
    return attempt("reading", () => {
      const [row] = this.#all(SQL.itemTotals, lane);
      return { count: Number(row?.count), handoffs: Number(row?.handoffs), bytes: Number(row?.bytes) };
    });
  }

  itemsAfter(lane: number, seq: number, limit: number, maxBytes: number): ItemRow[] {
    return attempt("reading", () => {
      const rows: ItemRow[] = [];
      let bytes = 0;
      for (const row of this.#statement(SQL.itemsAfter).iterate(lane, seq, limit)) {
        const item = itemRowOf(row as Row);
        rows.push(item);
        bytes += item.bytes;
        if (bytes >= maxBytes) break;
      }
      return rows;
    });
  }

  kindAfter(lane: number, seq: number): number | undefined {
    return attempt("reading", () => {
      const [row] = this.#all(SQL.kindAfter, lane, seq);
      return row === undefined ? undefined : Number(row.kind);
    });
  }

  itemBefore(lane: number, seq: number): ItemRow | undefined {
    return attempt("reading", () => this.#all(SQL.itemBefore, lane, seq).map(itemRowOf)[0]);
  }

  #facts(): Map<string, string> {
    return attempt(
      "reading",
      () => new Map(this.#all(SQL.facts).map(({ name, value }) => [String(name), String(value)])),
    );
  }

  setFact(name: string, value: string): void {
    this.#transaction(() => this.#run(SQL.setFact, name, value));
  }

  close(): void {
    this.#closeQuietly();
  }

  #migrate(): void {
    const version = this.#number("PRAGMA user_version", "user_version");
    const isOurs = this.#number("PRAGMA application_id", "application_id") === APPLICATION_ID;
    const isNew = version === 0 && this.#number("SELECT count(*) AS count FROM sqlite_schema", "count") === 0;
    if (!isOurs && !isNew) throw new ForeignFile("is a database of another program");
    if (version > MIGRATIONS.length) throw new ForeignFile("was written by a newer version of apie-otel");
    for (const [index, sql] of MIGRATIONS.entries()) {
      if (index < version) continue;
      this.#transaction(() =>
        this.#db.exec(
          `${sql}; PRAGMA user_version = ${index + 1}; PRAGMA application_id = ${APPLICATION_ID}`,
        ),
      );
    }
  }

  #transaction(act: () => void): void {
    attempt("writing", () => {
      this.#db.exec("BEGIN IMMEDIATE");
      try {
        act();
        this.#db.exec("COMMIT");
      } catch (error) {
        this.#rollBack();
        throw error;
      }
    });
  }

  /** Some failures have rolled back by themselves. */
  #rollBack(): void {
    try {
      this.#db.exec("ROLLBACK");
    } catch {
      // Nothing was left to roll back.
    }
  }

  #closeQuietly(): void {
    try {
      this.#db.close();
    } catch {
      // What was committed is in the file; closing only tidies it.
    }
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #run(sql: string, ...values: SQLInputValue[]): void {
    this.#statement(sql).run(...values);
  }

  #all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values) as Row[];
  }

  #number(sql: string, name: string, ...values: SQLInputValue[]): number {
    return Number(this.#all(sql, ...values)[0]?.[name] ?? 0);
  }
}

function attempt<T>(what: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof ForeignFile) throw error;
    throw storeFailureOf(error, what);
  }
}

const itemValuesOf = (item: Changes["items"][number]): SQLInputValue[] => [
  item.seq,
  item.lane,
  item.kind,
  item.at,
  item.bytes,
  item.eventId,
  item.json,
];

/** In the order of the columns. */
function valuesOf(row: LaneRow): SQLInputValue[] {
  return [
    row.id,
    row.kind,
    row.key,
    row.keyHash,
    row.agentKey,
    Number(row.openedHere),
    row.state,
    row.apieId,
    row.session,
    row.sessionId,
    row.parent,
    row.parentId,
    row.flags,
    row.opening,
    row.completion,
    Number(endsAfter(row)),
    row.lost,
    row.orphanStatus,
    row.openedAt,
    row.completedAt,
    row.seenAt,
    row.bytes,
  ];
}

function laneRowOf(row: Row): LaneRow {
  return {
    id: Number(row.id),
    kind: String(row.kind) as LaneRow["kind"],
    key: String(row.key),
    keyHash: String(row.key_hash),
    agentKey: textOf(row.agent_key),
    openedHere: row.opened_here === 1,
    state: Number(row.state) as LaneRowState,
    apieId: textOf(row.apie_id),
    session: numberOf(row.session),
    sessionId: textOf(row.session_id),
    parent: numberOf(row.parent),
    parentId: textOf(row.parent_id),
    flags: Number(row.flags),
    opening: textOf(row.opening),
    completion: textOf(row.completion),
    lost: textOf(row.lost),
    orphanStatus: textOf(row.orphan_status),
    openedAt: Number(row.opened_at),
    completedAt: numberOf(row.completed_at),
    seenAt: Number(row.seen_at),
    bytes: Number(row.bytes),
  };
}

function itemRowOf(row: Row): ItemRow {
  return {
    seq: Number(row.seq),
    kind: Number(row.kind),
    at: Number(row.at),
    bytes: Number(row.bytes),
    eventId: textOf(row.event_id),
    json: String(row.json),
  };
}

const textOf = (value: SQLInputValue | undefined): string | null =>
  value === null || value === undefined ? null : String(value);
const numberOf = (value: SQLInputValue | undefined): number | null =>
  value === null || value === undefined ? null : Number(value);
