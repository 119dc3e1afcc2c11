/** The time an examination has. Everything in it is bounded, so that it ends whatever does not answer. */
import { detachedTimer } from "../../apie-api/index.ts";

/** Kept back from requests, so that what they fail with can still be told. */
const RESERVE_MS = 150;
const RESERVE_SHARE = 0.25;

export class Deadline {
  readonly totalMs: number;
  readonly #endsAt: number;
  readonly #reserveMs: number;

  constructor(totalMs: number) {
    this.totalMs = totalMs;
    this.#endsAt = performance.now() + totalMs;
    this.#reserveMs = Math.min(RESERVE_MS, totalMs * RESERVE_SHARE);
  }

  /** What a request may take. Never 0, which some take for no limit. */
  get leftMs(): number {
    return this.#until(this.#endsAt - this.#reserveMs);
  }

  /** @returns what a request gives in its time; `undefined` when it is late. */
  within<T>(request: Promise<T>): Promise<T | undefined> {
    return bounded(request, this.leftMs);
  }

  /** As `within`, to the very end. */
  atMost<T>(check: Promise<T>): Promise<T | undefined> {
    return bounded(check, this.#until(this.#endsAt));
  }

  #until(at: number): number {
    return Math.max(1, Math.ceil(at - performance.now()));
  }
}

function bounded<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = detachedTimer(ms, () => resolve(undefined), { keepAlive: true });
    promise.then(resolve, reject).finally(() => timer.cancel());
  });
}
