/**
 * All lanes with something in them: what comes in, what leaves, and what gives way when it is too much. Which of them is asked
 * when is the dispatcher's business.
 */
import type { CompleteBody } from "../apie-api/index.ts";
import { Admission } from "./admission.ts";
import { type BookOnDisk, onDisk } from "./book-on-disk.ts";
import { callBytes } from "./call-bytes.ts";
import type { QueueStorage } from "./durable/index.ts";
import { GivingUp } from "./giving-up.ts";
import type { LaneItem } from "./items.ts";
import type { Lane, LaneFailure } from "./lane.ts";
import { type CallOutcome, Ledger, type LedgerHooks, type LossDetails, type Said } from "./ledger.ts";
import { Room, type RoomOptions } from "./room.ts";
import { awaitNoMore, awaitOthers, joinSession, leaveSession, takeWaiting } from "./ties.ts";
import type { Counters, Totals } from "./totals.ts";
import { Turns } from "./turns.ts";

export interface BookOptions extends RoomOptions {
  flushIntervalMs: number;
}

export interface BookHooks extends LedgerHooks {
  /** Monotonic ms. */
  now: () => number;
  /** What waited for a lane may be asked of Apie now. */
  onFreed: () => void;
}

/** A finished run should be complete at Apie soon: Apie stamps its end when told. */
const FINISHED_LANE_DELAY_MS = 20;
const FULL: Said = { message: "the queue is full" };

export class LaneBook {
  readonly #flushIntervalMs: number;
  readonly #hooks: BookHooks;
  readonly #ledger: Ledger;
  readonly #room: Room;
  /** Every lane that holds items or waits to be opened or completed. */
  readonly #holding = new Set<Lane>();
  readonly #admission: Admission;
  readonly turns = new Turns();
  readonly givingUp: GivingUp;
  /** Items in lanes, without those on their way. */
  #queuedItems = 0;
  /** Where all of it is kept as well. */
  #storage: QueueStorage | undefined;

