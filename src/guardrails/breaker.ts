/**
 * Keeps guards from waiting, one after the other, for an Apie that is known not to answer: after a few failures in a row
 * evaluations fail at once, and one is let through now and then to see whether it is back.
 */

/** Leave to make one evaluation; handed back with how it went. */
export interface EvaluationPass {
  readonly isProbe: boolean;
}

const TRIP_AFTER = 3;
const FIRST_PAUSE_MS = 5_000;
const MAX_PAUSE_MS = 60_000;

export class Breaker {
  readonly #now: () => number;
  #failures = 0;
  /** Pauses in a row; 0 while evaluations are made. */
  #pauses = 0;
  #pausedUntil = 0;
  #isProbing = false;
  /** The last failure, while there is no answer since. */
  reason: string | undefined;

  /** @param now monotonic ms. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** @returns `undefined` while it is known that Apie would not answer. */
  tryPass(): EvaluationPass | undefined {
    if (this.#pauses === 0) return { isProbe: false };
    if (this.#isProbing || this.#now() < this.#pausedUntil) return undefined;
    this.#isProbing = true;
    return { isProbe: true };
  }

  /** Apie answered, whatever it said. */
  answered(): void {
    this.#failures = 0;
    this.#pauses = 0;
    this.#isProbing = false;
    this.reason = undefined;
  }

  /** The caller gave it up, which says nothing of Apie. */
  unused({ isProbe }: EvaluationPass): void {
    if (isProbe) this.#isProbing = false;
  }

  /** @param isFinal trying again soon cannot help: the key or the address is wrong. */
  failed({ isProbe }: EvaluationPass, reason: string, isFinal: boolean): void {
    this.reason = reason;
    if (isProbe) this.#isProbing = false;
    // One from before the pause tells nothing new.
    else if (this.#pauses > 0) return;
    this.#failures += 1;
    if (!isProbe && !isFinal && this.#failures < TRIP_AFTER) return;
    this.#pausedUntil = this.#now() + Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#pauses);
    this.#pauses += 1;
  }
}
