/** Runs. */
import { newId } from "../ids.ts";
import { type Counters, storeCounts } from "./counters.ts";
import { type Database, toJson } from "./database.ts";
import { Conditions, type Cursor, type Order, type Page, pageByArrival, presented } from "./paging.ts";
import { importedAs, spanOf } from "./span-of.ts";
import { presentWork, type WorkRow } from "./work.ts";

export interface RunRow extends WorkRow {
  id: string;
  session_id: string | null;
  parent_run_id: string | null;
  agent_id: string;
  agent_key: string;
  agent_version_id: string | null;
  trigger_event_id: string | null;
  step_key: string | null;
  step_name: string | null;
  step_index: number | null;
  role: string | null;
  environment: string | null;
  input_summary: string | null;
  status: string;
  trace_id: string | null;
  span_id: string | null;
}

export interface NewRun {
  readonly session_id: string | null;
  readonly parent_run_id: string | null;
  readonly agent_id: string;
  readonly agent_key: string;
  readonly agent_version_id: string | null;
  readonly trigger_event_id: string | null;
  readonly step_key: string | null;
  readonly step_name: string | null;
  readonly step_index: number | null;
  readonly role: string | null;
  readonly environment: string | null;
  readonly input_summary: string | null;
  readonly metadata: Record<string, unknown> | null;
}

export interface RunFilter {
  readonly session?: string | undefined;
  /** Only runs outside of any session. */
  readonly alone?: boolean | undefined;
  readonly agent?: string | undefined;
  readonly status?: string | undefined;
  readonly trace?: string | undefined;
  readonly parent?: string | undefined;
}

/** The run as the read API shows it. */
export const presentRun = (row: RunRow) => presentWork(row);

export class RunStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  byId(id: string): RunRow | undefined {
    return this.#db.get<RunRow>("SELECT * FROM runs WHERE id = ?", id);
  }

  /** All runs of a session, in the order they were opened. */
  ofSession(sessionId: string): RunRow[] {
    return this.#db.all<RunRow>("SELECT * FROM runs WHERE session_id = ? ORDER BY seq", sessionId);
  }

  /** The run that whoever opened it calls so (`metadata.run_id`), the newest of several. */
  bySourceId(id: string): RunRow | undefined {
    return this.#db.get<RunRow>(
      `SELECT * FROM runs WHERE metadata IS NOT NULL AND json_extract(metadata, '$.run_id') = ?
       ORDER BY seq DESC LIMIT 1`,
      id,
    );
  }

  /** The run that was imported before, with what the run says of itself, in its session. */
  sameImport({ metadata, session_id }: NewRun): RunRow | undefined {
    const name = importedAs(metadata);
    if (name === null) return undefined;
    return this.#db.get<RunRow>(
      "SELECT * FROM runs WHERE imported_as = ? AND coalesce(session_id, '') = ?",
      name,
      session_id ?? "",
    );
  }

  create(run: NewRun, now: string): RunRow {
    const id = newId("run");
    this.#db.insert("runs", {
      ...run,
      id,
      metadata: toJson(run.metadata),
      ...spanOf(run.metadata),
      imported_as: importedAs(run.metadata),
      status: "running",
      started_at: now,
    });
    return this.byId(id) as RunRow;
  }

  complete(id: string, status: string, metadata: Record<string, unknown> | null, now: string): RunRow {
    const { trace_id, span_id } = spanOf(metadata);
    return this.#db.get<RunRow>(
      `UPDATE runs SET status = ?, completion_metadata = ?, completed_at = ?,
         trace_id = coalesce(trace_id, ?), span_id = coalesce(span_id, ?)
       WHERE id = ? RETURNING *`,
      status,
      toJson(metadata),
      now,
      trace_id,
      span_id,
      id,
    ) as RunRow;
  }

  addCounts(id: string, more: Counters): boolean {
    return storeCounts(this.#db, "runs", id, more);
  }

  /** Newest first, or oldest first for the runs of one session. */
  list(
    filter: RunFilter,
    order: Order,
    limit: number,
    cursor: Cursor | undefined,
  ): Page<ReturnType<typeof presentRun>> {
    const where = new Conditions()
      .add("session_id = ?", filter.session)
      .add("agent_key = ?", filter.agent)
      .add("status = ?", filter.status)
      .add("trace_id = ?", filter.trace)
      .add("parent_run_id = ?", filter.parent);
    if (filter.alone === true) where.add("session_id IS NULL");
    const page = pageByArrival<RunRow>(this.#db, "* FROM runs", where, { order, limit, cursor });
    return presented(page, presentRun);
  }
}
