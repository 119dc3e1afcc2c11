/** What a queue file does not say yet. */
import type { Slot } from "./slot.ts";

export class Unsaved {
  /** Lanes whose row is to be written. */
  readonly rows = new Set<Slot>();
  /** Lanes with items that are not in the file. */
  readonly lanes = new Set<Slot>();
  /** Places of items that are to be taken out of it, and lanes. */
  removedItems: number[] = [];
  readonly removedLanes = new Set<number>();

  get isEmpty(): boolean {
    return this.rows.size + this.lanes.size + this.removedItems.length + this.removedLanes.size === 0;
  }

  /** How many changes these are. */
  get count(): number {
    return this.rows.size + this.items + this.removedItems.length + this.removedLanes.size;
  }

  get items(): number {
    let items = 0;
    for (const slot of this.lanes) items += slot.queue.unsaved;
    return items;
  }

  /** The first rows there are to write. */
  someRows(count: number): Slot[] {
    const some: Slot[] = [];
    for (const slot of this.rows) {
      if (some.length === count) break;
      some.push(slot);
    }
    return some;
  }

  /** The lane has ended. */
  forget(slot: Slot): void {
    this.rows.delete(slot);
    this.lanes.delete(slot);
    if (slot.hasRow) this.removedLanes.add(slot.id);
  }

  /** All removals are done. */
  removed(): void {
    this.removedItems = [];
    this.removedLanes.clear();
  }

  /** What was sent from memory, or gave way, is not to be saved any more. */
  prune(): void {
    for (const slot of this.lanes) if (slot.queue.unsaved === 0) this.lanes.delete(slot);
  }
}
