/**
 * Which spans in flight bear content. What waits to be sent has its own; a span keeps it for the case that its end is never
 * seen, and then tells it. Of streams that are abandoned by the thousand only the latest do.
 */
import type { SpanNode } from "./node.ts";

export class Contents {
  readonly #bearers = new Set<SpanNode>();
  readonly #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  began(node: SpanNode): void {
    if (node.opening?.content === undefined) return;
    this.#bearers.add(node);
    if (this.#bearers.size <= this.#max) return;
    const [oldest] = this.#bearers;
    if (oldest !== undefined) this.told(oldest);
  }

  told(node: SpanNode): void {
    this.#bearers.delete(node);
    node.dropContent();
  }
}
