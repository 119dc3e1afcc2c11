/**
 * What is in memory and what is in one queue file, kept in step: changes gather and are saved together, once in a turn of the
 * event loop. When that fails they stay gathered, and memory does alone until it works again.
 */
import { reasonOf } from "../../model/errors.ts";
import type { LaneItem } from "../items.ts";
import type { Lane } from "../lane.ts";
import { ItemWriter } from "./item-writer.ts";
import { rowOf } from "./rows.ts";
import { Settling } from "./settling.ts";
import { Slot } from "./slot.ts";
import { Slots } from "./slots.ts";
import type { SpoolParts } from "./spool-parts.ts";
import { SpoolSource } from "./spool-source.ts";
import { type LostItems, SpooledQueue } from "./spooled-queue.ts";
import { type LaneRow, type Store, StoreFailure } from "./store.ts";
import { isStored } from "./stored-items.ts";
import { Unsaved } from "./unsaved.ts";

/** Rows of lanes in one transaction: it should take no longer than a turn of the event loop may. */
const MAX_LANES = 200;

export class Spool {
  readonly #parts: SpoolParts;
  #store: Store | undefined;
  readonly #slots = new Slots();
  readonly #unsaved = new Unsaved();
  readonly #settling = new Settling();
  #lastLane = 0;
  readonly #source: SpoolSource;
  readonly #writer: ItemWriter;
  #isBusy = false;
  /** Why nothing can be saved at the moment. */
  #failure: StoreFailure | undefined;
  #isUnreadable = false;
  /** Of everything in the file and on its way there. */
  bytes = 0;

  constructor(parts: SpoolParts) {
    this.#parts = parts;
    this.#source = new SpoolSource(this, parts);
    this.#writer = new ItemWriter(this.#source, parts.hooks);
  }

  /** Goes on with what the file holds. */
  use(store: Store): void {
    const { lastLane, lastItem, bytes } = store.found.totals;
    this.#lastLane = Math.max(this.#lastLane, lastLane);
    this.#source.base = Math.max(this.#source.base, lastItem);
    this.bytes += bytes;
    this.#store = store;
    this.#failure = undefined;
    this.#isUnreadable = false;
  }

  get isDegraded(): boolean {
    return this.#failure !== undefined || this.#store === undefined;
  }

  get failure(): StoreFailure | undefined {
    return this.#failure;
  }

  get hasStore(): boolean {
    return this.#store !== undefined;
  }

  /** Lanes that are in memory. */
  get lanes(): Lane[] {
    return this.#slots.all.map(({ lane }) => lane);
  }

  get hasUnsaved(): boolean {
    return !this.#unsaved.isEmpty;
  }

  /** Changes that are not in the file. */
  get unsavedChanges(): number {
    return this.#unsaved.count;
  }

  /** Events and hand-offs that are not in the file. */
  get unsavedItems(): number {
    return this.#unsaved.items;
  }

  slot(id: number): Slot | undefined {
    return this.#slots.get(id);
  }

  /** Whether its row is in the file only because nothing could be saved since it ended. */
  hasEnded(id: number): boolean {
    return this.#unsaved.removedLanes.has(id);
  }

  // ---- what changes --------------------------------------------------------------------------------------------

  /** Keeps the lane from now on. It is empty. */
  take(lane: Lane): void {
    const { agentKey } = this.#parts;
    const agent = lane.ownAgent ? agentKey : null;
    const slot = new Slot(this, lane, { id: this.nextLane(), agentKey: agent, openedAt: Date.now() });
    lane.queue = this.queue(slot.id);
    this.restore(slot);
    this.changed(slot);
  }

