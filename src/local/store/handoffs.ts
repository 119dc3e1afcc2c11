/** Hand-offs that were posted; the later stages of a hand-off are events. */
import { newId } from "../ids.ts";
import { type Database, fromJson, toJson } from "./database.ts";
import { Conditions, type Cursor, type Page, pageOf } from "./paging.ts";

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

  /** In order of arrival. */
  ofSession(sessionId: string, limit: number, cursor: Cursor | undefined): Page<Handoff> {
    const where = new Conditions().add("session_id = ?", sessionId).add("seq > ?", cursor?.[0]);
    const rows = this.#db.all<HandoffRow>(
      `SELECT * FROM handoffs ${where.sql} ORDER BY seq LIMIT ?`,
      ...where.values,
      limit + 1,
    );
    return pageOf(
      rows,
      limit,
      (row) => [row.seq],
      ({ seq: _, ...row }) => ({
        ...row,
        payload_summary: fromJson(row.payload_summary) as Handoff["payload_summary"],
      }),
    );
  }
}
