/** Everything that could be asked of Apie, and when: what a flush may still hope for, and when to look again. */
import { type Attempted, type Attempts, untried } from "./attempts.ts";
import type { Batches } from "./batches.ts";
import type { LaneBook } from "./book.ts";
import type { Flushes } from "./flushes.ts";
import type { CallKind, Gate } from "./gate.ts";
import type { Lane } from "./lane.ts";
import type { AgentRegistration } from "./registration.ts";

export interface AgendaParts {
  book: LaneBook;
  batches: Batches;
  registration: AgentRegistration;
  flushes: Flushes;
}

/** Something that could be asked of Apie. */
interface Candidate {
  readonly kind: CallKind;
  /** When it is due (monotonic ms). */
  readonly at: number;
  /** The flush under way has tried it often enough. */
  readonly isExhausted: boolean;
}

export class Agenda {
  readonly #parts: AgendaParts;
  readonly #attempts: Attempts;
  readonly #gate: Gate;
  /** Asked before an opening that went unanswered is repeated. */
  readonly healthCheck: Attempted = untried();

  constructor(parts: AgendaParts, attempts: Attempts, gate: Gate) {
    this.#parts = parts;
    this.#attempts = attempts;
    this.#gate = gate;
  }

  /** Whether it may be tried now, as far as its own failures go. */
  isDue(attempted: Attempted, now: number): boolean {
    return !this.#attempts.isExhausted(attempted) && this.#attempts.dueAt(attempted) <= now;
  }

  /** When the next batch is to be put together (monotonic ms). */
  eventsDueAt(now: number): number {
    const { book, batches, flushes } = this.#parts;
    if (batches.isUnfinished) return now;
    if (book.turns.ready.size === 0) return Number.POSITIVE_INFINITY;
    if (batches.isFull || flushes.active) return now;
    let earliest = Number.POSITIVE_INFINITY;
    for (const lane of book.turns.ready) earliest = Math.min(earliest, lane.eventsDueAt);
    return earliest;
  }

  /** Whether anything is left that the flushes under way may still try in their time. */
  hasHope(now: number): boolean {
    const { deadline } = this.#parts.flushes;
    for (const { kind, at, isExhausted } of this.#candidates(now)) {
      if (isExhausted || this.#gate.isDenied(kind, now)) continue;
      if (Math.max(at, this.#gate.heldUntil(kind)) <= deadline) return true;
    }
    return false;
  }

  /** When there is something to do next (monotonic ms). */
  nextAt(now: number): number {
    const earliest = Math.max(now, this.#gate.serverHeldUntil);
    let next = Number.POSITIVE_INFINITY;
    for (const { kind, at, isExhausted } of this.#candidates(now)) {
      if (isExhausted) continue;
      next = Math.min(next, Math.max(at, this.#gate.heldUntil(kind)));
      if (next <= earliest) break;
    }
    return next;
  }

  *#candidates(now: number): Iterable<Candidate> {
    const { book, batches, registration } = this.#parts;
    if (!registration.isSettled) {
      if (registration.state !== "asking") yield this.#candidate("registration", registration.attempted);
      return;
    }
    for (const [kind, lanes] of book.turns.toOpen.kinds()) {
      if (this.#gate.isKindHeld(kind, now)) yield this.#heldBack(kind);
      else for (const lane of lanes) yield this.#opening(lane);
    }
    for (const waiting of [book.turns.toComplete, book.turns.toHandOff]) {
      for (const [kind, lanes] of waiting.kinds()) {
        if (this.#gate.isKindHeld(kind, now)) yield this.#heldBack(kind);
        else for (const lane of lanes) yield this.#candidate(kind, lane);
      }
    }
    for (const batch of batches.waiting) yield this.#candidate("events", batch);
    if (book.turns.ready.size > 0 || batches.isUnfinished)
      yield { kind: "events", at: this.eventsDueAt(now), isExhausted: false };
  }

  #candidate(kind: CallKind, attempted: Attempted): Candidate {
    return {
      kind,
      at: this.#attempts.dueAt(attempted),
      isExhausted: this.#attempts.isExhausted(attempted),
    };
  }

  #opening(lane: Lane): Candidate {
    const due = this.#candidate(lane.openingKind, lane);
    const opening = { ...due, at: Math.max(due.at, lane.agreement?.notBefore ?? 0) };
    return this.#gate.hasAnsweredSince(lane.unansweredAt)
      ? opening
      : later(opening, this.#candidate("health check", this.healthCheck));
  }

  /** Stands for all of its kind: there may be as many as the queue holds, and none of them is asked before that. */
  #heldBack(kind: CallKind): Candidate {
    return { kind, at: this.#gate.heldUntil(kind), isExhausted: false };
  }
}

/** What has to be asked first, no earlier than what it is asked for. */
const later = (after: Candidate, first: Candidate): Candidate => ({
  kind: first.kind,
  at: Math.max(after.at, first.at),
  isExhausted: after.isExhausted || first.isExhausted,
});
