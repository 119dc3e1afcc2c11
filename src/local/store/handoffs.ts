/** Hand-offs that were posted; the later stages of a hand-off are events. */
import { newId } from "../ids.ts";
import { type Database, fromJson, toJson } from "./database.ts";
import { Conditions, type Cursor, type Page, pageByArrival, presented } from "./paging.ts";

export interface NewHandoff {
  readonly session_id: string;
  readonly source_run_id: string | null;
  readonly source_agent_id: string | null;
  readonly target_run_id: string | null;
  readonly target_agent_id: string | null;
  readonly trigger_event_id: string | null;
  readonly reason: string | null;
  readonly input_summary: string | null;
  readonly payload_summary: Record<string, unknown> | null;
  readonly status: string;
}

export type Handoff = NewHandoff & { readonly id: string; readonly created_at: string };

type HandoffRow = Omit<Handoff, "payload_summary"> & { seq: number; payload_summary: string | null };

const presentHandoff = ({ seq: _, ...row }: HandoffRow): Handoff => ({
  ...row,
  payload_summary: fromJson(row.payload_summary) as Handoff["payload_summary"],
});

export class HandoffStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  create(handoff: NewHandoff, now: string): Handoff {
    const id = newId("hof");
    this.#db.insert("handoffs", {
      ...handoff,
      id,
      payload_summary: toJson(handoff.payload_summary),
      created_at: now,
    });
    return { id, ...handoff, created_at: now };
  }

  /** The hand-off of an imported run that was posted before. */
  sameImport({ session_id, source_run_id, payload_summary }: NewHandoff): Handoff | undefined {
    const { handoff_id } = payload_summary ?? {};
    if (source_run_id === null || typeof handoff_id !== "string") return undefined;
    const row = this.#db.get<HandoffRow>(
      `SELECT handoffs.* FROM handoffs JOIN runs ON runs.id = handoffs.source_run_id
       WHERE handoffs.session_id = ? AND handoffs.source_run_id = ? AND runs.imported_as IS NOT NULL
         AND json_extract(handoffs.payload_summary, '$.handoff_id') = ?`,
      session_id,
      source_run_id,
      handoff_id,
    );
    return row === undefined ? undefined : presentHandoff(row);
  }

  /** In order of arrival. */
  ofSession(sessionId: string, limit: number, cursor: Cursor | undefined): Page<Handoff> {
    const where = new Conditions().add("session_id = ?", sessionId);
    const reading = { order: "oldest", limit, cursor } as const;
    return presented(pageByArrival<HandoffRow>(this.#db, "* FROM handoffs", where, reading), presentHandoff);
  }
}
