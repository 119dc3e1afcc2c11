/** Sessions. */
import { newId } from "../ids.ts";
import { type Counters, storeCounts } from "./counters.ts";
import { type Database, toJson } from "./database.ts";
import { Conditions, type Cursor, containing, type Page, pageByArrival, presented } from "./paging.ts";
import { importedAs } from "./span-of.ts";
import { presentWork, type WorkRow } from "./work.ts";

export interface SessionRow extends WorkRow {
  id: string;
  kind: string;
  status: string;
  orchestrator_agent_key: string | null;
  orchestrator_agent_id: string | null;
  environment: string | null;
  input_summary: string | null;
  output_summary: string | null;
}

export interface NewSession {
  readonly kind: string;
  readonly orchestrator_agent_key: string | null;
  readonly orchestrator_agent_id: string | null;
  readonly environment: string | null;
  readonly input_summary: string | null;
  readonly metadata: Record<string, unknown> | null;
}

export interface SessionFilter {
  readonly status?: string | undefined;
  readonly kind?: string | undefined;
  /** Key of an agent that has a run in the session or orchestrates it. */
  readonly agent?: string | undefined;
  /** Text anywhere in the summaries or the step names of its runs, or the session's id. */
  readonly text?: string | undefined;
}

/** What is counted over the runs of a session. */
interface RunTotals {
  readonly runs: number;
  readonly running: number;
  readonly failed: number;
  readonly agents: readonly string[];
}

/** The session as the read API shows it. */
export function presentSession(row: SessionRow, totals: RunTotals) {
  const { counts, ...session } = presentWork(row);
  const { agents, ...runs } = totals;
  return { ...session, agents, counts: { ...runs, ...counts } };
}

const NO_RUNS: RunTotals = { runs: 0, running: 0, failed: 0, agents: [] };

export class SessionStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  byId(id: string): SessionRow | undefined {
    return this.#db.get<SessionRow>("SELECT * FROM sessions WHERE id = ?", id);
  }

  /** The session that whoever opened it calls so (`metadata.session_id`), the newest of several. */
  bySourceId(id: string): SessionRow | undefined {
    return this.#db.get<SessionRow>(
      `SELECT * FROM sessions WHERE metadata IS NOT NULL AND json_extract(metadata, '$.session_id') = ?
       ORDER BY seq DESC LIMIT 1`,
      id,
    );
  }

  /** The session that was imported before. */
  sameImport({ metadata }: NewSession): SessionRow | undefined {
    const name = importedAs(metadata);
    if (name === null) return undefined;
    return this.#db.get<SessionRow>("SELECT * FROM sessions WHERE imported_as = ?", name);
  }

  create(session: NewSession, now: string): SessionRow {
    const id = newId("ses");
    this.#db.insert("sessions", {
      ...session,
      id,
      metadata: toJson(session.metadata),
      imported_as: importedAs(session.metadata),
      status: "running",
      started_at: now,
    });
    return this.byId(id) as SessionRow;
  }

  complete(
    id: string,
    end: { status: string; output_summary: string | null; metadata: Record<string, unknown> | null },
    now: string,
  ): SessionRow {
    return this.#db.get<SessionRow>(
      `UPDATE sessions SET status = ?, output_summary = ?, completion_metadata = ?, completed_at = ?
       WHERE id = ? RETURNING *`,
      end.status,
      end.output_summary,
      toJson(end.metadata),
      now,
      id,
    ) as SessionRow;
  }

  addCounts(id: string, more: Counters): boolean {
    return storeCounts(this.#db, "sessions", id, more);
  }

  /** Totals over the runs of these sessions, by session id. */
  #totals(ids: readonly string[]): Map<string, RunTotals> {
    const rows = this.#db.all<{
      session_id: string;
      runs: number;
      running: number;
      failed: number;
      agents: string;
    }>(
      `SELECT session_id, count(*) AS runs, sum(status = 'running') AS running, sum(status = 'failed') AS failed,
         json_group_array(DISTINCT agent_key) AS agents
       FROM runs WHERE session_id IN (SELECT value FROM json_each(?)) GROUP BY session_id`,
      JSON.stringify(ids),
    );
    return new Map(
      rows.map(({ session_id, agents, ...counts }) => [
        session_id,
        { ...counts, agents: (JSON.parse(agents) as string[]).sort() },
      ]),
    );
  }

  present(row: SessionRow) {
    return presentSession(row, this.#totals([row.id]).get(row.id) ?? NO_RUNS);
  }

  /** Newest first. */
  list(
    filter: SessionFilter,
    limit: number,
    cursor: Cursor | undefined,
  ): Page<ReturnType<typeof presentSession>> {
    const text = filter.text === undefined ? undefined : containing(filter.text);
    const where = new Conditions()
      .add("status = ?", filter.status)
      .add("kind = ?", filter.kind)
      .add(
        `(orchestrator_agent_key = ? OR EXISTS (
           SELECT 1 FROM runs WHERE runs.session_id = sessions.id AND runs.agent_key = ?))`,
        filter.agent,
        filter.agent,
      )
      .add(
        `(id = ? OR input_summary LIKE ? ESCAPE '\\' OR output_summary LIKE ? ESCAPE '\\' OR EXISTS (
           SELECT 1 FROM runs WHERE runs.session_id = sessions.id
             AND (runs.input_summary LIKE ? ESCAPE '\\' OR runs.step_name LIKE ? ESCAPE '\\')))`,
        filter.text,
        text,
        text,
        text,
        text,
      );
    const reading = { order: "newest", limit, cursor } as const;
    const page = pageByArrival<SessionRow>(this.#db, "* FROM sessions", where, reading);
    const totals = this.#totals(page.items.map((row) => row.id));
    return presented(page, (row) => presentSession(row, totals.get(row.id) ?? NO_RUNS));
  }
}
