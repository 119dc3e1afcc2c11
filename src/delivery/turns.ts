/** Whose turn it is: for each lane the one thing that may be asked of Apie next. */
import type { Lane } from "./lane.ts";

export class Turns {
  readonly toOpen = new Set<Lane>();
  /** Lanes whose next item is an event. */
  readonly ready = new Set<Lane>();
  /** Lanes whose next item is a hand-off. */
  readonly toHandOff = new Set<Lane>();
  readonly toComplete = new Set<Lane>();
  /** Items in `ready` lanes, and their bytes, estimated. */
  readyItems = 0;
  readyBytes = 0;

  /** Puts the lane where it belongs. @param ticket of the last thing that was taken in. */
  place(lane: Lane, ticket: number): void {
    const isIdle = !lane.busy;
    const next = isIdle && lane.state === "open" ? lane.queue.first : undefined;
    const isCompletable =
      isIdle &&
      lane.state === "open" &&
      lane.queue.length === 0 &&
      lane.completion !== undefined &&
      !lane.completed &&
      lane.unfinishedRuns === 0;
    if (isCompletable && lane.completableTicket === 0) lane.completableTicket = ticket;
    member(this.toOpen, lane, isIdle && lane.state === "pending" && lane.mayOpen);
    this.#setReady(lane, next?.kind === "event");
    member(this.toHandOff, lane, next?.kind === "handoff");
    member(this.toComplete, lane, isCompletable);
  }

  /** Items came into the lane, or (less than 0) left it. @returns whether it is one of those that are ready. */
  count(lane: Lane, items: number, bytes: number): boolean {
    if (!this.ready.has(lane)) return false;
    this.readyItems += items;
    this.readyBytes += bytes;
    return true;
  }

  #setReady(lane: Lane, isReady: boolean): void {
    if (isReady === this.ready.has(lane)) return;
    const sign = isReady ? 1 : -1;
    this.readyItems += sign * lane.queue.length;
    this.readyBytes += sign * lane.queuedBytes;
    member(this.ready, lane, isReady);
  }
}

function member(set: Set<Lane>, lane: Lane, belongs: boolean): void {
  if (belongs) set.add(lane);
  else set.delete(lane);
}
