/** What the queue holds and what became of everything that was in it. */
import type { EventOutcome, LaneOutcome, Quarantined, StorageState } from "../delivery/index.ts";

/** Names of the vendor SDK where it has them (`queueSize` to `lastErrorMessage`). */
export interface QueueDiagnostics {
  /** Events, openings and completions that wait. */
  queueSize: number;
  /** Their memory, estimated. */
  queueBytes: number;
  droppedCount: number;
  deduplicatedCount: number;
  flushCount: number;
  retryCount: number;
  /** ISO 8601. */
  lastErrorAt: string | undefined;
  lastErrorMessage: string | undefined;
  lastFlushAt: string | undefined;
  events: EventOutcome;
  runs: LaneOutcome;
  sessions: LaneOutcome;
  /** Losses by reason. */
  reasons: Readonly<Record<string, number>>;
  /** The last 20 events and calls Apie refused by themselves, oldest first; never what they held. */
  quarantined: readonly Quarantined[];
  /** Why requests are held back at the moment. */
  heldBecause: string | undefined;
  requests: number;
  /** Warnings in Apie's answers. */
  warnings: number;
  /** Events that lost their payload so that they were taken. */
  trimmed: number;
  /** Openings sent again after one that went unanswered: Apie may hold a run twice. */
  possibleDuplicates: number;
  /** Hand-off calls refused or given up. */
  callsRejected: number;
  openRuns: number;
  spansInFlight: number;
  /** Spans that came after their run was closed. */
  lateSpans: number;
  /** Child runs whose parent, in another process, had no id of Apie's: named in their metadata only. */
  unknownParents: number;
  /** Spans in flight given up because there were too many. */
  evictedSpans: number;
  unreadableSpans: number;
  /** With a session store: sessions another instance had opened, and those opened without the others. */
  sessionsJoined: number;
  sessionsNotShared: number;
  /** The queue on disk; `undefined` without `queueStoragePath`. */
  storage: StorageState | undefined;
}
