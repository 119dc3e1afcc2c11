/**
 * When something that failed is tried again. Outside of a flush: at growing intervals, until it is too old. Within a flush: at
 * once, and as often as `retryAttempts` says.
 */
import { backoffMs } from "./backoff.ts";
import type { Flushes } from "./flushes.ts";

/** Anything that is asked of Apie again and again until it works. */
export interface Attempted {
  /** Failures in a row. */
  attempts: number;
  /** Monotonic ms before which it is not tried again, but for a flush. */
  notBefore: number;
  /** The flush the following count belongs to. */
  flushEpoch: number;
  flushTries: number;
}

export const untried = (): Attempted => ({ attempts: 0, notBefore: 0, flushEpoch: 0, flushTries: 0 });

export interface AttemptOptions {
  retryAttempts: number;
  retryBaseDelayMs: number;
}

export class Attempts {
  readonly #flushes: Flushes;
  readonly #options: AttemptOptions;
  /** Rounds of failures since the last flush began, or the last success. */
  #rounds = 0;
  #roundEndedAt = 0;

  constructor(flushes: Flushes, options: AttemptOptions) {
    this.#flushes = flushes;
    this.#options = options;
  }

  flushBegan(): void {
    this.#rounds = 0;
  }

  /** Whether the flush under way has tried it as often as a flush tries. */
  isExhausted(attempted: Attempted): boolean {
    return this.#wasTriedInFlush(attempted) && attempted.flushTries >= this.#options.retryAttempts;
  }

  /** Whether the flush under way has found the endpoint down as often as a flush tries. */
  get areExhausted(): boolean {
    return this.#flushes.active && this.#rounds >= this.#options.retryAttempts;
  }

  /** When it may be tried (monotonic ms). A flush does not wait for the plan made before it. */
  dueAt(attempted: Attempted): number {
    return this.#flushes.active && !this.#wasTriedInFlush(attempted) ? 0 : attempted.notBefore;
  }

  succeeded(attempted: Attempted): void {
    attempted.attempts = 0;
    attempted.notBefore = 0;
    attempted.flushTries = 0;
    this.#rounds = 0;
  }

  /** @param startedAt when the request was made. @returns when to try again. */
  failed(attempted: Attempted, startedAt: number, now: number): number {
    attempted.attempts += 1;
    if (attempted.flushEpoch !== this.#flushes.epoch) attempted.flushTries = 0;
    attempted.flushEpoch = this.#flushes.epoch;
    attempted.flushTries += 1;
    // Requests that were under way together fail together: that is one round.
    if (startedAt >= this.#roundEndedAt) {
      this.#rounds += 1;
      this.#roundEndedAt = now;
    }
    const times = this.#flushes.active ? attempted.flushTries : attempted.attempts;
    attempted.notBefore = now + backoffMs(times, this.#options.retryBaseDelayMs, undefined);
    return attempted.notBefore;
  }

  #wasTriedInFlush(attempted: Attempted): boolean {
    return this.#flushes.active && attempted.flushEpoch === this.#flushes.epoch;
  }
}
