/** Events: kept as they came, with the columns that are searched and ordered by beside them. */
import { type Database, fromJson } from "./database.ts";
import {
  Conditions,
  type Cursor,
  containing,
  type Order,
  type Page,
  pageByArrival,
  pageOf,
  presented,
} from "./paging.ts";

/** An event ready to be stored. */
export interface NewEvent {
  readonly id: string;
  readonly type: string;
  readonly agent_id: string;
  readonly agent_key: string;
  readonly run_id: string | null;
  readonly session_id: string | null;
  readonly sequence_number: number | null;
  readonly session_sequence_number: number | null;
  readonly occurred_us: number;
  readonly received_at: string;
  readonly tool_name: string | null;
  readonly tool_provider: string | null;
  readonly action_type: string | null;
  readonly resource_type: string | null;
  readonly environment: string | null;
  readonly body: string;
}

export interface EventFilter {
  /** Any of these types. */
  readonly types?: readonly string[] | undefined;
  readonly agent?: string | undefined;
  readonly run?: string | undefined;
  readonly session?: string | undefined;
  readonly tool?: string | undefined;
  /** Type of the action. */
  readonly action?: string | undefined;
  /** Type of the resource. */
  readonly resource?: string | undefined;
  /** Anywhere in the event's JSON. */
  readonly text?: string | undefined;
}

type EventRow = Record<"id" | "agent_id" | "received_at" | "body", string> & {
  seq: number;
  run_id: string | null;
  session_id: string | null;
  run_order: number | null;
  session_order: number | null;
  occurred_us: number;
  replay_us: number;
};

const COLUMNS =
  "seq, id, agent_id, run_id, session_id, run_order, session_order, occurred_us, replay_us, received_at, body";

const INSERT = `INSERT INTO events (id, type, agent_id, agent_key, run_id, session_id, run_order, session_order,
    occurred_us, replay_us, received_at, tool_name, tool_provider, action_type, resource_type, environment, body)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`;

/**
 * The event as the read API shows it: as it came, and where it said nothing the id, agent, session and time it was
 * given here. `seq` is the order of arrival; `replay_us` the time it has in the replay of its session, in microseconds.
 */
function presentEvent(row: EventRow) {
  const body = fromJson(row.body) as Record<string, unknown>;
  return {
    event_id: row.id,
    agent_id: row.agent_id,
    run_id: row.run_id,
    session_id: row.session_id,
    timestamp: row.received_at,
    ...body,
    received_at: row.received_at,
    seq: row.seq,
    replay_us: row.replay_us,
  };
}

export type StoredEvent = ReturnType<typeof presentEvent>;

/** A run that only events speak of; nobody opened it here. */
export type UnopenedRun = Record<
  "run_id" | "agent_key" | "first_received_at" | "last_received_at",
  string
> & {
  events: number;
};

