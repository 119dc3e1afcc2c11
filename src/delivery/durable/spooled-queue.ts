/**
 * What waits in one lane, most of it in the file: first what was read from there or is still in memory, then what is in the
 * file only, then what is not saved yet. That last part is sent only when it cannot be saved.
 */
import { ItemQueue, type LaneItem, type LaneQueue } from "../items.ts";
import type { StoredItem } from "./stored-items.ts";

export interface QueueSource {
  /** Whether nothing can be saved at the moment: then what is in memory goes as it is. */
  readonly isDegraded: boolean;
  /** Whether a saved item of this size may stay in memory, too; if so, it is counted until it leaves. */
  mayStay(bytes: number): boolean;
  /** A saved item left its queue's memory: it is on its way, or gave way. */
  left(bytes: number): void;
  /** A saved item is in the file only from now on. */
  toDisk(bytes: number): void;
  /** The next of what is in the file only, into memory; nothing when the file cannot be read. */
  fromDisk(lane: number, after: number, limit: number): readonly StoredItem[];
  /** The last of it, the same. */
  lastFromDisk(lane: number, before: number): StoredItem | undefined;
  kindOnDisk(lane: number, after: number): LaneItem["kind"] | undefined;
}

/** What was in the file only. */
export interface LostItems {
  readonly events: number;
  readonly handoffs: number;
  /** Their places were between these. */
  readonly after: number;
  readonly before: number;
}

/** Items read in one go. */
const READ_ITEMS = 64;

export class SpooledQueue implements LaneQueue {
  readonly #source: QueueSource;
  /** Of its lane, in the file. */
  readonly #lane: number;
  readonly #head = new ItemQueue();
  #onDisk: number;
  #handoffsOnDisk: number;
  /** All that is on disk only comes after this, and before that. */
  #after = 0;
  #before = Number.POSITIVE_INFINITY;
  #kindOnDisk: LaneItem["kind"] | undefined;
  readonly #written = new ItemQueue();
  readonly #fresh = new ItemQueue();

  /** @param onDisk how many items of the lane the file has, and how many of them are hand-offs. */
  constructor(source: QueueSource, lane: number, onDisk = { count: 0, handoffs: 0 }) {
    this.#source = source;
    this.#lane = lane;
    this.#onDisk = onDisk.count;
    this.#handoffsOnDisk = onDisk.handoffs;
  }

  get length(): number {
    return this.#head.length + this.#onDisk + this.unsaved;
  }

  /** Items that are not in the file. */
  get unsaved(): number {
    return this.#written.length + this.#fresh.length;
  }

  get sendable(): number {
    return this.#source.isDegraded ? this.length : this.#head.length + this.#onDisk;
  }

