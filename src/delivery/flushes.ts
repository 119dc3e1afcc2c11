/**
 * The barrier behind `flush()`: it waits for exactly what was queued before it, also with requests under way, with other
 * flushes and while more is being added.
 */

interface Waiting {
  readonly barrier: number;
  readonly deadline: number;
  remaining: number;
  readonly resolve: (finished: boolean) => void;
}

export class Flushes {
  #waiting: Waiting[] = [];
  /** Grows with each flush: attempts are counted anew for it. */
  epoch = 0;

  get active(): boolean {
    return this.#waiting.length > 0;
  }

  /** When the last of the flushes under way ends at the latest (monotonic ms). */
  get deadline(): number {
    return Math.max(...this.#waiting.map((entry) => entry.deadline));
  }

  /**
   * @param pending things that are not settled, all with a ticket up to `barrier`.
   * @returns `true` once they are, `false` when given up.
   */
  wait(barrier: number, pending: number, deadline: number): { done: Promise<boolean>; giveUp: () => void } {
    this.epoch += 1;
    if (pending === 0) return { done: Promise.resolve(true), giveUp: () => undefined };
    let waiting: Waiting | undefined;
    const done = new Promise<boolean>((resolve) => {
      waiting = { barrier, deadline, remaining: pending, resolve };
      this.#waiting.push(waiting);
    });
    return { done, giveUp: () => this.#finish((entry) => entry === waiting, false) };
  }

  settled(ticket: number): void {
    if (this.#waiting.length === 0) return;
    for (const entry of this.#waiting) if (ticket <= entry.barrier) entry.remaining -= 1;
    this.#finish((entry) => entry.remaining <= 0, true);
  }

  /** Everything that can be tried has been tried as often as one flush tries. */
  giveUpAll(): void {
    this.#finish(() => true, false);
  }

  #finish(select: (entry: Waiting) => boolean, finished: boolean): void {
    const chosen = this.#waiting.filter(select);
    if (chosen.length === 0) return;
    this.#waiting = this.#waiting.filter((entry) => !chosen.includes(entry));
    for (const entry of chosen) entry.resolve(finished);
  }
}
