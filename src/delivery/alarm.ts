/** Calls back soon, or at a time: whatever is asked first. Never in the caller's turn of the event loop or its async context. */
import { detached, detachedTimer, type Timer } from "../apie-api/index.ts";

export class Alarm {
  readonly #now: () => number;
  readonly #ring: () => void;
  #timer: Timer | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #stopped = false;
  /** It rings in the next turn of the event loop. */
  isSoon = false;

  /** @param now monotonic ms. */
  constructor(now: () => number, ring: () => void) {
    this.#now = now;
    this.#ring = ring;
  }

  soon(): void {
    if (this.isSoon || this.#stopped) return;
    this.isSoon = true;
    detached(() =>
      setImmediate(() => {
        this.isSoon = false;
        if (!this.#stopped) this.#ring();
      }),
    );
  }

  /** @param at monotonic ms. */
  at(at: number): void {
    if (at >= this.#timerAt || this.#stopped || at === Number.POSITIVE_INFINITY) return;
    this.#timer?.cancel();
    this.#timerAt = at;
    this.#timer = detachedTimer(Math.max(0, at - this.#now()), () => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.#ring();
    });
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }
}
