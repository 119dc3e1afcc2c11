/** Lets a bounded number of evaluations be under way that nobody waits for; some more wait their turn, and no more than that. */

export class Turnstile {
  readonly #atOnce: number;
  readonly #maxWaiting: number;
  #inside = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(atOnce: number, maxWaiting: number) {
    this.#atOnce = atOnce;
    this.#maxWaiting = maxWaiting;
  }

  /** Runs `work` when it is its turn. @returns `undefined` when too many wait already. */
  enter<T>(work: () => Promise<T>): Promise<T> | undefined {
    if (this.#inside < this.#atOnce) {
      this.#inside += 1;
      return this.#within(work);
    }
    if (this.#waiting.length >= this.#maxWaiting) return undefined;
    return new Promise<void>((resolve) => this.#waiting.push(resolve)).then(() => this.#within(work));
  }

  async #within<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      // The next one takes the place over; it is never free in between.
      const next = this.#waiting.shift();
      if (next === undefined) this.#inside -= 1;
      else next();
    }
  }
}