  get firstKind(): LaneItem["kind"] | undefined {
    if (this.#head.length > 0) return this.#head.first?.kind;
    if (this.#onDisk === 0) return this.#firstUnsaved()?.kind;
    this.#kindOnDisk ??= this.#source.kindOnDisk(this.#lane, this.#after);
    return this.#kindOnDisk;
  }

  get first(): LaneItem | undefined {
    this.#fill();
    if (this.#head.length > 0) return this.#head.first;
    return this.#onDisk === 0 ? this.#firstUnsaved() : undefined;
  }

  get takesMemory(): boolean {
    return this.#head.length + this.unsaved > 0;
  }

  push(item: LaneItem): void {
    this.#fresh.push(item);
  }

  shift(): LaneItem | undefined {
    this.#fill();
    if (this.#head.length > 0) return this.#leftHead(this.#head.shift());
    // What comes behind what cannot be read waits for it.
    return this.#onDisk > 0 ? undefined : (this.#written.shift() ?? this.#fresh.shift());
  }

  pop(): LaneItem | undefined {
    if (this.unsaved > 0) return this.#fresh.pop() ?? this.#written.pop();
    if (this.#onDisk === 0) return this.#leftHead(this.#head.pop());
    const last = this.#source.lastFromDisk(this.#lane, this.#before);
    if (last === undefined) return undefined;
    this.#leftDisk(last);
    this.#before = last.seq;
    return last;
  }

  takeFromMemory(end: "oldest" | "newest"): LaneItem | undefined {
    if (this.unsaved === 0) return this.#leftHead(end === "oldest" ? this.#head.shift() : this.#head.pop());
    return end === "oldest"
      ? (this.#written.shift() ?? this.#fresh.shift())
      : (this.#fresh.pop() ?? this.#written.pop());
  }

  // ---- saving --------------------------------------------------------------------------------------------------

  /** All that is not in the file is at least written for it. */
  get isWritten(): boolean {
    return this.#fresh.length === 0;
  }

  /** The next that is to be written for the file. */
  get nextFresh(): LaneItem | undefined {
    return this.#fresh.first;
  }

  /** What `nextFresh` gave was written; `undefined` when nothing came of it. */
  wrote(item: StoredItem | undefined): void {
    this.#fresh.shift();
    if (item !== undefined) this.#written.push(item);
  }

  get hasWritten(): boolean {
    return this.#written.length > 0;
  }

  /** Memory of what is not in the file. */
  get unsavedBytes(): number {
    return [...this.#written.all, ...this.#fresh.all].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  /** What is written and waits to be saved. */
  get toSave(): readonly StoredItem[] {
    return this.#written.all as readonly StoredItem[];
  }

  /** All of `toSave` is in the file. */
  saved(): void {
    this.#before = Number.POSITIVE_INFINITY;
    for (let item = this.#written.shift(); item !== undefined; item = this.#written.shift())
      this.#put(item as StoredItem);
  }

  /** The file is lost, with all that was in it alone. @returns what that was. */
  lost(): LostItems {
    const [unsavedFirst] = this.toSave;
    const lost = {
      events: this.#onDisk - this.#handoffsOnDisk,
      handoffs: this.#handoffsOnDisk,
      after: this.#after,
      before: Math.min(this.#before, unsavedFirst?.seq ?? Number.POSITIVE_INFINITY),
    };
    this.#onDisk = 0;
    this.#handoffsOnDisk = 0;
    this.#kindOnDisk = undefined;
    // What memory has of it is to be saved anew, before what came after it.
    const unsaved = [...this.#head.all, ...this.#written.all] as StoredItem[];
    while (this.#head.length > 0) this.#leftHead(this.#head.shift());
    while (this.#written.length > 0) this.#written.shift();
    for (const item of unsaved) {
      item.saved = false;
      this.#written.push(item);
    }
    return lost;
  }

  // ---- inside --------------------------------------------------------------------------------------------------

  #firstUnsaved(): LaneItem | undefined {
    return this.#source.isDegraded ? (this.#written.first ?? this.#fresh.first) : undefined;
  }

  #put(item: StoredItem): void {
    item.saved = true;
    if (this.#onDisk === 0 && this.#source.mayStay(item.bytes)) {
      this.#head.push(item);
      this.#after = item.seq;
      return;
    }
    if (this.#onDisk === 0) this.#after = item.seq - 1;
    this.#onDisk += 1;
    if (item.kind === "handoff") this.#handoffsOnDisk += 1;
    this.#source.toDisk(item.bytes);
  }

  #fill(): void {
    if (this.#head.length > 0 || this.#onDisk === 0) return;
    const limit = Math.min(this.#onDisk, READ_ITEMS);
    for (const item of this.#source.fromDisk(this.#lane, this.#after, limit)) {
      this.#leftDisk(item);
      this.#after = item.seq;
      this.#head.push(item);
    }
    this.#kindOnDisk = undefined;
  }

  #leftDisk(item: StoredItem): void {
    this.#onDisk -= 1;
    if (item.kind === "handoff") this.#handoffsOnDisk -= 1;
  }

  #leftHead(item: LaneItem | undefined): LaneItem | undefined {
    if (item !== undefined) this.#source.left(item.bytes);
    return item;
  }
}
