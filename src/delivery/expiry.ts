/** What could not be sent for too long is given up: a replay that old helps nobody. */
import { detached, detachedTimer, type Timer } from "../apie-api/index.ts";
import { Ages } from "./ages.ts";
import type { Batches } from "./batches.ts";
import type { LaneBook } from "./book.ts";

export interface ExpiryParts {
  book: LaneBook;
  batches: Batches;
  /** How long things are kept. */
  maxAgeMs: number;
  /** Called when what was too old is given up. */
  onDone: () => void;
  /** Monotonic ms. */
  now: () => number;
}

const CHECK_MS = 60_000;
/** How long one turn of the event loop is spent on it: all of a full queue may be too old at once. */
const SLICE_MS = 3;

export class Expiry {
  readonly #parts: ExpiryParts;
  readonly #ages = new Ages(0);
  #timer: Timer | undefined;
  /** While things are given up, and when nothing is any more. */
  #isBusy = false;
  #isStopped = false;

  constructor(parts: ExpiryParts) {
    this.#parts = parts;
  }

  /** Looks at the ages in a while, if there is anything. To be called when something came in. */
  plan(): void {
    if (this.#timer !== undefined || this.#isBusy) return;
    const { book, now } = this.#parts;
    if (book.count === 0) return;
    this.#ages.note(book.ticket, now());
    this.#timer = detachedTimer(CHECK_MS, () => {
      this.#timer = undefined;
      this.#isBusy = true;
      this.#goOn(this.#givingUp());
    });
  }

  stop(): void {
    this.#isBusy = true;
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  *#givingUp(): Generator<undefined, void> {
    const { book, batches, maxAgeMs, now } = this.#parts;
    const ticket = this.#ages.olderThan(maxAgeMs, now());
    yield* batches.expiring(ticket);
    yield* book.givingUp.expiring(ticket);
  }

  #goOn(givingUp: Generator<undefined, void>): void {
    if (this.#isStopped) return;
    const until = performance.now() + SLICE_MS;
    while (givingUp.next().done !== true) {
      if (performance.now() < until) continue;
      detached(() => setImmediate(() => this.#goOn(givingUp)));
      return;
    }
    if (this.#isStopped) return;
    this.#isBusy = false;
    this.plan();
    this.#parts.onDone();
  }
}