  /** Number for the row of another lane. */
  nextLane(): number {
    // The numbers in a file that is yet to be opened are not known: these come after them.
    if (this.#lastLane === 0 && this.#store === undefined) this.#lastLane = Date.now() * 1_000;
    this.#lastLane += 1;
    return this.#lastLane;
  }

  /** A lane that was read from the file. */
  restore(slot: Slot): void {
    slot.lane.slot = slot;
    this.#slots.add(slot);
  }

  changed(slot: Slot): void {
    this.#slots.wake(slot);
    slot.isDirty = true;
    if (slot.lane.completion !== undefined) slot.completedAt ??= Date.now();
    this.#unsaved.rows.add(slot);
    this.#parts.hooks.unsaved();
  }

  wake(slot: Slot): void {
    this.#slots.wake(slot);
  }

  /** It may rest, once everything is saved. */
  tired(slot: Slot): void {
    this.#slots.tire(slot);
    this.#rest();
  }

  #rest(): void {
    if (!this.hasUnsaved && !this.isDegraded) this.#slots.rest();
  }

  pushed(slot: Slot, item: LaneItem): void {
    this.#slots.wake(slot);
    this.#unsaved.lanes.add(slot);
    this.bytes += item.bytes;
    this.#parts.hooks.unsaved();
  }

  settled(item: LaneItem): void {
    // What was on its way when the file was lost is not in the new one.
    this.bytes = Math.max(0, this.bytes - item.bytes);
    if (!isStored(item)) return;
    if (item.saved) {
      this.#unsaved.removedItems.push(item.seq);
      this.#parts.hooks.unsaved();
    }
    this.#settling.settled(item.seq);
  }

  /** A row nobody will ask for any more. */
  discard(row: LaneRow): void {
    this.bytes -= row.bytes;
    this.#unsaved.removedLanes.add(row.id);
    this.#parts.hooks.unsaved();
  }

