/** How much of what is in the file may be in memory beside it, over all lanes: the beginning of what is sent next. */

export class HeadBudget {
  readonly #max: number;
  #used = 0;

  /** @param max in bytes. */
  constructor(max: number) {
    this.#max = max;
  }

  /** @returns whether there was room; it is taken then. */
  mayTake(bytes: number): boolean {
    if (this.#used + bytes > this.#max) return false;
    this.#used += bytes;
    return true;
  }

  /** Takes it in any case: what is to be sent must be read. */
  take(bytes: number): void {
    this.#used += bytes;
  }

  left(bytes: number): void {
    this.#used -= bytes;
  }
}
