/**
 * How old things are, by the number they were given on arrival: no time has to be kept with each of them. Things of an earlier
 * process have a number below 0: for how many ms they had been here when this one began.
 */

interface Sample {
  readonly ticket: number;
  readonly at: number;
}

export class Ages {
  readonly #startedAt: number;
  #samples: Sample[] = [];

  /** @param startedAt when the process began, on the clock that is asked for. */
  constructor(startedAt: number) {
    this.#startedAt = startedAt;
  }

  /** Everything up to `ticket` is here by now. */
  note(ticket: number, now: number): void {
    if (this.#samples.at(-1)?.ticket !== ticket) this.#samples.push({ ticket, at: now });
  }

  /** @returns the number up to which everything has been here for `maxAgeMs`, known as often as `note` is called. */
  olderThan(maxAgeMs: number, now: number): number {
    const old = this.#samples.findLastIndex((sample) => now - sample.at >= maxAgeMs);
    if (old === -1) return Math.min(0, now - maxAgeMs - this.#startedAt);
    const { ticket } = this.#samples[old] as Sample;
    this.#samples = this.#samples.slice(old);
    return ticket;
  }
}
