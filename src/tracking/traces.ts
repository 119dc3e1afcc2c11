/** All traces in flight, bounded. */
import type { Bounds } from "./bounds.ts";
import { SpanNode } from "./node.ts";
import type { SpanStart } from "./span.ts";
import { TraceState } from "./trace.ts";

export class Traces {
  readonly #traces = new Map<string, TraceState>();
  /** Finished ones, oldest first, remembered for spans that come late. */
  readonly #quiet = new Set<TraceState>();
  readonly #bounds: Bounds;
  readonly #onForget: (trace: TraceState) => void;
  #spans = 0;

  constructor(bounds: Bounds, onForget: (trace: TraceState) => void) {
    this.#bounds = bounds;
    this.#onForget = onForget;
  }

  get spans(): number {
    return this.#spans;
  }

  get isEmpty(): boolean {
    return this.#traces.size === 0;
  }

  get isTooMuch(): boolean {
    return this.#spans > this.#bounds.maxSpans;
  }

  find(traceId: string, spanId: string): SpanNode | undefined {
    return this.#traces.get(traceId)?.nodes.get(spanId);
  }

  has(traceId: string): boolean {
    return this.#traces.has(traceId);
  }

  add(start: SpanStart, now: number): SpanNode {
    let trace = this.#traces.get(start.traceId);
    if (trace === undefined) {
      trace = new TraceState(start.traceId, start.startMs, now);
      this.#traces.set(start.traceId, trace);
    } else {
      this.#quiet.delete(trace);
    }
    const { spanId, parentId } = start;
    const parent = parentId === undefined ? undefined : trace.nodes.get(parentId);
    const node = new SpanNode(
      trace,
      spanId,
      parentId,
      parent,
      start.name,
      start.scopeName,
      start.scope,
      start.startMs,
    );
    const before = trace.nodes.size;
    trace.nodes.set(spanId, node);
    this.#spans += trace.nodes.size - before;
    trace.openSpans += 1;
    trace.lastSeen = now;
    return node;
  }

  /** To be called when a span or a run of the trace has ended. */
  settle(trace: TraceState, now: number): void {
    trace.lastSeen = now;
    if (!trace.isQuiet || !this.#traces.has(trace.id)) return;
    this.#quiet.delete(trace);
    this.#quiet.add(trace);
    while (this.#spans > this.#bounds.maxIdleSpans && this.#forgetOldest());
  }

  forgetQuiet(now: number): void {
    for (const trace of this.#quiet) {
      if (now - trace.lastSeen < this.#bounds.lingerMs) return;
      this.forget(trace);
    }
  }

  oldest(): TraceState | undefined {
    return this.#traces.values().next().value;
  }

  all(): IterableIterator<TraceState> {
    return this.#traces.values();
  }

  forget(trace: TraceState): void {
    if (!this.#traces.delete(trace.id)) return;
    this.#quiet.delete(trace);
    this.#spans -= trace.nodes.size;
    // Records that wait for delivery refer to single spans, never to the whole trace.
    trace.nodes.clear();
    this.#onForget(trace);
  }

  #forgetOldest(): boolean {
    const trace = this.#quiet.values().next().value;
    if (trace === undefined) return false;
    this.forget(trace);
    return true;
  }
}
