/** A session in flight. */
import type { Imported } from "../model/scope.ts";

export type SessionOrigin =
  /** Opened by our API, here. */
  | "api"
  /** Named by a foreign span (a conversation id). */
  | "conversation"
  /** Made to hold child runs of a run without one. */
  | "made"
  /** Opened elsewhere; Apie knows it already. */
  | "external";

export type SessionStatus = "completed" | "failed" | "cancelled";

/** Why a session was closed although nobody said that it has ended. */
export type SessionClosedBy = "idle" | "shutdown";

export class SessionState {
  /** Our own id: minted by our API, or the application's conversation id. */
  readonly id: string;
  readonly origin: SessionOrigin;
  readonly kind: string | undefined;
  /** Apie's id where it is known beforehand. */
  readonly apieId: string | undefined;
  readonly details: SessionDetails;
  openRuns = 0;
  closed = false;
  /** Ends with the span it is rooted at, or with the process. */
  readonly isScoped: boolean;
  /** It is told again at another time. */
  readonly imported: Imported | undefined;
  closedBy: SessionClosedBy | undefined;
  status: SessionStatus | undefined;
  outputSummary: string | undefined;
  metadata: Record<string, unknown> | undefined;
  endMs: number | undefined;
  /** Monotonic ms of the last sign of life. */
  lastSeen: number;
  readonly #sequence = { last: 0 };
  /** Whatever the delivery needs to know of it. */
  lane: unknown;

  constructor(
    id: string,
    origin: SessionOrigin,
    now: number,
    details: SessionDetails & {
      kind?: string | undefined;
      apieId?: string | undefined;
      isScoped?: boolean | undefined;
      imported?: Imported | undefined;
    },
  ) {
    this.id = id;
    this.origin = origin;
    this.kind = details.kind;
    this.apieId = details.apieId;
    this.isScoped = details.isScoped === true;
    this.imported = details.imported;
    this.details = details;
    this.lastSeen = now;
  }

  /** From 1, unique in the session; across its runs it tells the order, not the arrival. */
  nextSequence(): number {
    this.#sequence.last += 1;
    return this.#sequence.last;
  }
}

export interface SessionDetails {
  startMs: number;
  traceId?: string | undefined;
  spanId?: string | undefined;
  agentKey?: string | undefined;
  inputSummary?: string | undefined;
  metadata?: Record<string, unknown> | undefined;
  /** For a session made for child runs: the run that needed one. */
  parentRunId?: string | undefined;
}
