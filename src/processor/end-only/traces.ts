/**
 * Spans that arrive ended, with no start told: OTLP from other services, imported runs. Their trace is kept until its root
 * is seen or a deadline has passed, then walked in order of time, opening and closing as if live.
 */
import type { EndedSpan } from "./span.ts";
import { type WalkHooks, Walks } from "./walks.ts";

interface HeldTrace {
  since: number;
  rootSeenAt: number | undefined;
  bytes: number;
  spans: EndedSpan[];
}

export interface EndOnlyOptions extends WalkHooks {
  now: () => number;
  /** Bytes of spans that are kept, estimated. */
  maxBytes: number;
}

/** After the root was seen, stragglers of the same export may still come. */
const LINGER_MS = 1_000;
const DEADLINE_MS = 30_000;
const MAX_SPANS = 20_000;
/** While more is kept and yet to be told than may be, a span that comes has others told for so long. */
const OVERFLOW_MS = 1;

export class EndOnlyTraces {
  readonly #traces = new Map<string, HeldTrace>();
  /** Those whose root was seen, in that order. */
  readonly #complete = new Set<string>();
  readonly #options: EndOnlyOptions;
  /** What is released is told a little in each turn of the event loop. */
  readonly walks: Walks;
  #spans = 0;
  #bytes = 0;

  constructor(options: EndOnlyOptions) {
    this.#options = options;
    this.walks = new Walks(options);
  }

  /** Nothing waits for its root, or for time to pass. */
  get isEmpty(): boolean {
    return this.#traces.size === 0;
  }

  add(span: EndedSpan): void {
    const { traceId } = span.start;
    const now = this.#options.now();
    let trace = this.#traces.get(traceId);
    if (trace === undefined) {
      trace = { since: now, rootSeenAt: undefined, bytes: 0, spans: [] };
      this.#traces.set(traceId, trace);
    }
    trace.spans.push(span);
    trace.bytes += span.bytes;
    if (span.isRoot) {
      trace.rootSeenAt = now;
      this.#complete.add(traceId);
    }
    this.#spans += 1;
    this.#bytes += span.bytes;
    while (this.#excess(this.#spans, this.#bytes) > 1) this.#release([this.#dispensable(traceId)]);
    this.#relieve();
  }

  sweep(): void {
    const now = this.#options.now();
    const isDue = ({ since, rootSeenAt }: HeldTrace): boolean =>
      (rootSeenAt !== undefined && now - rootSeenAt >= LINGER_MS) || now - since >= DEADLINE_MS;
    this.#release([...this.#traces].filter(([, trace]) => isDue(trace)).map(([traceId]) => traceId));
  }

  /** Traces whose root was seen are complete as far as anybody can tell. */
  releaseComplete(): void {
    this.#release([...this.#traces.keys()].filter((traceId) => this.#complete.has(traceId)));
  }

  releaseAll(): void {
    this.#release([...this.#traces.keys()]);
  }

  /** What is to go when it is too much: the oldest trace, of those that are complete if there are any beside the one that just grew. */
  #dispensable(grown: string): string {
    for (const traceId of this.#complete) if (traceId !== grown) return traceId;
    const [oldest] = this.#traces.keys();
    return oldest ?? grown;
  }

  /** However fast spans come, there are not twice as many in all as may be kept. */
  #relieve(): void {
    const { walks } = this;
    if (this.#excessInAll <= 1) return;
    while (walks.walk(performance.now() + OVERFLOW_MS) && this.#excessInAll > 2);
  }

  get #excessInAll(): number {
    return this.#excess(this.#spans + this.walks.spans, this.#bytes + this.walks.bytes);
  }

  /** How many times as much this is as may be kept. */
  #excess(spans: number, bytes: number): number {
    return Math.max(spans / MAX_SPANS, bytes / this.#options.maxBytes);
  }

  /** Traces that are released together are walked together: a run and the runs it starts each have a trace of their own. */
  #release(traceIds: readonly string[]): void {
    const traces: EndedSpan[][] = [];
    let [spans, bytes] = [0, 0];
    for (const traceId of traceIds) {
      const trace = this.#traces.get(traceId);
      if (trace === undefined) continue;
      this.#traces.delete(traceId);
      this.#complete.delete(traceId);
      traces.push(trace.spans);
      spans += trace.spans.length;
      bytes += trace.bytes;
    }
    if (traces.length === 0) return;
    this.#spans -= spans;
    this.#bytes -= bytes;
    this.walks.add(traces, spans, bytes);
  }
}
