/** A map that forgets its oldest entries: what the application may name again later, without a bound on how much it makes. */

/** Ended runs and sessions are remembered this far back: late work still names them. */
const MAX_REMEMBERED = 10_000;

export class Remembered<T> {
  readonly #items = new Map<string, T>();

  get(id: string): T | undefined {
    return this.#items.get(id);
  }

  set(id: string, item: T): void {
    if (this.#items.size >= MAX_REMEMBERED && !this.#items.has(id)) {
      const oldest = this.#items.keys().next().value;
      if (oldest !== undefined) this.#items.delete(oldest);
    }
    this.#items.set(id, item);
  }

  delete(id: string): void {
    this.#items.delete(id);
  }
}
