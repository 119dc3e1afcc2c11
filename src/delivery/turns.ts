/** Whose turn it is: for each lane the one thing that may be asked of Apie next. */
import type { CallKind } from "./gate.ts";
import type { Lane } from "./lane.ts";
import { LanesByKind } from "./lanes-by-kind.ts";

export class Turns {
  readonly toOpen = new LanesByKind();
  /** Lanes whose next item is an event. */
  readonly ready = new Set<Lane>();
  /** Lanes whose next item is a hand-off. */
  readonly toHandOff = new LanesByKind();
  readonly toComplete = new LanesByKind();
  /** Items in `ready` lanes, and their bytes, estimated. */
  readyItems = 0;
  readyBytes = 0;

  /** Puts the lane where it belongs. @param ticket of the last thing that was taken in. */
  place(lane: Lane, ticket: number): void {
    const isIdle = !lane.busy && lane.isKept;
    const next = isIdle && lane.state === "open" ? lane.queue.firstKind : undefined;
    const isCompletable =
      isIdle &&
      lane.state === "open" &&
      lane.queue.length === 0 &&
      lane.completion !== undefined &&
      !lane.completed &&
      lane.unfinishedRuns === 0;
    if (isCompletable && lane.completableTicket === 0) lane.completableTicket = ticket;
    if (isIdle && lane.state === "pending" && lane.mayOpen) this.toOpen.add(lane, lane.openingKind);
    else this.toOpen.delete(lane);
    if (next === "event") this.ready.add(lane);
    else this.ready.delete(lane);
    this.#recount(lane);
    if (next === "handoff") this.toHandOff.add(lane, "hand-off");
    else this.toHandOff.delete(lane);
    if (isCompletable) this.toComplete.add(lane, lane.completingKind);
    else this.toComplete.delete(lane);
  }

  /** Items came into the lane, or left it. @returns whether it is one of those that are ready. */
  count(lane: Lane): boolean {
    if (!this.ready.has(lane)) return false;
    this.#recount(lane);
    return true;
  }

  /** How many lanes may be asked for something. */
  get size(): number {
    return this.toOpen.size + this.ready.size + this.toHandOff.size + this.toComplete.size;
  }

  /** How many of them by calls of kinds that `counts` says. */
  sizeOf(counts: (kind: CallKind) => boolean): number {
    const events = counts("events") ? this.ready.size : 0;
    const calls = [this.toOpen, this.toHandOff, this.toComplete];
    return calls.reduce((sum, lanes) => sum + lanes.sizeOf(counts), events);
  }

  #recount(lane: Lane): void {
    const isReady = this.ready.has(lane);
    const items = isReady ? lane.queue.sendable : 0;
    const bytes = isReady ? lane.queuedBytes : 0;
    this.readyItems += items - lane.countedItems;
    this.readyBytes += bytes - lane.countedBytes;
    lane.countedItems = items;
    lane.countedBytes = bytes;
  }
}
