/** What runs and sessions have in common as the read API shows them: how long they took, what was counted, what was said. */
import { type Counters, presentCounts } from "./counters.ts";
import { fromJson } from "./database.ts";

export interface WorkRow extends Counters {
  seq: number;
  metadata: string | null;
  completion_metadata: string | null;
  started_at: string;
  completed_at: string | null;
  imported_as: string | null;
}

export function presentWork<Row extends WorkRow>(row: Row) {
  const {
    seq: _,
    imported_as: __,
    event_count,
    error_count,
    failure_count,
    tokens_in,
    tokens_out,
    metadata,
    completion_metadata,
    ...work
  } = row;
  const { started_at, completed_at } = row;
  return {
    ...work,
    metadata: fromJson(metadata),
    completion_metadata: fromJson(completion_metadata),
    duration_ms: completed_at === null ? null : Date.parse(completed_at) - Date.parse(started_at),
    counts: presentCounts({ event_count, error_count, failure_count, tokens_in, tokens_out }),
  };
}
