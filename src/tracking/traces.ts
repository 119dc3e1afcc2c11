/** All traces in flight, bounded. */
import type { Bounds } from "./bounds.ts";
import { SpanNode } from "./node.ts";
import { firstOf, GivingUpOrder } from "./order.ts";
import type { RunState } from "./run.ts";
import type { SpanStart } from "./span.ts";
import { TraceState } from "./trace.ts";

/** The part of all spans that is to be forgotten in one go: looking for them takes time. */
const ROOM = 1 / 8;

export class Traces {
  readonly #traces = new Map<string, TraceState>();
  /** Finished ones, oldest first, remembered for spans that come late. */
  readonly #quiet = new Set<TraceState>();
  readonly #bounds: Bounds;
  /** Ids of traces that were given up while spans of theirs were open: the later half, and the one before it. */
  #givenUp = new Set<string>();
  #givenUpBefore: ReadonlySet<string> = new Set();
  readonly #onForget: (runs: readonly RunState[]) => void;
  readonly #order = new GivingUpOrder();
  readonly #oldestQuiet = firstOf(this.#quiet, ({ lastSeen }) => lastSeen);
  #spans = 0;
  /** Spans added so far, and how many must be for another look for finished ones. */
  #added = 0;
  #lookAgainAt = 0;

  /** @param onForget told of runs that no span remembered is part of any more. */
  constructor(bounds: Bounds, onForget: (runs: readonly RunState[]) => void) {
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
    return this.#spans > this.#bounds.maxSpans || this.#hasTooMany;
  }

  get #hasTooMany(): boolean {
    return this.#traces.size > this.#bounds.maxTraces;
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
      this.#order.add(trace);
    } else {
      this.#quiet.delete(trace);
      this.#order.seen(trace, now);
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
    this.#added += 1;
    return node;
  }

  /** To be called when a span or a run of the trace has ended. */
  settle(trace: TraceState, now: number): void {
    if (this.#traces.get(trace.id) !== trace) return;
    this.#order.seen(trace, now);
    if (!trace.isQuiet) return;
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

  /**
   * Forgets what has ended: a trace, or spans in traces that go on, oldest first.
   * @returns whether that made room for a while.
   */
  forgetFinished(): boolean {
    if (this.#hasTooMany) return this.#forgetOldest();
    const wanted = Math.ceil(this.#bounds.maxSpans * ROOM);
    if (this.#added < this.#lookAgainAt) return false;
    this.#lookAgainAt = this.#added + wanted;
    let found = 0;
    for (const trace of this.#traces.values()) {
      found += trace.forgetFinished(wanted - found, this.#onForget);
      if (found >= wanted) break;
    }
    this.#spans -= found;
    return found >= wanted;
  }

  /** Forgets a trace, if nothing in it goes on. */
  forgetEnded(traceId: string): void {
    const trace = this.#traces.get(traceId);
    if (trace?.isQuiet === true) this.forget(trace);
  }

  /** Forgets a trace that goes on. */
  giveUp(trace: TraceState): void {
    // By halves: to look for the oldest of a set takes longer the more were taken out before it.
    if (this.#givenUp.size >= this.#bounds.maxGivenUp / 2) {
      this.#givenUpBefore = this.#givenUp;
      this.#givenUp = new Set();
    }
    this.#givenUp.add(trace.id);
    this.forget(trace);
  }

  wasGivenUp(traceId: string): boolean {
    return this.#givenUp.has(traceId) || this.#givenUpBefore.has(traceId);
  }

  hasOpenRuns(traceId: string): boolean {
    return (this.#traces.get(traceId)?.openRuns.size ?? 0) > 0;
  }

  /** The trace that is to be given up. */
  oldest(): TraceState | undefined {
    return this.#order.first();
  }

  all(): IterableIterator<TraceState> {
    return this.#traces.values();
  }

  forget(trace: TraceState): void {
    if (!this.#traces.delete(trace.id)) return;
    this.#order.delete(trace);
    this.#quiet.delete(trace);
    this.#spans -= trace.nodes.size;
    // Records that wait for delivery refer to single spans, never to the whole trace.
    trace.nodes.clear();
    this.#onForget(trace.runs);
  }

  #forgetOldest(): boolean {
    const trace = this.#oldestQuiet();
    if (trace === undefined) return false;
    this.forget(trace);
    return true;
  }
}
