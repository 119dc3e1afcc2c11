/** Events and runs as the read API tells them, for tests of what the page makes of them. */
import type { EventLine } from "../../src/local/page/data/event-line.ts";
import type { Run, Session } from "../../src/local/page/data/records.ts";

let seq = 0;

/** An event at a second of a minute. */
export function line(second: number, type: string, fields: Partial<EventLine> = {}): EventLine {
  seq += 1;
  return {
    event_id: `e${seq}`,
    seq,
    replay_us: second * 1e6,
    occurred_us: second * 1e6,
    type: `agent.${type}`,
    agent_key: "support",
    ...fields,
  };
}

const COUNTS = { events: 0, errors: 0, failures: 0, tokens: { input: 0, output: 0 } };

const iso = (second: number): string => new Date(second * 1000).toISOString();

export function run(id: string, from: number, to: number | undefined, fields: Partial<Run> = {}): Run {
  return {
    id,
    session_id: "s",
    parent_run_id: null,
    agent_key: id,
    role: null,
    step_name: null,
    environment: null,
    status: to === undefined ? "running" : "completed",
    input_summary: null,
    metadata: { started_at: iso(from) },
    completion_metadata: to === undefined ? null : { ended_at: iso(to) },
    started_at: iso(from),
    completed_at: to === undefined ? null : iso(to),
    duration_ms: null,
    trace_id: null,
    span_id: null,
    counts: COUNTS,
    ...fields,
  };
}

export const session = (fields: Partial<Session> = {}): Session => ({
  id: "s",
  kind: "multi_agent",
  status: "completed",
  environment: null,
  orchestrator_agent_key: null,
  input_summary: null,
  output_summary: null,
  started_at: iso(0),
  completed_at: iso(60),
  duration_ms: 60_000,
  metadata: {},
  completion_metadata: null,
  agents: [],
  counts: { ...COUNTS, runs: 0, running: 0, failed: 0 },
  ...fields,
});
