import type { FlushReport } from "../delivery/index.ts";

const NOTHING = { delivered: 0, rejected: 0, dropped: 0, pending: 0 };
const NO_LANES = { opened: 0, completed: 0, rejected: 0, dropped: 0, pending: 0 };

/** The report of a client that is switched off. */
export const NOTHING_SENT: FlushReport = {
  ok: true,
  timedOut: false,
  durationMs: 0,
  events: NOTHING,
  runs: NO_LANES,
  sessions: NO_LANES,
  reasons: {},
  sessionsLeftOpen: 0,
  lastError: undefined,
};
