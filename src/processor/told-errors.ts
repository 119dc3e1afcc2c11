/** `agent.error` is sent once per error: the first to fail tells it, those it passes through on its way up do not. */
import type { ErrorFacts } from "../model/activity.ts";
import type { SpanNode } from "../tracking/index.ts";

/** They are remembered this far back. */
const MAX_TOLD = 2_000;

export class ToldErrors {
  /** By id, or else by what is said of them, with the span that told it last: nothing of the span is kept for that. */
  readonly #told = new Map<string, WeakRef<SpanNode>>();

  /** Whether the error that `node` fails with was not told yet; from now on it is. */
  isNews(error: ErrorFacts | undefined, node: SpanNode): boolean {
    if (error === undefined) return false;
    const name = error.id ?? `${node.trace.id}/${error.type}/${error.message ?? ""}`;
    const told = this.#told.get(name);
    // Alike is the same only where one can have come from the other.
    if (told !== undefined && (error.id !== undefined || isWithin(told.deref(), node))) return false;
    if (this.#told.size >= MAX_TOLD) this.#told.clear();
    this.#told.set(name, new WeakRef(node));
    return true;
  }
}

function isWithin(node: SpanNode | undefined, outer: SpanNode): boolean {
  for (let above = node; above !== undefined; above = above.parent) if (above === outer) return true;
  return false;
}