export class EventStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  /** False when an event of this id is stored already; the stored one stays as it is. */
  insert(event: NewEvent): boolean {
    const runOrder =
      event.run_id === null ? null : (event.sequence_number ?? this.#lastOrder("run", event.run_id));
    const inserted = this.#db.run(
      INSERT,
      event.id,
      event.type,
      event.agent_id,
      event.agent_key,
      event.run_id,
      event.session_id,
      runOrder,
      event.session_id === null
        ? null
        : (event.session_sequence_number ?? this.#lastOrder("session", event.session_id)),
      event.occurred_us,
      Math.max(event.occurred_us, this.#reachedBefore(event.run_id, runOrder)),
      event.received_at,
      event.tool_name,
      event.tool_provider,
      event.action_type,
      event.resource_type,
      event.environment,
      event.body,
    );
    return inserted === 1;
  }

  /** An event without a number of its own belongs after the highest that has come. */
  #lastOrder(scope: "run" | "session", id: string): number {
    const row = this.#db.get<{ top: number | null }>(
      `SELECT max(${scope}_order) AS top FROM events WHERE ${scope}_id = ?`,
      id,
    );
    return row?.top ?? 0;
  }

  /** Time the run had reached before this event: a run's own order stays, whatever its clocks say. */
  #reachedBefore(runId: string | null, runOrder: number | null): number {
    if (runId === null || runOrder === null) return 0;
    const row = this.#db.get<{ replay_us: number }>(
      "SELECT replay_us FROM events WHERE run_id = ? AND run_order <= ? ORDER BY run_order DESC, seq DESC LIMIT 1",
      runId,
      runOrder,
    );
    return row?.replay_us ?? 0;
  }

  byId(id: string): StoredEvent | undefined {
    const row = this.#db.get<EventRow>(`SELECT ${COLUMNS} FROM events WHERE id = ?`, id);
    return row === undefined ? undefined : presentEvent(row);
  }

  /** The event's own JSON, exactly as it was sent. */
  rawById(id: string): unknown {
    return fromJson(this.#db.get<{ body: string }>("SELECT body FROM events WHERE id = ?", id)?.body ?? null);
  }

  /** By sequence number, then arrival. */
  ofRun(runId: string, limit: number, cursor: Cursor | undefined): Page<StoredEvent> {
    const where = new Conditions()
      .add("run_id = ?", runId)
      .add("(run_order, seq) > (?, ?)", cursor?.[0], cursor?.[1]);
    const rows = this.#db.all<EventRow>(
      `SELECT ${COLUMNS} FROM events ${where.sql} ORDER BY run_order, seq LIMIT ?`,
      ...where.values,
      limit + 1,
    );
    return pageOf(rows, limit, (row) => [row.run_order ?? 0, row.seq], presentEvent);
  }

  /**
   * By time, each run in its own order, then by session sequence number and arrival. Each process of a session counts on its
   * own, so the numbers alone would mix what several of them did.
   */
  ofSession(sessionId: string, limit: number, cursor: Cursor | undefined): Page<StoredEvent> {
    const where = new Conditions()
      .add("session_id = ?", sessionId)
      .add("(replay_us, session_order, seq) > (?, ?, ?)", cursor?.[0], cursor?.[1], cursor?.[2]);
    const rows = this.#db.all<EventRow>(
      `SELECT ${COLUMNS} FROM events ${where.sql} ORDER BY replay_us, session_order, seq LIMIT ?`,
      ...where.values,
      limit + 1,
    );
    return pageOf(rows, limit, (row) => [row.replay_us, row.session_order ?? 0, row.seq], presentEvent);
  }

  /** By arrival; `oldest` first is the order to follow what comes in. */
  list(
    filter: EventFilter,
    order: Order,
    limit: number,
    cursor: Cursor | undefined,
  ): Page<StoredEvent> & { last_cursor: string | null } {
    const [type, ...moreTypes] = filter.types ?? [];
    const isOneType = moreTypes.length === 0;
    const equal = [
      ["run_id", filter.run],
      ["session_id", filter.session],
      ["tool_name", filter.tool],
      ["resource_type", filter.resource],
      ["action_type", filter.action],
      ["type", isOneType ? type : undefined],
      ["agent_key", filter.agent],
    ] as const;
    const where = new Conditions();
    // Each has an index that gives the order of arrival, too; only the first given, which tells most, is to be read by it.
    for (const [column, value] of equal)
      where.add(`${where.values.length > 0 ? "+" : ""}${column} = ?`, value);
    where
      .add("+type IN (SELECT value FROM json_each(?))", isOneType ? undefined : JSON.stringify(filter.types))
      .add("body LIKE ? ESCAPE '\\'", filter.text === undefined ? undefined : containing(filter.text));
    const reading = { order, limit, cursor };
    const page = presented(
      pageByArrival<EventRow>(this.#db, `${COLUMNS} FROM events`, where, reading),
      presentEvent,
    );
    const last = page.items.at(-1);
    return {
      ...page,
      last_cursor: last === undefined ? (cursor?.[0]?.toString() ?? null) : String(last.seq),
    };
  }

  /** Which run took over a hand-off, by the id of the hand-off. */
  runsOfHandoffs(sessionId: string): Map<string, string> {
    const rows = this.#db.all<{ handoff: string; run_id: string }>(
      `SELECT json_extract(body, '$.metadata.handoff_id') AS handoff, run_id FROM events
       WHERE session_id = ? AND type = 'agent.handoff.accepted' AND run_id IS NOT NULL AND handoff IS NOT NULL`,
      sessionId,
    );
    return new Map(rows.map(({ handoff, run_id }) => [String(handoff), run_id]));
  }

  /** Order of arrival of the newest event; 0 when there is none. */
  lastSeq(): number {
    return this.#db.get<{ top: number | null }>("SELECT max(seq) AS top FROM events")?.top ?? 0;
  }

  /** Runs that events name but that were never opened here, by session or by id. */
  unopenedRuns(by: { session: string } | { run: string }): UnopenedRun[] {
    const where = new Conditions()
      .add("events.session_id = ?", "session" in by ? by.session : undefined)
      .add("events.run_id = ?", "run" in by ? by.run : undefined)
      .add("events.run_id IS NOT NULL")
      .add("runs.id IS NULL");
    return this.#db.all<UnopenedRun>(
      `SELECT events.run_id, min(events.agent_key) AS agent_key, count(*) AS events,
         min(received_at) AS first_received_at, max(received_at) AS last_received_at
       FROM events LEFT JOIN runs ON runs.id = events.run_id
       ${where.sql} GROUP BY events.run_id ORDER BY min(events.seq) LIMIT 500`,
      ...where.values,
    );
  }
}
