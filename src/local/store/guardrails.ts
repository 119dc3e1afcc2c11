/** Guardrail decisions, enabled templates, approvals. */
import { newId } from "../ids.ts";
import { type Database, fromJson } from "./database.ts";
import { Conditions, type Cursor, type Page, pageByArrival, presented } from "./paging.ts";

export interface NewDecision {
  readonly agent_id: string;
  readonly run_id: string | null;
  readonly mode: string;
  readonly policy_decision: string;
  readonly effective_decision: string;
  readonly enforcement_action: string;
  readonly reason: string | null;
  /** Keys of the policies that matched. */
  readonly matched: readonly string[];
  /** Id of the approval that was asked for. */
  readonly approval_id: string | null;
  /** The body of the evaluation call. */
  readonly request: unknown;
}

export interface NewApproval {
  readonly id: string;
  readonly agent_id: string;
  readonly run_id: string | null;
  readonly session_id: string | null;
  readonly reason: string | null;
  /** What is to be approved. */
  readonly request: unknown;
  /** The decision that asked for it, where it was made here. */
  readonly decision_id?: string | null;
  /** When it expires by itself. */
  readonly expires_at?: string | null;
}

/** A row as it is read: the request still JSON text. */
type Stored<T> = Omit<T, "request"> & { seq: number; request: string };

export interface Decision extends NewDecision {
  readonly id: string;
  readonly receipt_id: string;
  readonly decided_at: string;
}

export interface Approval extends NewApproval {
  readonly status: string;
  readonly requested_at: string;
  readonly resolved_at: string | null;
  readonly resolved_by: string | null;
}

function present<T extends { readonly request: unknown }>(row: Stored<T>): T {
  const { seq: _, ...shown } = { ...row, request: fromJson(row.request) };
  return shown as unknown as T;
}

const presentDecision = (row: Stored<Decision>): Decision => {
  const decision = present<Decision>(row);
  return { ...decision, matched: fromJson(decision.matched as unknown as string) as string[] };
};

export class GuardrailStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  decide(decision: NewDecision, now: string): Decision {
    const id = newId("dec");
    const receipt_id = newId("rcp");
    this.#db.insert("decisions", {
      ...decision,
      id,
      receipt_id,
      matched: JSON.stringify(decision.matched),
      request: JSON.stringify(decision.request),
      decided_at: now,
    });
    return { id, receipt_id, ...decision, decided_at: now };
  }

  /** Newest first. */
  decisions(filter: { run?: string | undefined }, limit: number, cursor: Cursor | undefined): Page<Decision> {
    const where = new Conditions().add("run_id = ?", filter.run);
    const reading = { order: "newest", limit, cursor } as const;
    const page = pageByArrival<Stored<Decision>>(this.#db, "* FROM decisions", where, reading);
    return presented(page, presentDecision);
  }

  enableTemplate(key: string, now: string): { id: string; key: string; enabled_at: string } {
    return this.#db.get<{ id: string; key: string; enabled_at: string }>(
      `INSERT INTO guardrail_templates (key, id, enabled_at) VALUES (?, ?, ?)
       ON CONFLICT (key) DO UPDATE SET key = excluded.key RETURNING id, key, enabled_at`,
      key,
      newId("tpl"),
      now,
    ) as { id: string; key: string; enabled_at: string };
  }

  /** What is known already is kept, but for the run and session it did not know. False when nothing is new. */
  requestApproval(approval: NewApproval, now: string): boolean {
    return (
      this.#db.run(
        `INSERT INTO approvals
           (id, agent_id, run_id, session_id, status, reason, request, requested_at, decision_id, expires_at)
         VALUES (?, ?, ?, ?, 'pending', ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET
           run_id = coalesce(run_id, excluded.run_id), session_id = coalesce(session_id, excluded.session_id)
         WHERE (run_id IS NULL AND excluded.run_id IS NOT NULL)
           OR (session_id IS NULL AND excluded.session_id IS NOT NULL)`,
        approval.id,
        approval.agent_id,
        approval.run_id,
        approval.session_id,
        approval.reason,
        JSON.stringify(approval.request),
        now,
        approval.decision_id ?? null,
        approval.expires_at ?? null,
      ) === 1
    );
  }

  /** Those whose time is over end as `expired`. @returns them. */
  expireApprovals(now: string): Approval[] {
    return this.#db
      .all<Stored<Approval>>(
        `UPDATE approvals SET status = 'expired', resolved_at = ?
         WHERE status = 'pending' AND expires_at <= ? RETURNING *`,
        now,
        now,
      )
      .map(present<Approval>);
  }

  /** False when there is no such approval, or it is resolved already. */
  resolveApproval(id: string, status: string, resolvedBy: string | null, now: string): boolean {
    return (
      this.#db.run(
        "UPDATE approvals SET status = ?, resolved_by = ?, resolved_at = ? WHERE id = ? AND status = 'pending'",
        status,
        resolvedBy,
        now,
        id,
      ) === 1
    );
  }

  approval(id: string): Approval | undefined {
    const row = this.#db.get<Stored<Approval>>("SELECT * FROM approvals WHERE id = ?", id);
    return row === undefined ? undefined : present<Approval>(row);
  }

  /** Newest first. */
  approvals(
    filter: { status?: string | undefined },
    limit: number,
    cursor: Cursor | undefined,
  ): Page<Approval> {
    const where = new Conditions().add("status = ?", filter.status);
    const reading = { order: "newest", limit, cursor } as const;
    const page = pageByArrival<Stored<Approval>>(this.#db, "* FROM approvals", where, reading);
    return presented(page, present<Approval>);
  }
}
