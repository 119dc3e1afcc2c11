/**
 * What is in memory and what is in one queue file, kept in step: changes gather and are saved together, once in a turn of the
 * event loop. When that fails they stay gathered, and memory does alone until it works again.
 */
import { ApieError, reasonOf } from "../../model/errors.ts";
import type { LaneItem } from "../items.ts";
import type { Lane } from "../lane.ts";
import type { HeadBudget } from "./head-budget.ts";
import { rowOf } from "./rows.ts";
import { Slot } from "./slot.ts";
import { type QueueSource, SpooledQueue } from "./spooled-queue.ts";
import { ITEM_KINDS, type ItemRow, type LaneRow, type Store, StoreFailure } from "./store.ts";
import {
  eventRow,
  type HandoffText,
  handoffRow,
  isStored,
  StoredEvent,
  StoredHandoff,
  type StoredItem,
  writtenForStore,
} from "./stored-items.ts";

/** What the rest of the delivery has to do about it. */
export interface SpoolHooks {
  /** Items came into memory, or (less than 0) left it for the file. */
  memory(items: number, bytes: number): void;
  /** What is in the lane may be sent now, or may not be read any more. */
  refresh(lane: Lane): void;
  refreshAll(): void;
  /** The item is not to be sent: the user's hook dropped it, or it cannot be written. It is out of its queue. */
  unwritten(lane: Lane, item: LaneItem, reason: "redacted" | "unwritable"): void;
  /** So much of the lane is gone with the file. */
  lost(lane: Lane, items: { events: number; handoffs: number }): void;
  /** There is something to save, soon. */
  unsaved(): void;
  failed(failure: StoreFailure): void;
  problem(error: ApieError): void;
}

export interface SpoolParts {
  /** Agent this process registers. */
  agentKey: string;
  /** Our ids as they may be written down. */
  shown: (key: string) => string;
  budget: HeadBudget;
  hooks: SpoolHooks;
}

/** Rows of lanes in one transaction: it should take no longer than a turn of the event loop may. */
const MAX_LANES = 200;
/** Bytes read of one lane in one go. */
const READ_BYTES = 262_144;

export class Spool implements QueueSource {
  readonly #parts: SpoolParts;
  #store: Store | undefined;
  readonly #slots = new Map<number, Slot>();
  /** Lanes whose row is to be written. */
  readonly #dirty = new Set<Slot>();
  /** Lanes with items that are not in the file. */
  readonly #unsaved = new Set<Slot>();
  #removedItems: number[] = [];
  #removedLanes: number[] = [];
  /** To be called for items whose record is let go of. */
  readonly #settling = new Map<number, () => void>();
  #lastLane = 0;
  /** Places in the file go on where they ended before. */
  #base = 0;
  #isBusy = false;
  /** Why nothing can be saved at the moment. */
  #failure: StoreFailure | undefined;
  #isUnreadable = false;
  /** Of everything in the file and on its way there. */
  bytes = 0;

  constructor(parts: SpoolParts) {
    this.#parts = parts;
  }

