/** The state of the queue, put together from the parts of the pipeline that each know some of it. */
import type { QueueDiagnostics } from "../diagnostics/index.ts";
import { NOTHING_SENT } from "./nothing-sent.ts";
import type { Pipeline } from "./pipeline.ts";

/** @param pipeline absent while the client is switched off. */
export function queueState(pipeline: Pipeline | undefined): QueueDiagnostics {
  if (pipeline === undefined) return { ...IDLE };
  const { delivery, tracker } = pipeline;
  const { counters, lastError, lastFlushAt, queued } = delivery;
  return {
    queueSize: queued.count,
    queueBytes: queued.bytes,
    droppedCount: counters.events.dropped,
    deduplicatedCount: counters.deduplicated,
    flushCount: counters.flushes,
    retryCount: counters.retries,
    lastErrorAt: isoTime(lastError?.at),
    lastErrorMessage: lastError?.message,
    lastFlushAt: isoTime(lastFlushAt),
    events: { ...counters.events },
    runs: { ...counters.runs },
    sessions: { ...counters.sessions },
    reasons: Object.fromEntries(counters.reasons),
    quarantined: delivery.quarantine.entries,
    heldBecause: delivery.heldBecause,
    requests: counters.requests,
    warnings: counters.warnings,
    trimmed: counters.trimmed,
    possibleDuplicates: counters.possibleDuplicates,
    callsRejected: counters.callsRejected,
    openRuns: tracker.openRuns,
    spansInFlight: tracker.spansInFlight,
    lateSpans: tracker.counts.late,
    unknownParents: tracker.counts.unknownParents,
    evictedSpans: tracker.counts.evicted,
    unreadableSpans: pipeline.unreadable,
    sessionsJoined: counters.sessionsJoined,
    sessionsNotShared: pipeline.sharedLanes?.notShared ?? 0,
    storage: delivery.storage,
  };
}

const isoTime = (at: number | undefined): string | undefined =>
  at === undefined ? undefined : new Date(at).toISOString();

const IDLE: QueueDiagnostics = {
  queueSize: 0,
  queueBytes: 0,
  droppedCount: 0,
  deduplicatedCount: 0,
  flushCount: 0,
  retryCount: 0,
  lastErrorAt: undefined,
  lastErrorMessage: undefined,
  lastFlushAt: undefined,
  events: NOTHING_SENT.events,
  runs: NOTHING_SENT.runs,
  sessions: NOTHING_SENT.sessions,
  reasons: {},
  quarantined: [],
  heldBecause: undefined,
  requests: 0,
  warnings: 0,
  trimmed: 0,
  possibleDuplicates: 0,
  callsRejected: 0,
  openRuns: 0,
  spansInFlight: 0,
  lateSpans: 0,
  unknownParents: 0,
  evictedSpans: 0,
  unreadableSpans: 0,
  sessionsJoined: 0,
  sessionsNotShared: 0,
  storage: undefined,
};
