/** How the queues of lanes read from the file, and what of it they may keep in memory. */
import type { LaneItem } from "../items.ts";
import type { Spool } from "./spool.ts";
import type { SpoolParts } from "./spool-parts.ts";
import type { QueueSource } from "./spooled-queue.ts";
import { ITEM_KINDS, type ItemRow } from "./store.ts";
import { handoffIn, StoredEvent, StoredHandoff, type StoredItem } from "./stored-items.ts";

/** Bytes read of one lane in one go. */
const READ_BYTES = 262_144;

export class SpoolSource implements QueueSource {
  readonly #spool: Spool;
  readonly #parts: SpoolParts;
  /** The last place in the file that an earlier process filled. */
  base = 0;

  constructor(spool: Spool, parts: SpoolParts) {
    this.#spool = spool;
    this.#parts = parts;
  }

  get isDegraded(): boolean {
    return this.#spool.isDegraded;
  }

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
    const rows = this.#spool.read((store) => store.itemsAfter(lane, after, limit, READ_BYTES));
    return (rows ?? []).map((row) => {
      this.#parts.budget.take(row.bytes);
      return this.#cameIn(row);
    });
  }

  lastFromDisk(lane: number, before: number): StoredItem | undefined {
    const row = this.#spool.read((store) => store.itemBefore(lane, before));
    return row === undefined ? undefined : this.#cameIn(row);
  }

  kindOnDisk(lane: number, after: number): LaneItem["kind"] | undefined {
    const kind = this.#spool.read((store) => store.kindAfter(lane, after));
    if (kind === undefined) return undefined;
    return kind === ITEM_KINDS.event ? "event" : "handoff";
  }

  #cameIn(row: ItemRow): StoredItem {
    this.#parts.hooks.memory(1, row.bytes);
    const ticket = row.seq - this.base;
    return this.itemOf(row, ticket > 0 ? ticket : ticketBefore(row.at), true, undefined);
  }

  /** @param ticket order of arrival in this process, or for how long it was there before (below 0, in ms). */
  itemOf(row: ItemRow, ticket: number, saved: boolean, target: StoredHandoff["target"]): StoredItem {
    if (row.kind === ITEM_KINDS.event) return new StoredEvent(row, ticket, saved);
    const { target: id, targetId } = handoffIn(row);
    const known = target ?? (id === undefined ? undefined : this.#spool.slot(id)?.lane);
    return new StoredHandoff(row, ticket, saved, known ?? { id: targetId });
  }
}

/** When this process began, in epoch ms. */
const STARTED_AT = Date.now() - performance.now();

/** Things of an earlier process have been here for this long, in place of a number of arrival. */
export const ticketBefore = (at: number): number => Math.min(-1, at - STARTED_AT);
