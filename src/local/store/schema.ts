/**
 * The tables. `PRAGMA user_version` counts the migrations a file has seen; a new one is appended, none is ever edited.
 * `seq` is the order of arrival. Times that clients give or see are ISO text; spans keep nanoseconds in 64 bits.
 */

const RUN_AND_SESSION_COUNTERS = `
  event_count INTEGER NOT NULL DEFAULT 0,
  error_count INTEGER NOT NULL DEFAULT 0,
  failure_count INTEGER NOT NULL DEFAULT 0,
  tokens_in INTEGER NOT NULL DEFAULT 0,
  tokens_out INTEGER NOT NULL DEFAULT 0`;

const FIRST = `
CREATE TABLE agents (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  key TEXT NOT NULL UNIQUE,
  name TEXT, purpose TEXT, owner_email TEXT, team TEXT, description TEXT, mode TEXT,
  identified INTEGER NOT NULL DEFAULT 0, -- 0: only its key was seen, on a run or an event
  first_seen_at TEXT NOT NULL,
  last_seen_at TEXT NOT NULL
) STRICT;

CREATE TABLE agent_versions (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  agent_id TEXT NOT NULL REFERENCES agents (id),
  config_hash TEXT NOT NULL,
  config TEXT NOT NULL,
  created_at TEXT NOT NULL,
  last_identified_at TEXT NOT NULL,
  UNIQUE (agent_id, config_hash)
) STRICT;

CREATE TABLE capabilities (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  agent_id TEXT NOT NULL REFERENCES agents (id),
  tool_name TEXT NOT NULL,
  tool_provider TEXT NOT NULL DEFAULT '',
  actions TEXT NOT NULL, resources TEXT NOT NULL, environments TEXT NOT NULL,
  risk_level TEXT,
  declared_at TEXT NOT NULL,
  UNIQUE (agent_id, tool_name, tool_provider)
) STRICT;

CREATE TABLE tools (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  agent_id TEXT NOT NULL REFERENCES agents (id),
  name TEXT NOT NULL,
  provider TEXT NOT NULL DEFAULT '',
  description TEXT, input_schema TEXT,
  action_types TEXT NOT NULL, resource_types TEXT NOT NULL,
  risk_level TEXT,
  defined_at TEXT NOT NULL,
  UNIQUE (agent_id, name, provider)
) STRICT;

CREATE TABLE sessions (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  status TEXT NOT NULL,
  orchestrator_agent_key TEXT, orchestrator_agent_id TEXT, environment TEXT,
  input_summary TEXT, output_summary TEXT, metadata TEXT, completion_metadata TEXT,
  started_at TEXT NOT NULL,
  completed_at TEXT,${RUN_AND_SESSION_COUNTERS}
) STRICT;

CREATE TABLE runs (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  session_id TEXT REFERENCES sessions (id),
  parent_run_id TEXT REFERENCES runs (id),
  agent_id TEXT NOT NULL REFERENCES agents (id),
  agent_key TEXT NOT NULL,
  agent_version_id TEXT,
  trigger_event_id TEXT, step_key TEXT, step_name TEXT, step_index INTEGER, role TEXT, environment TEXT,
  input_summary TEXT, metadata TEXT, completion_metadata TEXT,
  status TEXT NOT NULL,
  started_at TEXT NOT NULL,
  completed_at TEXT,
  -- metadata.otel, where an OpenTelemetry bridge sent the run
  trace_id TEXT, span_id TEXT,${RUN_AND_SESSION_COUNTERS}
) STRICT;
CREATE INDEX runs_by_session ON runs (session_id, seq);
CREATE INDEX runs_by_agent ON runs (agent_key, seq);
CREATE INDEX runs_by_trace ON runs (trace_id) WHERE trace_id IS NOT NULL;
CREATE INDEX runs_by_parent ON runs (parent_run_id) WHERE parent_run_id IS NOT NULL;

CREATE TABLE handoffs (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  session_id TEXT NOT NULL REFERENCES sessions (id),
  source_run_id TEXT, source_agent_id TEXT, target_run_id TEXT, target_agent_id TEXT, trigger_event_id TEXT,
  reason TEXT, input_summary TEXT, payload_summary TEXT,
  status TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;
CREATE INDEX handoffs_by_session ON handoffs (session_id, seq);

CREATE TABLE events (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE, -- event_id, or one of ours where the client sent none
  type TEXT NOT NULL,
  agent_id TEXT NOT NULL REFERENCES agents (id),
  agent_key TEXT NOT NULL,
  run_id TEXT,     -- as sent; runs need not exist
  session_id TEXT, -- as sent, else the session of the run
  run_order INTEGER, session_order INTEGER, -- sequence numbers, or where an event without one belongs
  occurred_us INTEGER NOT NULL,
  replay_us INTEGER NOT NULL, -- timestamp in microseconds
  received_at TEXT NOT NULL,
  tool_name TEXT, tool_provider TEXT, action_type TEXT, resource_type TEXT, environment TEXT,
  body TEXT NOT NULL -- the event as it came
) STRICT;
CREATE INDEX events_by_run ON events (run_id, run_order, seq) WHERE run_id IS NOT NULL;
CREATE INDEX events_by_session ON events (session_id, replay_us, session_order, seq) WHERE session_id IS NOT NULL;
CREATE INDEX events_by_agent ON events (agent_id, occurred_us);

CREATE TABLE approvals (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  agent_id TEXT NOT NULL REFERENCES agents (id),
  run_id TEXT, session_id TEXT,
  status TEXT NOT NULL,
  reason TEXT,
  request TEXT NOT NULL, -- the action and the resource it is about
  requested_at TEXT NOT NULL,
  resolved_at TEXT, resolved_by TEXT
) STRICT;
CREATE INDEX approvals_by_status ON approvals (status, seq);

CREATE TABLE decisions (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  agent_id TEXT NOT NULL REFERENCES agents (id),
  run_id TEXT,
  mode TEXT NOT NULL,
  policy_decision TEXT NOT NULL, effective_decision TEXT NOT NULL, enforcement_action TEXT NOT NULL,
  reason TEXT,
  request TEXT NOT NULL,
  decided_at TEXT NOT NULL
) STRICT;
CREATE INDEX decisions_by_run ON decisions (run_id, seq) WHERE run_id IS NOT NULL;

CREATE TABLE guardrail_templates (
  key TEXT PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  enabled_at TEXT NOT NULL
) STRICT;

CREATE TABLE boundary_reports (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  agent_id TEXT NOT NULL REFERENCES agents (id),
  body TEXT NOT NULL,
  created_at TEXT NOT NULL
) STRICT;

CREATE TABLE span_sources ( -- resource and scope, stored once for all the spans that share them
  id INTEGER PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  resource TEXT NOT NULL,
  scope TEXT NOT NULL
) STRICT;

CREATE TABLE spans (
  seq INTEGER PRIMARY KEY,
  trace_id TEXT NOT NULL,
  span_id TEXT NOT NULL,
  parent_span_id TEXT,
  source_id INTEGER NOT NULL REFERENCES span_sources (id),
  name TEXT NOT NULL,
  start_ns INTEGER NOT NULL,
  end_ns INTEGER NOT NULL,
  body TEXT NOT NULL, -- the other fields of the span record
  received_at TEXT NOT NULL,
  UNIQUE (trace_id, span_id)
) STRICT;
CREATE INDEX spans_by_time ON spans (trace_id, start_ns, seq);
`;

