/** Lanes that wait for a call, by its kind: calls of one kind are refused, and held back, together. */
import type { CallKind } from "./gate.ts";
import type { Lane } from "./lane.ts";

export class LanesByKind {
  readonly #kindOf = new Map<Lane, CallKind>();
  readonly #lanes = new Map<CallKind, Set<Lane>>();

  get size(): number {
    return this.#kindOf.size;
  }

  /** How many are of kinds that `counts` says. */
  sizeOf(counts: (kind: CallKind) => boolean): number {
    let size = 0;
    for (const [kind, lanes] of this.#lanes) if (counts(kind)) size += lanes.size;
    return size;
  }

  has(lane: Lane): boolean {
    return this.#kindOf.has(lane);
  }

  add(lane: Lane, kind: CallKind): void {
    const known = this.#kindOf.get(lane);
    if (known === kind) return;
    if (known !== undefined) this.delete(lane);
    this.#kindOf.set(lane, kind);
    const lanes = this.#lanes.get(kind);
    if (lanes === undefined) this.#lanes.set(kind, new Set([lane]));
    else lanes.add(lane);
  }

  delete(lane: Lane): void {
    const kind = this.#kindOf.get(lane);
    if (kind === undefined) return;
    this.#kindOf.delete(lane);
    this.#lanes.get(kind)?.delete(lane);
  }

  /** In the order they came. */
  [Symbol.iterator](): Iterator<Lane> {
    return this.#kindOf.keys();
  }

  /** Kinds with lanes, and the lanes of each in the order they came. */
  *kinds(): Iterable<readonly [kind: CallKind, lanes: Iterable<Lane>]> {
    for (const [kind, lanes] of this.#lanes) if (lanes.size > 0) yield [kind, lanes];
  }

  /** One lane of each kind after the other, of each as long as `mayPass` says so: kinds that are held cost nothing. */
  *inTurns(mayPass: (kind: CallKind) => boolean): Iterable<Lane> {
    let rows = [...this.#lanes].map(([kind, lanes]) => ({ kind, lanes: lanes.values() }));
    while (rows.length > 0) {
      const going: typeof rows = [];
      for (const row of rows) {
        if (!mayPass(row.kind)) continue;
        const { value, done } = row.lanes.next();
        if (done === true) continue;
        going.push(row);
        yield value;
      }
      rows = going;
    }
  }
}
