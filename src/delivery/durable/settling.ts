/** Who is to be told when an event is settled whose record was let go of once it was written. */
import type { LostItems } from "./spooled-queue.ts";

export class Settling {
  /** By the place of the event. */
  readonly #waiting = new Map<number, { readonly lane: number; readonly settled: () => void }>();

  add(seq: number, lane: number, settled: (() => void) | undefined): void {
    if (settled !== undefined) this.#waiting.set(seq, { lane, settled });
  }

  settled(seq: number): void {
    this.#waiting.get(seq)?.settled();
    this.#waiting.delete(seq);
  }

  /** Events that were in the file only, by their lane. */
  lost(inLanes: ReadonlyMap<number, LostItems>): void {
    for (const [seq, { lane }] of [...this.#waiting]) {
      const lost = inLanes.get(lane);
      if (lost !== undefined && lost.after < seq && seq < lost.before) this.settled(seq);
    }
  }
}
