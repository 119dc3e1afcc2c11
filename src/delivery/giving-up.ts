/** What is given up without a word of Apie's: what is too old, and what is left at the end. */
import type { LaneItem } from "./items.ts";
import type { Lane } from "./lane.ts";

/** What the book does with a lane. */
export interface GivingUpParts {
  /** Every lane that holds anything. */
  readonly lanes: ReadonlySet<Lane>;
  readonly isToComplete: (lane: Lane) => boolean;
  readonly hold: (lane: Lane) => void;
  readonly refresh: (lane: Lane) => void;
  /** The lane was never opened: it goes with all it holds. */
  readonly fail: (lane: Lane, reason: string) => void;
  readonly dropCompletion: (lane: Lane, reason: string) => void;
  /**
   * Drops the first item of the lane that may be sent.
   * @param upTo only one with a ticket up to this.
   * @returns whether there was one.
   */
  readonly dropFirst: (lane: Lane, reason: string, upTo?: number) => boolean;
  /** An item that is out of its lane. */
  readonly gaveUp: (lane: Lane, item: LaneItem, reason: string) => void;
}

const EXPIRED = "expired";

export class GivingUp {
  readonly #parts: GivingUpParts;
  /** What is too old is being given up: a lane may be held for it. */
  isExpiring = false;

  constructor(parts: GivingUpParts) {
    this.#parts = parts;
  }

  /**
   * Gives up what was taken in up to this ticket, one thing after the other: Apie was out of reach for longer than events are
   * kept. Whatever else may be done with lanes in between.
   */
  *expiring(ticket: number): Generator<undefined, void> {
    const { lanes, isToComplete, dropFirst, dropCompletion, refresh } = this.#parts;
    this.isExpiring = true;
    for (const lane of [...lanes]) {
      yield;
      if (lane.busy || !lanes.has(lane)) continue;
      if (!lane.isSettled) {
        if (lane.openTicket <= ticket) yield* this.#expiringWhole(lane);
        continue;
      }
      while (!lane.busy && dropFirst(lane, EXPIRED, ticket)) yield;
      if (isToComplete(lane) && lane.completableTicket <= ticket) dropCompletion(lane, EXPIRED);
      refresh(lane);
    }
    this.isExpiring = false;
  }

  /** A lane that was never opened, and is not any more. */
  *#expiringWhole(lane: Lane): Generator<undefined, void> {
    const { hold, dropFirst, fail } = this.#parts;
    hold(lane);
    while (dropFirst(lane, EXPIRED)) {
      yield;
      // It has made room for others meanwhile.
      if (lane.isSettled) return;
    }
    fail(lane, EXPIRED);
  }

  /** Gives up what is left and not kept on disk. */
  all(reason: string): void {
    const { lanes, fail, dropFirst, dropCompletion, refresh } = this.#parts;
    for (const lane of [...lanes]) {
      if (lane.slot?.hasRow === true) {
        this.#leave(lane, reason);
        continue;
      }
      if (!lane.isSettled) {
        fail(lane, reason);
        continue;
      }
      while (dropFirst(lane, reason));
      if (lane.completion !== undefined) dropCompletion(lane, reason);
      refresh(lane);
    }
  }

  /** What is in the file is there for the next process. */
  #leave(lane: Lane, reason: string): void {
    while (lane.queue.unsaved > 0) {
      const item = lane.queue.takeFromMemory("oldest");
      if (item === undefined) break;
      this.#parts.gaveUp(lane, item, reason);
    }
    // Who waits for its id is told that it does not come.
    if (!lane.isSettled) lane.leave({ outcome: "dropped", reason });
  }
}
