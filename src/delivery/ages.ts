/** How old things are, by the number they were given on arrival: no time has to be kept with each of them. */

interface Sample {
  readonly ticket: number;
  readonly at: number;
}

export class Ages {
  #samples: Sample[] = [];

  /** Everything up to `ticket` is here by now. */
  note(ticket: number, now: number): void {
    if (this.#samples.at(-1)?.ticket !== ticket) this.#samples.push({ ticket, at: now });
  }

  /** @returns the number up to which everything has been here for `maxAgeMs`, known as often as `note` is called. */
  olderThan(maxAgeMs: number, now: number): number {
    const old = this.#samples.findLastIndex((sample) => now - sample.at >= maxAgeMs);
    if (old === -1) return 0;
    const { ticket } = this.#samples[old] as Sample;
    this.#samples = this.#samples.slice(old);
    return ticket;
  }
}
