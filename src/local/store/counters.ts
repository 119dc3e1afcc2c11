/** Counts kept on runs and sessions as events arrive, so that a list need not count ten thousand of them. */
import type { Database } from "./database.ts";

export interface Counters {
  event_count: number;
  /** `agent.error` events. */
  error_count: number;
  /** `….failed` events: a tool, a model call, a step or a hand-off that failed, whether or not the run went on. */
  failure_count: number;
  tokens_in: number;
  tokens_out: number;
}

export const noCounts = (): Counters => ({
  event_count: 0,
  error_count: 0,
  failure_count: 0,
  tokens_in: 0,
  tokens_out: 0,
});

export function addCounts(to: Counters, more: Counters): void {
  to.event_count += more.event_count;
  to.error_count += more.error_count;
  to.failure_count += more.failure_count;
  to.tokens_in += more.tokens_in;
  to.tokens_out += more.tokens_out;
}

const ADD = (table: "runs" | "sessions"): string =>
  `UPDATE ${table} SET event_count = event_count + ?, error_count = error_count + ?,
     failure_count = failure_count + ?, tokens_in = tokens_in + ?, tokens_out = tokens_out + ? WHERE id = ?`;

const SQL = { runs: ADD("runs"), sessions: ADD("sessions") } as const;

/** False when there is no such row. */
export function storeCounts(db: Database, table: "runs" | "sessions", id: string, more: Counters): boolean {
  const changed = db.run(
    SQL[table],
    more.event_count,
    more.error_count,
    more.failure_count,
    more.tokens_in,
    more.tokens_out,
    id,
  );
  return changed === 1;
}

/** How the read API shows them. */
export const presentCounts = (row: Counters) => ({
  events: row.event_count,
  errors: row.error_count,
  failures: row.failure_count,
  tokens: { input: row.tokens_in, output: row.tokens_out },
});
