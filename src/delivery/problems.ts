/** What is told to the user of failures: each kind once a minute, so that an outage is one line and not thousands. */
import type { ApieError } from "../model/errors.ts";

const TELL_AGAIN_MS = 60_000;

export class Problems {
  readonly #tell: (error: ApieError) => void;
  readonly #now: () => number;
  readonly #toldAt = new Map<string, number>();
  /** The last one, told or not, and when it was (epoch ms). */
  last: { at: number; message: string } | undefined;

  /** @param tell must not throw. @param now monotonic ms. */
  constructor(tell: (error: ApieError) => void, now: () => number) {
    this.#tell = tell;
    this.#now = now;
  }

  add(error: ApieError): void {
    this.last = { at: Date.now(), message: error.message };
    const now = this.#now();
    const toldAt = this.#toldAt.get(error.code);
    if (toldAt !== undefined && now - toldAt < TELL_AGAIN_MS) return;
    this.#toldAt.set(error.code, now);
    this.#tell(error);
  }
}