  ended(slot: Slot): void {
    if (!this.#slots.has(slot)) return;
    this.#slots.remove(slot);
    this.#unsaved.forget(slot);
    this.bytes -= slot.bytes;
    slot.lane.slot = undefined;
    if (slot.hasRow) this.#parts.hooks.unsaved();
  }

  // ---- saving --------------------------------------------------------------------------------------------------

  /** Saves what there is, or as much of it as can be written in this time. */
  save(forMs: number): void {
    if (this.#isBusy || this.isDegraded || !this.hasUnsaved) return;
    this.#isBusy = true;
    try {
      this.#write(performance.now() + forMs);
      this.#commit(this.#unsaved.someRows(MAX_LANES));
    } finally {
      this.#isBusy = false;
    }
  }

  /** Saves everything, in this turn: the last there may be. @returns whether it is in the file. */
  saveAll(): boolean {
    this.#failure = undefined;
    for (let rounds = 0; this.hasUnsaved && rounds < MAX_ROUNDS; rounds += 1) {
      this.save(Number.POSITIVE_INFINITY);
      if (this.isDegraded) return false;
    }
    return !this.hasUnsaved;
  }

  /** Saves the row of one lane at once: of what is asked next, the file must know before. */
  saveNow(slot: Slot): void {
    if (this.isDegraded || this.#isBusy || !slot.hasRow) return;
    slot.isDirty = true;
    this.#commit([slot]);
  }

  /** After a failure: tries whether it works again. */
  retry(): boolean {
    if (this.#store === undefined) return false;
    this.#failure = undefined;
    this.#isUnreadable = false;
    this.save(RETRY_MS);
    return !this.isDegraded;
  }

  /** Events are redacted here, and the user's hook sees each of them once. */
  #write(until: number): void {
    // One that makes more of them at each call is not followed for ever.
    let left = until === Number.POSITIVE_INFINITY ? this.unsavedItems : Number.POSITIVE_INFINITY;
    for (const slot of this.#unsaved.lanes) {
      for (let item = slot.queue.nextFresh; item !== undefined; item = slot.queue.nextFresh) {
        this.#writeOne(slot, item);
        left -= 1;
        if (left <= 0 || performance.now() > until) return;
      }
    }
  }

  #writeOne(slot: Slot, item: LaneItem): void {
    const { lane, queue } = slot;
    const written = this.#writer.write(slot, item);
    // A hook that told of more work may have made it give way, and it is settled.
    if (queue.nextFresh !== item) return;
    if (typeof written === "string") {
      queue.wrote(undefined);
      this.#parts.hooks.unwritten(lane, item, written);
      return;
    }
    if (item.kind === "event") this.#settling.add(written.seq, slot.id, item.settling?.());
    const more = written.bytes - item.bytes;
    queue.wrote(written);
    lane.queuedBytes += more;
    this.bytes += more;
    this.#parts.hooks.memory(0, more);
  }

  #commit(slots: readonly Slot[]): void {
    const store = this.#store;
    if (store === undefined) return;
    const now = Date.now();
    const chosen = new Set(slots);
    const withItems = [...this.#unsaved.lanes].filter(
      (slot) => slot.queue.hasWritten && (slot.hasRow || chosen.has(slot)),
    );
    const lanes = slots.map((slot) => {
      slot.seenAt = now;
      return rowOf(slot, this.#parts.shown(slot.lane.key));
    });
    const items = withItems.flatMap((slot) =>
      slot.queue.toSave.map(({ row }) => ({ ...row, lane: slot.id })),
    );
    const { removedItems, removedLanes } = this.#unsaved;
    try {
      const seen = withItems.filter((slot) => !chosen.has(slot)).map(({ id }) => id);
      store.commit({ lanes, items, seen, at: now, removedItems, removedLanes: [...removedLanes] });
    } catch (error) {
      this.fail(error);
      return;
    }
    slots.forEach((slot, index) => {
      this.#rowSaved(slot, lanes[index] as LaneRow);
    });
    for (const slot of withItems) slot.queue.saved();
    this.#unsaved.removed();
    this.#unsaved.prune();
    for (const slot of new Set([...slots, ...withItems])) this.#parts.hooks.refresh(slot.lane);
    this.#rest();
  }

  #rowSaved(slot: Slot, row: LaneRow): void {
    const { lane } = slot;
    slot.hasRow = true;
    this.bytes += row.bytes - slot.bytes;
    slot.bytes = row.bytes;
    slot.isDirty = lane.completion !== undefined && !lane.completed && row.completion === null;
    if (!slot.isDirty) this.#unsaved.rows.delete(slot);
  }

  // ---- reading -------------------------------------------------------------------------------------------------

  /** @returns nothing when the file cannot be read: that is told, and tried again with everything else. */
  read<T>(from: (store: Store) => T): T | undefined {
    if (this.#store === undefined || this.#isUnreadable) return undefined;
    try {
      return from(this.#store);
    } catch (error) {
      this.#isUnreadable = true;
      this.fail(error);
      return undefined;
    }
  }

  /** A queue of a lane of this file. */
  queue(id: number, onDisk?: { count: number; handoffs: number }): SpooledQueue {
    return new SpooledQueue(this.#source, id, onDisk);
  }

  // ---- when it does not work -----------------------------------------------------------------------------------

  fail(error: unknown): void {
    const failure =
      error instanceof StoreFailure ? error : new StoreFailure("unwritable", reasonOf(error), error);
    const wasDegraded = this.isDegraded;
    this.#failure = failure;
    this.#parts.hooks.failed(failure);
    if (!wasDegraded) this.#parts.hooks.refreshAll();
  }

  /** The file is gone, or is not to be used any more: what memory has is to be saved in the next one. */
  forsake(): void {
    this.#store = undefined;
    this.#unsaved.removed();
    this.bytes = 0;
    const lostOf = new Map<number, LostItems>();
    for (const slot of this.#slots.all) {
      this.#slots.wake(slot);
      const lost = slot.queue.lost();
      slot.lane.queuedBytes = slot.queue.unsavedBytes;
      if (lost.events + lost.handoffs > 0) {
        lostOf.set(slot.id, lost);
        this.#parts.hooks.lost(slot.lane, lost);
      }
      slot.hasRow = false;
      slot.bytes = 0;
      slot.isDirty = true;
      this.#unsaved.rows.add(slot);
      this.bytes += slot.queue.unsavedBytes;
      if (slot.queue.unsaved > 0) this.#unsaved.lanes.add(slot);
    }
    this.#settling.lost(lostOf);
  }
}

const MAX_ROUNDS = 10_000;
const RETRY_MS = 5;