  /** Goes on with what the file holds. */
  use(store: Store): void {
    const { lastLane, lastItem, bytes } = store.totals();
    this.#lastLane = Math.max(this.#lastLane, lastLane);
    this.#base = Math.max(this.#base, lastItem);
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

  /** Lanes in memory all of which wait for nothing. */
  get idleLanes(): Lane[] | undefined {
    const lanes = [...this.#slots.values()].map(({ lane }) => lane);
    return lanes.every((lane) => lane.isIdle) ? lanes : undefined;
  }

  get hasUnsaved(): boolean {
    return this.#dirty.size + this.#unsaved.size + this.#removedItems.length + this.#removedLanes.length > 0;
  }

  /** Changes that are not in the file. */
  get unsavedChanges(): number {
    return this.#dirty.size + this.unsavedItems + this.#removedItems.length + this.#removedLanes.length;
  }

  /** Events and hand-offs that are not in the file. */
  get unsavedItems(): number {
    let items = 0;
    for (const slot of this.#unsaved) items += slot.queue.unsaved;
    return items;
  }

  slot(id: number): Slot | undefined {
    return this.#slots.get(id);
  }

  // ---- what changes --------------------------------------------------------------------------------------------

  /** Keeps the lane from now on. It is empty. */
  take(lane: Lane): void {
    // The numbers in a file that is yet to be opened are not known: these come after them.
    if (this.#lastLane === 0 && this.#store === undefined) this.#lastLane = Date.now() * 1_000;
    this.#lastLane += 1;
    const { agentKey } = this.#parts;
    const slot = new Slot(this, lane, {
      id: this.#lastLane,
      agentKey: lane.ownAgent ? agentKey : null,
      openedAt: Date.now(),
    });
    lane.queue = new SpooledQueue(this, slot.id);
    this.#add(slot);
    this.changed(slot);
  }

  /** A lane that was read from the file. */
  restore(slot: Slot): void {
    this.#add(slot);
  }

  #add(slot: Slot): void {
    slot.lane.slot = slot;
    this.#slots.set(slot.id, slot);
  }

  changed(slot: Slot): void {
    slot.isDirty = true;
    if (slot.lane.completion !== undefined) slot.completedAt ??= Date.now();
    this.#dirty.add(slot);
    this.#parts.hooks.unsaved();
  }

  pushed(slot: Slot, item: LaneItem): void {
    this.#unsaved.add(slot);
    this.bytes += item.bytes;
    this.#parts.hooks.unsaved();
  }

  settled(item: LaneItem): void {
    this.bytes -= item.bytes;
    if (!isStored(item)) return;
    if (item.saved) {
      this.#removedItems.push(item.seq);
      this.#parts.hooks.unsaved();
    }
    this.#settling.get(item.seq)?.();
    this.#settling.delete(item.seq);
  }

  /** A row nobody will ask for any more. */
  discard(row: LaneRow): void {
    this.bytes -= row.bytes;
    this.#removedLanes.push(row.id);
    this.#parts.hooks.unsaved();
  }

  /** A row of another file. */
  import(row: LaneRow): void {
    this.#lastLane += 1;
    const id = this.#lastLane;
    const moved = { ...row, id, session: null, parent: null };
    this.read((store) =>
      store.commit({ lanes: [moved], items: [], seen: [], at: 0, removedItems: [], removedLanes: [] }),
    );
    this.bytes += row.bytes;
  }

  ended(slot: Slot): void {
    if (this.#slots.get(slot.id) !== slot) return;
    this.#slots.delete(slot.id);
    this.#dirty.delete(slot);
    this.#unsaved.delete(slot);
    this.bytes -= slot.bytes;
    slot.lane.slot = undefined;
    if (!slot.hasRow) return;
    this.#removedLanes.push(slot.id);
    this.#parts.hooks.unsaved();
  }

  // ---- saving --------------------------------------------------------------------------------------------------

  /** Saves what there is, or as much of it as can be written in this time. */
  save(forMs: number): void {
    if (this.#isBusy || this.#store === undefined || !this.hasUnsaved) return;
    this.#isBusy = true;
    try {
      this.#write(performance.now() + forMs);
      this.#commit([...first(this.#dirty, MAX_LANES)]);
    } finally {
      this.#isBusy = false;
    }
  }

  /** Saves everything, in this turn. @returns whether it is in the file. */
  saveAll(): boolean {
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
    for (const slot of this.#unsaved) {
      for (let item = slot.queue.nextFresh; item !== undefined; item = slot.queue.nextFresh) {
        this.#writeOne(slot, item);
        left -= 1;
        if (left <= 0 || performance.now() > until) return;
      }
    }
  }

  #writeOne(slot: Slot, item: LaneItem): void {
    const { lane, queue } = slot;
    let row: ItemRow | undefined;
    let reason: "redacted" | "unwritable" = "redacted";
    try {
      row = this.#rowFor(slot, item);
    } catch (error) {
      reason = "unwritable";
      const message = `an ${item.type} event could not be written: ${reasonOf(error)}`;
      this.#parts.hooks.problem(new ApieError(reason, message));
    }
    // A hook that told of more work may have made it give way, and it is settled.
    if (queue.nextFresh !== item) return;
    if (row === undefined) {
      queue.wrote(undefined);
      this.#parts.hooks.unwritten(lane, item, reason);
      return;
    }
    const settling = item.kind === "event" ? item.settling?.() : undefined;
    if (settling !== undefined) this.#settling.set(row.seq, settling);
    const more = row.bytes - item.bytes;
    queue.wrote(this.#itemOf(row, item.ticket, false, item.kind === "handoff" ? item.target : undefined));
    lane.queuedBytes += more;
    this.bytes += more;
    this.#parts.hooks.memory(0, more);
  }

  #rowFor(slot: Slot, item: LaneItem): ItemRow | undefined {
    const seq = this.#base + item.ticket;
    const now = Date.now();
    if (item.kind === "event") {
      const written = writtenForStore(item);
      return written === undefined ? undefined : eventRow(seq, now, written);
    }
    const target = slot.rowOf(item.target as Lane | undefined) ?? undefined;
    return handoffRow(seq, now, { body: item.body, target, targetId: item.target?.id });
  }

  #commit(slots: readonly Slot[]): void {
    const store = this.#store;
    if (store === undefined) return;
    const now = Date.now();
    const chosen = new Set(slots);
    const withItems = [...this.#unsaved].filter(
      (slot) => slot.queue.hasWritten && (slot.hasRow || chosen.has(slot)),
    );
    const lanes = slots.map((slot) => {
      slot.seenAt = now;
      return rowOf(slot, this.#parts.shown(slot.lane.key));
    });
    const items = withItems.flatMap((slot) =>
      slot.queue.toSave.map(({ row }) => ({ ...row, lane: slot.id })),
    );
    const [removedItems, removedLanes] = [this.#removedItems, this.#removedLanes];
    try {
      const seen = withItems.filter((slot) => !chosen.has(slot)).map(({ id }) => id);
      store.commit({ lanes, items, seen, at: now, removedItems, removedLanes });
    } catch (error) {
      this.fail(error);
      return;
    }
    this.#removedItems = [];
    this.#removedLanes = [];
    slots.forEach((slot, index) => {
      this.#rowSaved(slot, lanes[index] as LaneRow);
    });
    for (const slot of withItems) {
      slot.queue.saved();
      if (slot.queue.unsaved === 0) this.#unsaved.delete(slot);
    }
    for (const slot of new Set([...slots, ...withItems])) this.#parts.hooks.refresh(slot.lane);
  }

  #rowSaved(slot: Slot, row: LaneRow): void {
    const { lane } = slot;
    slot.hasRow = true;
    this.bytes += row.bytes - slot.bytes;
    slot.bytes = row.bytes;
    slot.isDirty = lane.completion !== undefined && !lane.completed && row.completion === null;
    if (!slot.isDirty) this.#dirty.delete(slot);
  }

  // ---- reading -------------------------------------------------------------------------------------------------

  mayStay(bytes: number): boolean {
    return this.#parts.budget.mayTake(bytes);
  }

  left(bytes: number): void {
    this.#parts.budget.left(bytes);
  }

  toDisk(bytes: number): void {
    this.#parts.hooks.memory(-1, -bytes);
  }

  fromDisk(lane: number, after: number, limit: number): StoredItem[] {
    const rows = this.read((store) => store.itemsAfter(lane, after, limit, READ_BYTES));
    return (rows ?? []).map((row) => {
      this.#parts.budget.take(row.bytes);
      return this.#cameIn(row);
    });
  }

  lastFromDisk(lane: number, before: number): StoredItem | undefined {
    const row = this.read((store) => store.itemBefore(lane, before));
    return row === undefined ? undefined : this.#cameIn(row);
  }

  kindOnDisk(lane: number, after: number): LaneItem["kind"] | undefined {
    const kind = this.read((store) => store.kindAfter(lane, after));
    if (kind === undefined) return undefined;
    return kind === ITEM_KINDS.event ? "event" : "handoff";
  }

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

  /** Order of arrival in this process, or for how long it was there before (below 0, in ms). */
  ticketOf(seq: number, at: number): number {
    const ticket = seq - this.#base;
    return ticket > 0 ? ticket : ticketBefore(at);
  }

  #cameIn(row: ItemRow): StoredItem {
    this.#parts.hooks.memory(1, row.bytes);
    return this.#itemOf(row, this.ticketOf(row.seq, row.at), true, undefined);
  }

  #itemOf(row: ItemRow, ticket: number, saved: boolean, target: StoredHandoff["target"]): StoredItem {
    if (row.kind === ITEM_KINDS.event) return new StoredEvent(row, ticket, saved);
    const { target: id, targetId }: HandoffText = JSON.parse(row.json);
    const known = target ?? (id === undefined ? undefined : this.#slots.get(id)?.lane);
    return new StoredHandoff(row, ticket, saved, known ?? { id: targetId });
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
    this.#removedItems = [];
    this.#removedLanes = [];
    this.bytes = 0;
    for (const slot of [...this.#slots.values()]) {
      const lost = slot.queue.lost();
      slot.lane.queuedBytes = slot.queue.unsavedBytes;
      if (lost.events + lost.handoffs > 0) this.#parts.hooks.lost(slot.lane, lost);
      slot.hasRow = false;
      slot.bytes = 0;
      slot.isDirty = true;
      this.#dirty.add(slot);
      this.bytes += slot.queue.unsavedBytes;
      if (slot.queue.unsaved > 0) this.#unsaved.add(slot);
    }
  }
}

const MAX_ROUNDS = 10_000;
const RETRY_MS = 5;

/** When this process began, in epoch ms. */
const STARTED_AT = Date.now() - performance.now();

/** Things of an earlier process have been here for this long, in place of a number of arrival. */
export const ticketBefore = (at: number): number => Math.min(-1, at - STARTED_AT);

function* first<T>(items: Iterable<T>, count: number): Iterable<T> {
  let left = count;
  for (const item of items) {
    if (left <= 0) return;
    left -= 1;
    yield item;
  }
}
