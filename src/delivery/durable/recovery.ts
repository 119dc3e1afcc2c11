/** What an earlier process left in a queue file: read lane by lane as it is sent, so that memory is bounded however much it is. */
import type { CompleteBody, Registration } from "../../apie-api/index.ts";
import type { Lane } from "../lane.ts";
import { hashOf, knownSession, laneOf } from "./rows.ts";
import { Slot } from "./slot.ts";
import type { Spool } from "./spool.ts";
import { ticketBefore } from "./spool-source.ts";
import type { StorageOptions } from "./storage-options.ts";
import { endsAfter, LANE_STATES, type LaneRow, type StoreTotals } from "./store.ts";

/** A run or a session whose process ended before it did. */
export interface Orphan {
  kind: "run" | "session";
  /** How such a one ends. */
  status: string;
  /** Epoch ms. */
  openedAt: number;
  /** When the last of it was noted. */
  seenAt: number;
}

/** Calls and events that are known by number only. */
export type Pending = Pick<StoreTotals, "events" | "handoffs" | "runCalls" | "sessionCalls">;

export interface RecoveryParts {
  spool: Spool;
  /** Agent this process registers. */
  agentKey: string;
  /** Number of the arrival of what is in the file. */
  arrival: number;
  /** What Apie answered the process that ended. */
  registration: (Registration & { agentKey?: string }) | undefined;
  orphanEnd: (orphan: Orphan) => CompleteBody;
  shared: StorageOptions["shared"];
  /** A lane is in memory again, with what waits in it. */
  restored: (lane: Lane) => void;
  /** So much of it cannot be read. */
  damaged: (pending: Pending) => void;
}

/** What nobody has named for this long is not resumed any more. */
const MAX_SILENCE_MS = 30 * 24 * 60 * 60_000;

/** How a session that instances share ends, once none of them goes on with it. */
const SHARED_END = "completed";

export class Recovery {
  readonly #parts: RecoveryParts;
  /** The last row that was looked at; those of this process come after `#end`. */
  #at = 0;
  readonly #end: number;
  /** What was not read yet. */
  readonly #left: Pending;

  constructor(totals: StoreTotals, parts: RecoveryParts) {
    const { events, handoffs, runCalls, sessionCalls } = totals;
    this.#parts = parts;
    this.#end = totals.lastLane;
    this.#left = { events, handoffs, runCalls, sessionCalls };
  }

  get isDone(): boolean {
    return this.#at >= this.#end;
  }