const GUARDRAILS = `
CREATE TABLE policies (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  key TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  decision TEXT NOT NULL,
  reason TEXT,
  match TEXT NOT NULL,
  source TEXT NOT NULL, -- template, custom
  enabled INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;

ALTER TABLE decisions ADD COLUMN receipt_id TEXT;
ALTER TABLE decisions ADD COLUMN approval_id TEXT;
ALTER TABLE decisions ADD COLUMN matched TEXT NOT NULL DEFAULT '[]';

ALTER TABLE approvals ADD COLUMN decision_id TEXT;
ALTER TABLE approvals ADD COLUMN expires_at TEXT; -- NULL: waits for ever
CREATE INDEX approvals_by_expiry ON approvals (expires_at) WHERE status = 'pending';
`;

/** Reading on by arrival, one session, run or kind of event among many, must not walk the others. */
const ARRIVAL = `
CREATE INDEX events_by_session_arrival ON events (session_id, seq) WHERE session_id IS NOT NULL;
CREATE INDEX events_by_run_arrival ON events (run_id, seq) WHERE run_id IS NOT NULL;
CREATE INDEX events_by_session_order ON events (session_id, session_order) WHERE session_id IS NOT NULL;
CREATE INDEX events_by_type ON events (type, seq);
CREATE INDEX events_by_agent_arrival ON events (agent_key, seq);
CREATE INDEX events_by_tool ON events (tool_name, seq) WHERE tool_name IS NOT NULL;
CREATE INDEX events_by_action ON events (action_type, seq) WHERE action_type IS NOT NULL;
CREATE INDEX events_by_resource ON events (resource_type, seq) WHERE resource_type IS NOT NULL;
CREATE INDEX runs_by_source ON runs (json_extract(metadata, '$.run_id')) WHERE metadata IS NOT NULL;
CREATE INDEX sessions_by_source ON sessions (json_extract(metadata, '$.session_id')) WHERE metadata IS NOT NULL;
`;

/** What a run or session that was imported is called, by which it is known again: it is then the same one. */
const IMPORTS = `
ALTER TABLE sessions ADD COLUMN imported_as TEXT;
ALTER TABLE runs ADD COLUMN imported_as TEXT;
CREATE UNIQUE INDEX sessions_by_import ON sessions (imported_as) WHERE imported_as IS NOT NULL;
CREATE UNIQUE INDEX runs_by_import ON runs (imported_as, coalesce(session_id, '')) WHERE imported_as IS NOT NULL;
`;

export const MIGRATIONS: readonly string[] = [FIRST, GUARDRAILS, ARRIVAL, IMPORTS];
