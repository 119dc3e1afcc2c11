/** Before a session that other instances of the service may open as well is opened, they are asked; its lane is held meanwhile. */
import type { LaneBook } from "./book.ts";
import type { Lane } from "./lane.ts";
import type { Requests } from "./requests.ts";
import type { Counters } from "./totals.ts";

/** Sessions asked about at once. */
const MAX_UNDER_WAY = 64;

export class Agreeing {
  readonly #book: LaneBook;
  readonly #counters: Counters;
  readonly #requests: Requests;
  /** Sessions being asked about. */
  underWay = 0;

  constructor(book: LaneBook, counters: Counters, requests: Requests) {
    this.#book = book;
    this.#counters = counters;
    this.#requests = requests;
  }

  /** @returns whether the lane may be opened now; where that is not known yet, it is asked. */
  mayOpen(lane: Lane, now: number): boolean {
    const { agreement } = lane;
    if (agreement === undefined || agreement.mayOpen(now)) return true;
    if (agreement.notBefore > now || this.underWay >= MAX_UNDER_WAY) return false;
    this.#book.hold(lane);
    this.underWay += 1;
    this.#requests.add(agreement.ask(), (id) => {
      this.underWay -= 1;
      // Not when it was given up meanwhile.
      if (typeof id === "string" && !lane.isSettled) this.#join(lane, id);
      this.#book.release(lane);
    });
    return false;
  }

  #join(lane: Lane, id: string): void {
    // Our own call, sent and not answered, may have opened another.
    if (lane.unanswered) this.#counters.possibleDuplicates += 1;
    this.#book.settleOpen(lane, id, true);
  }
}
