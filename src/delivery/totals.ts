/** Counters of what became of everything, and the report `flush()` gives. */

export interface Totals {
  /** Apie said it has them. */
  delivered: number;
  /** Apie refused them, or their run could never be opened. */
  rejected: number;
  /** Given up by our own bounds, by the user's redactor, or at shutdown. */
  dropped: number;
}

export interface EventOutcome extends Totals {
  /** Still here. `delivered + rejected + dropped + pending` is all there ever was. */
  pending: number;
}

/** Runs, or sessions. */
export interface LaneOutcome {
  /** Opened at Apie. */
  opened: number;
  /** Of those, completed at Apie. */
  completed: number;
  /** Openings or completions Apie refused. */
  rejected: number;
  /** Openings or completions given up by our own bounds or at shutdown. */
  dropped: number;
  /** Openings and completions still to be made. */
  pending: number;
}

/** What `flush()` and `shutdown()` resolve with. All figures count from the start of the client. */
export interface FlushReport {
  /** Nothing that was queued before the call is pending any more. */
  ok: boolean;
  /** The deadline passed first. */
  timedOut: boolean;
  durationMs: number;
  events: EventOutcome;
  runs: LaneOutcome;
  sessions: LaneOutcome;
  /** Losses of events, runs and sessions by reason, e.g. `{ "queue_full": 12 }`. */
  reasons: Readonly<Record<string, number>>;
  /** Sessions shared by a session store, not known to be over, that were left to the other instances: at shutdown, as a rule. */
  sessionsLeftOpen: number;
  /** Why something is pending, in one line. */
  lastError: string | undefined;
}

export type LaneKind = "runs" | "sessions";

export class Counters {
  readonly events: EventOutcome = { delivered: 0, rejected: 0, dropped: 0, pending: 0 };
  readonly runs: LaneOutcome = { opened: 0, completed: 0, rejected: 0, dropped: 0, pending: 0 };
  readonly sessions: LaneOutcome = { opened: 0, completed: 0, rejected: 0, dropped: 0, pending: 0 };
  readonly reasons = new Map<string, number>();
  requests = 0;
  retries = 0;
  flushes = 0;
  warnings = 0;
  trimmed = 0;
  deduplicated = 0;
  /** Openings sent again after one that went unanswered. */
  possibleDuplicates = 0;
  callsRejected = 0;
  /** Sessions another instance of the service has opened. */
  sessionsJoined = 0;

  lost(reason: string | undefined): void {
    if (reason !== undefined) this.reasons.set(reason, (this.reasons.get(reason) ?? 0) + 1);
  }
}