  /** Reads the next lanes. */
  read(limit: number): void {
    if (this.isDone) return;
    const rows = this.#parts.spool.read((store) => store.lanesAfter(this.#at, limit));
    if (rows === undefined) return;
    if (rows.length === 0) this.#at = this.#end;
    for (const row of rows) {
      this.#at = row.id;
      if (row.id > this.#end) return;
      if (this.#parts.spool.hasEnded(row.id)) continue;
      if (this.#isOfInterest(row)) this.#loadOrDiscard(row);
      else if (Date.now() - row.seenAt > MAX_SILENCE_MS) this.#parts.spool.discard(row);
    }
  }

  /** The file is gone, with what was not read of it. */
  giveUp(): void {
    const left = { ...this.#left };
    Object.assign(this.#left, { events: 0, handoffs: 0, runCalls: 0, sessionCalls: 0 });
    this.#at = this.#end;
    this.#parts.damaged(left);
  }

  /** A row that says nothing sensible costs itself. */
  #loadOrDiscard(row: LaneRow): void {
    try {
      this.load(row);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      const { spool, damaged } = this.#parts;
      const before = { ...this.#left };
      this.#noteRead(row, this.#itemsOf(row));
      const { events, handoffs, runCalls, sessionCalls } = this.#left;
      damaged({
        events: before.events - events,
        handoffs: before.handoffs - handoffs,
        runCalls: before.runCalls - runCalls,
        sessionCalls: before.sessionCalls - sessionCalls,
      });
      spool.discard(row);
    }
  }

  #itemsOf(row: LaneRow): { count: number; handoffs: number; bytes: number } {
    const totals = this.#parts.spool.read((store) => store.itemTotals(row.id));
    return totals ?? { count: 0, handoffs: 0, bytes: 0 };
  }

  /** The lane of a row, read again if need be. */
  load(row: LaneRow): Lane {
    const { spool } = this.#parts;
    const known = spool.slot(row.id);
    if (known !== undefined) return known.lane;
    const session = this.#sessionOf(row);
    const parent = row.parent === null ? undefined : spool.slot(row.parent)?.lane;
    const lane = laneOf(row, { session, parent, ownAgent: this.#isOwn(row) });
    const totals = this.#itemsOf(row);
    const slot = new Slot(spool, lane, {
      id: row.id,
      agentKey: row.agentKey,
      openedAt: row.openedAt,
      keyHash: row.keyHash,
      openedHere: row.openedHere,
      saved: row,
    });
    slot.completedAt = row.completedAt ?? undefined;
    spool.restore(slot);
    lane.queue = spool.queue(row.id, totals);
    lane.queuedBytes = totals.bytes;
    lane.openTicket = ticketBefore(row.openedAt);
    const { orphanStatus: status, openedAt, seenAt } = row;
    if (status !== null && row.kind !== "none")
      lane.completion ??= this.#parts.orphanEnd({ kind: row.kind, status, openedAt, seenAt });
    lane.completeTicket = ticketBefore(row.completedAt ?? seenAt);
    lane.completableTicket = lane.completeTicket;
    lane.arrival = this.#parts.arrival;
    lane.registeredAs = this.#registrationOf(row);
    if (row.kind === "session") lane.unfinishedRuns = this.#runsOf(row.id);
    if (session?.slot === undefined) lane.holdsSession = false;
    this.#noteRead(row, totals);
    if (lane.isShared && !lane.isSettled) this.#share(row, lane);
    this.#parts.restored(lane);
    return lane;
  }

  /** The others are asked before it is opened. */
  #share({ key, keyHash, openedAt, seenAt }: LaneRow, lane: Lane): void {
    const { shared, orphanEnd } = this.#parts;
    const end = orphanEnd({ kind: "session", status: SHARED_END, openedAt, seenAt });
    shared?.(lane, hashOf(key) === keyHash ? key : undefined, end);
  }

  /** What is open and outlives its process, a paused run too, waits for nothing but to be named again. */
  #isOfInterest(row: LaneRow): boolean {
    if (row.state !== LANE_STATES.open || endsAfter(row)) return true;
    return this.#parts.spool.read((store) => store.kindAfter(row.id, 0)) !== undefined;
  }

  #sessionOf(row: LaneRow): Lane | undefined {
    const { spool } = this.#parts;
    const { session, sessionId } = row;
    if (session !== null) {
      const known = spool.slot(session)?.lane;
      if (known !== undefined) return known;
      const stored = spool.read((store) => store.lane(session));
      if (stored !== undefined && !spool.hasEnded(session)) return this.load(stored);
    }
    return sessionId === null ? undefined : knownSession(sessionId);
  }

  #runsOf(session: number): number {
    const { spool } = this.#parts;
    const runs = spool.read((store) => store.runsOf(session)) ?? [];
    return runs.filter((id) => !spool.hasEnded(id)).length;
  }

  /** What is of this process goes with its own. */
  #registrationOf({ id }: LaneRow): RecoveryParts["registration"] {
    return id > this.#end ? undefined : this.#parts.registration;
  }

  #isOwn(row: LaneRow): boolean {
    const { agentKey } = row;
    return agentKey !== null && agentKey === (this.#registrationOf(row)?.agentKey ?? this.#parts.agentKey);
  }

  #noteRead(row: LaneRow, items: { count: number; handoffs: number }): void {
    const left = this.#left as { -readonly [Name in keyof Pending]: number };
    left.events -= items.count - items.handoffs;
    left.handoffs -= items.handoffs;
    const calls = callsOf(row);
    if (row.kind === "run") left.runCalls -= calls;
    if (row.kind === "session") left.sessionCalls -= calls;
  }
}

/** Calls of a row that are still to be made. */
const callsOf = (row: LaneRow): number =>
  Number(row.openedHere && row.state !== LANE_STATES.open) + Number(endsAfter(row));
