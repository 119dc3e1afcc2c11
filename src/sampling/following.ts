/** Traces whose root took over the decision of a span it is linked to: what is below follows the root. */

/** Runs under way and a good while after: spans may come late. Ids, so this is about a megabyte. */
const MAX_TRACES = 10_000;

export class FollowingTraces {
  readonly #ids = new Set<string>();

  add(traceId: string): void {
    if (this.#ids.size >= MAX_TRACES) {
      const [oldest] = this.#ids;
      if (oldest !== undefined) this.#ids.delete(oldest);
    }
    this.#ids.add(traceId);
  }

  has(traceId: string): boolean {
    return this.#ids.has(traceId);
  }
}