  constructor(options: BookOptions, counters: Counters, hooks: BookHooks) {
    this.#flushIntervalMs = options.flushIntervalMs;
    this.#hooks = hooks;
    this.#ledger = new Ledger(counters, hooks);
    this.#room = new Room(options);
    this.#admission = new Admission(this.#room, {
      lanes: this.#holding,
      hasItems: () => this.#queuedItems > 0,
      giveUp: (lane) => this.fail(lane, "dropped", "queue_full", FULL),
      gaveWay: (lane, item) => this.#gaveUp(lane, item, "queue_full"),
    });
    this.givingUp = new GivingUp({
      lanes: this.#holding,
      isToComplete: (lane) => this.turns.toComplete.has(lane),
      hold: (lane) => this.hold(lane),
      refresh: (lane) => this.refresh(lane),
      fail: (lane, reason) => this.fail(lane, "dropped", reason),
      dropCompletion: (lane, reason) => this.settleCompletion(lane, "dropped", reason),
      dropFirst: (lane, reason, upTo) => this.#giveUpFirst(lane, "dropped", reason, upTo),
      gaveUp: (lane, item, reason) => this.#gaveUp(lane, item, reason),
    });
  }

  /** Things held, in memory or on disk. */
  get count(): number {
    return this.#ledger.held;
  }

  /** Their memory, estimated. */
  get bytes(): number {
    return this.#room.bytes;
  }

  /** Number of the last thing that was taken in. */
  get ticket(): number {
    return this.#ledger.ticket;
  }

  // ---- in ------------------------------------------------------------------------------------------------------

  /** Takes a new run or session in; a run is refused whole when the queue is full, so that no half of it is kept. */
  open(lane: Lane): void {
    this.#ledger.openingTaken(lane);
    joinSession(lane);
    lane.openBytes = callBytes(lane.opening.kind === "none" ? {} : lane.opening.body);
    const reason = this.#admission.refusalOfOpening(lane);
    if (reason !== undefined) {
      const said = this.#admission.closedBecause === undefined ? FULL : undefined;
      this.#ledger.openingSettled(lane, "dropped", reason, said);
      this.#end(lane, { outcome: "dropped", reason });
      return;
    }
    this.#room.add(lane.openBytes);
    this.#storage?.take(lane);
    this.#holding.add(lane);
    awaitOthers(lane);
    this.refresh(lane);
  }

  push(lane: Lane, item: LaneItem): void {
    this.#ledger.itemTaken(item);
    const refusal = this.#admission.refusalOf(lane, item);
    if (refusal !== undefined) {
      this.#ledger.itemSettled(lane, item, refusal.outcome, refusal.reason);
      lane.slot?.wake();
      return;
    }
    if (lane.queue.length === 0) {
      const wait = lane.completion === undefined ? this.#flushIntervalMs : FINISHED_LANE_DELAY_MS;
      lane.eventsDueAt = Math.min(lane.eventsDueAt, this.#hooks.now() + wait);
    }
    const { bytes } = item;
    this.#storage?.take(lane);
    lane.queue.push(item);
    lane.queuedBytes += bytes;
    this.#queuedItems += 1;
    this.#room.add(bytes);
    this.#storage?.pushed(lane, item);
    this.#holding.add(lane);
    if (!this.turns.count(lane)) this.refresh(lane);
  }

  complete(lane: Lane, body: CompleteBody): void {
    if (lane.completion !== undefined || lane.opening.kind === "none") return;
    const kept = this.#admission.small(body);
    lane.completeBytes = callBytes(kept);
    const isAdmitted = lane.state !== "failed" && this.#admission.admitsCompletion(lane);
    lane.completion = kept;
    if (lane.failure !== undefined) {
      // Counted when its opening failed.
      lane.completed = true;
      return;
    }
    this.#ledger.completionTaken(lane);
    if (!isAdmitted) {
      lane.completed = true;
      this.#ledger.completionSettled(lane, "dropped", this.#admission.closedBecause ?? "queue_full");
      lane.slot?.changed();
      this.#releaseSession(lane);
      this.refresh(lane);
      return;
    }
    this.#room.add(lane.completeBytes);
    this.#holding.add(lane);
    this.#storage?.take(lane);
    lane.slot?.changed();
    lane.eventsDueAt = Math.min(lane.eventsDueAt, this.#hooks.now() + FINISHED_LANE_DELAY_MS);
    this.refresh(lane);
  }

  /** Its events are sent; its session does not wait for it any longer. */
  pause(lane: Lane): void {
    this.#releaseSession(lane);
    lane.orphanStatus = undefined;
    lane.slot?.changed();
    lane.eventsDueAt = Math.min(lane.eventsDueAt, this.#hooks.now() + FINISHED_LANE_DELAY_MS);
    this.refresh(lane);
  }

  // ---- on the way ----------------------------------------------------------------------------------------------

  /** Puts the lane where it belongs after anything about it changed. */
  refresh(lane: Lane): void {
    this.turns.place(lane, this.ticket);
    if (lane.queue.length === 0 && lane.isSettled && (lane.completion === undefined || lane.completed)) {
      this.#holding.delete(lane);
      if (!lane.busy) lane.slot?.idle();
    }
  }

  /** Keeps the lane from starting anything else while a request carries something of it. */
  hold(lane: Lane): void {
    lane.busy = true;
    this.refresh(lane);
  }

  release(lane: Lane): void {
    lane.busy = false;
    this.refresh(lane);
  }

  /** After a batch: what is left in the lane came later and gets its own time. */
  releaseSent(lane: Lane): void {
    const wait = lane.completion === undefined ? this.#flushIntervalMs : 0;
    lane.eventsDueAt = lane.queue.length > 0 ? this.#hooks.now() + wait : Number.POSITIVE_INFINITY;
    this.release(lane);
  }

  /** Takes the next item out for sending. The lane must be held. */
  next(lane: Lane): LaneItem | undefined {
    return this.#taken(lane, lane.queue.shift());
  }

  // ---- out -----------------------------------------------------------------------------------------------------

  settleItem(
    lane: Lane,
    item: LaneItem,
    outcome: keyof Totals,
    reason?: string,
    details?: LossDetails,
  ): void {
    this.#room.remove(item.bytes);
    this.#storage?.settled(lane, item);
    this.#ledger.itemSettled(lane, item, outcome, reason, details);
  }

  /** Apie's id is known. @param joined another instance has opened it. */
  settleOpen(lane: Lane, id: string, joined = false): void {
    lane.id = id;
    this.#room.remove(lane.openBytes);
    if (joined) this.#ledger.openingJoined(lane);
    else this.#ledger.openingSettled(lane, "delivered");
    this.#settled(lane, "open");
  }

  settleCompletion(lane: Lane, outcome: CallOutcome, reason?: string, said?: Said): void {
    if (lane.completed) return;
    lane.completed = true;
    if (lane.completion !== undefined) lane.completion = { status: lane.completion.status };
    this.#room.remove(lane.completeBytes);
    this.#ledger.completionSettled(lane, outcome, reason, said);
    lane.slot?.ended();
    this.#releaseSession(lane);
    this.refresh(lane);
  }

  /** Gives a lane up that was never opened, with all it holds. */
  fail(lane: Lane, outcome: "dropped" | "rejected", reason: string, said?: Said): void {
    lane.busy = false;
    this.#room.remove(lane.openBytes);
    this.#ledger.openingSettled(lane, outcome, reason, said);
    this.#giveUpItems(lane, outcome, reason);
    if (lane.completion !== undefined && !lane.completed) {
      lane.completed = true;
      this.#room.remove(lane.completeBytes);
      this.#ledger.completionVoid(lane);
    }
    this.#end(lane, { outcome, reason });
  }

  /** Gives up what is left and not kept on disk, and takes nothing in any more. */
  close(reason: string): void {
    this.#admission.closedBecause = reason;
    this.givingUp.all(reason);
  }

  // ---- kept on disk --------------------------------------------------------------------------------------------

  /** Keeps what comes in from now on in the storage as well, which tells of itself by what is returned. */
  keepIn(storage: QueueStorage): void {
    this.#storage = storage;
    this.#admission.storage = storage;
  }

  /** What the storage has the book do. */
  get storageHooks(): BookOnDisk {
    return onDisk({
      room: this.#room,
      ledger: this.#ledger,
      admission: this.#admission,
      lanes: this.#holding,
      queued: (items) => {
        this.#queuedItems += items;
      },
      refresh: (lane) => this.refresh(lane),
      gaveUp: (lane, item, reason) => this.#gaveUp(lane, item, reason),
      restored: (lane) => {
        lane.eventsDueAt = this.#hooks.now();
        this.#holding.add(lane);
        awaitOthers(lane);
        this.refresh(lane);
      },
    });
  }

  // ---- inside --------------------------------------------------------------------------------------------------

  #giveUpItems(lane: Lane, outcome: "dropped" | "rejected", reason: string): void {
    while (this.#giveUpFirst(lane, outcome, reason));
  }

  /**
   * @param upTo only an item with a ticket up to this.
   * @returns whether there was one.
   */
  #giveUpFirst(
    lane: Lane,
    outcome: "dropped" | "rejected",
    reason: string,
    upTo = Number.POSITIVE_INFINITY,
  ): boolean {
    const { first } = lane.queue;
    if (first === undefined || first.ticket > upTo) return false;
    const item = this.#taken(lane, lane.queue.shift());
    if (item !== undefined) this.settleItem(lane, item, outcome, reason);
    return item !== undefined;
  }

  /** An item that is out of its lane, and goes nowhere. */
  #gaveUp(lane: Lane, item: LaneItem, reason: string): void {
    this.#taken(lane, item);
    this.settleItem(lane, item, "dropped", reason);
    this.refresh(lane);
  }

  /** Everything about an item that leaves its lane, but for what becomes of it. */
  #taken(lane: Lane, item: LaneItem | undefined): LaneItem | undefined {
    if (item === undefined) return undefined;
    lane.queuedBytes -= item.bytes;
    this.#queuedItems -= 1;
    this.turns.count(lane);
    return item;
  }

  #end(lane: Lane, failure: LaneFailure): void {
    lane.failure = failure;
    lane.slot?.ended();
    awaitNoMore(lane);
    this.#settled(lane, "failed");
    this.#releaseSession(lane);
    this.refresh(lane);
    this.#holding.delete(lane);
  }

  #settled(lane: Lane, state: "open" | "failed"): void {
    lane.settle(state);
    lane.slot?.changed();
    for (const waiting of takeWaiting(lane)) {
      // Its row may outlive that of what it waited for.
      waiting.slot?.changed();
      this.refresh(waiting);
      this.#hooks.onFreed();
    }
  }

  #releaseSession(lane: Lane): void {
    const session = leaveSession(lane);
    if (session !== undefined) this.refresh(session);
    if (session !== undefined && this.turns.toComplete.has(session)) this.#hooks.onFreed();
  }
}
