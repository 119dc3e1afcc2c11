/** Work below a span nothing is known of yet: kept in order until the span shows what it is. */
import type { Bounds } from "./bounds.ts";
import type { SpanNode } from "./node.ts";

export interface Held {
  readonly phase: "begin" | "end";
  readonly node: SpanNode;
}

const NOTHING: readonly Held[] = [];

export class Holding {
  readonly #held = new Map<SpanNode, { since: number; work: Held[] }>();
  readonly #bounds: Bounds;
  #count = 0;

  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  get isEmpty(): boolean {
    return this.#held.size === 0;
  }

  get isTooMuch(): boolean {
    return this.#count > this.#bounds.maxHeld;
  }

  /** Nearest span above that must show what it is first. */
  blockerOf(node: SpanNode): SpanNode | undefined {
    if (node.trace.undetermined === 0) return undefined;
    for (let above = node.parent; above !== undefined; above = above.parent)
      if (above.undetermined) return above;
    return undefined;
  }

  add(blocker: SpanNode, held: Held, now: number): void {
    let entry = this.#held.get(blocker);
    if (entry === undefined) {
      entry = { since: now, work: [] };
      this.#held.set(blocker, entry);
    }
    entry.work.push(held);
    this.#count += 1;
  }

  take(blocker: SpanNode): readonly Held[] {
    if (this.isEmpty) return NOTHING;
    const entry = this.#held.get(blocker);
    if (entry === undefined) return NOTHING;
    this.#held.delete(blocker);
    this.#count -= entry.work.length;
    return entry.work;
  }

  oldest(): SpanNode | undefined {
    return this.#held.keys().next().value;
  }

  /** Spans that have held work back for too long. */
  overdue(now: number): SpanNode[] {
    return [...this.#held]
      .filter(([, { since }]) => now - since >= this.#bounds.holdMs)
      .map(([node]) => node);
  }
}
