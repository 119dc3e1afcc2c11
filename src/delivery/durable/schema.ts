/** Tables of the queue file. */

/** "APIQ", so that a file of another program is never taken for ours. */
export const APPLICATION_ID = 0x41504951;

/** Raised with every change of the tables; each entry leads from the version before it. */
export const MIGRATIONS: readonly string[] = [
  `
CREATE TABLE lane (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  key_hash TEXT NOT NULL,
  agent_key TEXT,
  opened_here INTEGER NOT NULL,
  state INTEGER NOT NULL,
  apie_id TEXT,
  session INTEGER,
  session_id TEXT,
  parent INTEGER,
  parent_id TEXT,
  flags INTEGER NOT NULL,
  opening TEXT,
  completion TEXT,
  ends INTEGER NOT NULL,
  lost TEXT,
  orphan_status TEXT,
  opened_at INTEGER NOT NULL,
  completed_at INTEGER,
  seen_at INTEGER NOT NULL,
  bytes INTEGER NOT NULL
) STRICT;
CREATE INDEX lane_by_key ON lane (kind, key_hash);
CREATE INDEX lane_by_session ON lane (session, flags) WHERE session IS NOT NULL;
CREATE INDEX lane_totals ON lane (kind, opened_here, state, ends, bytes);
CREATE TABLE item (
  seq INTEGER PRIMARY KEY,
  lane INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  at INTEGER NOT NULL,
  bytes INTEGER NOT NULL,
  event_id TEXT,
  json TEXT NOT NULL
) STRICT;
CREATE INDEX item_by_lane ON item (lane, seq, kind, bytes);
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
`,
];
