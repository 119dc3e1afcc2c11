/** Boundary reports, as they were when they were made. */
import { newId } from "../ids.ts";
import { type Database, fromJson } from "./database.ts";

export class ReportStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  create(agentId: string, report: object, now: string): string {
    const id = newId("rpt");
    this.#db.insert("boundary_reports", {
      id,
      agent_id: agentId,
      body: JSON.stringify(report),
      created_at: now,
    });
    return id;
  }

  byId(id: string): { id: string; agent_id: string; created_at: string; report: unknown } | undefined {
    const row = this.#db.get<Record<"id" | "agent_id" | "created_at" | "body", string>>(
      "SELECT id, agent_id, created_at, body FROM boundary_reports WHERE id = ?",
      id,
    );
    if (row === undefined) return undefined;
    const { body, ...rest } = row;
    return { ...rest, report: fromJson(body) };
  }
}
