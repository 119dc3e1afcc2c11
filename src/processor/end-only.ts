/**
 * Spans that arrive ended, with no start told: OTLP from other services, imported runs. Their trace is kept until its root
 * is seen or a deadline has passed, then walked in order of time, opening and closing as if live.
 */

import type { Activity } from "../model/activity.ts";
import type { SpanEnd, SpanStart } from "../tracking/index.ts";

export interface EndedSpan {
  start: SpanStart;
  end: SpanEnd;
  activity: Activity | undefined;
  isRoot: boolean;
  /** It never arrived itself. */
  standsIn?: boolean;
}

interface HeldTrace {
  since: number;
  rootSeenAt: number | undefined;
  spans: EndedSpan[];
}

export interface EndOnlyOptions {
  now: () => number;
  /** Whether a span that is not among those that arrived was seen before. */
  isKnown: (traceId: string, spanId: string) => boolean;
  /** Tells the spans of a trace, as if they happened now. */
  walk: (steps: readonly WalkStep[]) => void;
}

export interface WalkStep {
  phase: "start" | "end";
  span: EndedSpan;
}

/** After the root was seen, stragglers of the same export may still come. */
const LINGER_MS = 1_000;
const DEADLINE_MS = 30_000;
const MAX_SPANS = 20_000;

export class EndOnlyTraces {
  readonly #traces = new Map<string, HeldTrace>();
  readonly #options: EndOnlyOptions;
  #count = 0;

  constructor(options: EndOnlyOptions) {
    this.#options = options;
  }

  get isEmpty(): boolean {
    return this.#traces.size === 0;
  }

  add(span: EndedSpan): void {
    const { traceId } = span.start;
    const now = this.#options.now();
    let trace = this.#traces.get(traceId);
    if (trace === undefined) {
      trace = { since: now, rootSeenAt: undefined, spans: [] };
      this.#traces.set(traceId, trace);
    }
    trace.spans.push(span);
    if (span.isRoot) trace.rootSeenAt = now;
    this.#count += 1;
    while (this.#count > MAX_SPANS) {
      const oldest = this.#traces.keys().next().value;
      if (oldest === undefined) break;
      this.#release([oldest]);
    }
  }

  sweep(): void {
    const now = this.#options.now();
    const isDue = ({ since, rootSeenAt }: HeldTrace): boolean =>
      (rootSeenAt !== undefined && now - rootSeenAt >= LINGER_MS) || now - since >= DEADLINE_MS;
    this.#releaseThose(isDue);
  }

  /** Traces whose root was seen are complete as far as anybody can tell. */
  releaseComplete(): void {
    this.#releaseThose(({ rootSeenAt }) => rootSeenAt !== undefined);
  }

  releaseAll(): void {
    this.#release([...this.#traces.keys()]);
  }

  #releaseThose(isDue: (trace: HeldTrace) => boolean): void {
    this.#release([...this.#traces].filter(([, trace]) => isDue(trace)).map(([traceId]) => traceId));
  }

  /** Traces that are released together are walked together: a run and the runs it starts each have a trace of their own. */
  #release(traceIds: readonly string[]): void {
    const traces: EndedSpan[][] = [];
    for (const traceId of traceIds) {
      const trace = this.#traces.get(traceId);
      if (trace === undefined) continue;
      this.#traces.delete(traceId);
      this.#count -= trace.spans.length;
      const missing = missingParents(trace.spans, (spanId) => this.#options.isKnown(traceId, spanId));
      traces.push([...missing, ...trace.spans]);
    }
    if (traces.length > 0) this.#options.walk(inOrderOfTime(...traces));
  }
}

/**
 * Spans may name a parent that never arrives: it never ended, or was not sampled. Something stands in for it, from the first
 * start to the last end below, so that work that belongs together stays so; it lies below the trace's root, as all of the
 * trace does.
 */
function missingParents(spans: readonly EndedSpan[], isKnown: (spanId: string) => boolean): EndedSpan[] {
  const arrived = new Set(spans.map((span) => span.start.spanId));
  const orphans = new Map<string, EndedSpan[]>();
  for (const span of spans) {
    const { parentId } = span.start;
    if (span.isRoot || parentId === undefined || arrived.has(parentId) || isKnown(parentId)) continue;
    const siblings = orphans.get(parentId);
    if (siblings === undefined) orphans.set(parentId, [span]);
    else siblings.push(span);
  }
  const rootId = spans.find(({ start }) => start.parentId === undefined)?.start.spanId;
  return [...orphans]
    .filter(([, children]) => children.length > 1 || rootId !== undefined)
    .map(([spanId, children]) => standIn(spanId, rootId, children));
}

function standIn(spanId: string, parentId: string | undefined, children: readonly EndedSpan[]): EndedSpan {
  const times = (of: (span: EndedSpan) => number): number[] => children.map(of);
  return {
    start: {
      traceId: children[0]?.start.traceId ?? "",
      spanId,
      parentId,
      name: "(not received)",
      scopeName: "",
      scope: undefined,
      startMs: times(({ start }) => start.startMs).reduce((a, b) => Math.min(a, b)),
      mayTurnOut: false,
      sessionHint: undefined,
    },
    end: {
      endMs: times(({ end }) => end.endMs).reduce((a, b) => Math.max(a, b)),
      activity: undefined,
      failure: undefined,
      droppedAttributes: 0,
    },
    activity: undefined,
    isRoot: false,
    standsIn: true,
  };
}

/**
 * Starts and ends by time. At the same moment starts go first, parents before children, then ends, children before
 * parents: clocks of a millisecond must not make a child outlive, or precede, its parent. Of several traces, the one that came
 * first goes first at the same moment.
 */
export function inOrderOfTime(...traces: readonly (readonly EndedSpan[])[]): WalkStep[] {
  return traces
    .flatMap(stepsOf)
    .sort((a, b) => a.at - b.at || (a.phase === b.phase ? a.rank - b.rank : a.phase === "start" ? -1 : 1));
}

function stepsOf(spans: readonly EndedSpan[]): (WalkStep & { at: number; rank: number })[] {
  const places = placesOf(spans);
  return spans.flatMap((span) => {
    const { depth, startMs } = places.get(span) ?? { depth: 0, startMs: span.start.startMs };
    return [
      { phase: "start" as const, span, at: startMs, rank: depth },
      { phase: "end" as const, span, at: Math.max(span.end.endMs, startMs), rank: -depth },
    ];
  });
}

/** Depth of each span, and a start that is not before its parent's. */
function placesOf(spans: readonly EndedSpan[]): Map<EndedSpan, { depth: number; startMs: number }> {
  const byId = new Map(spans.map((span) => [span.start.spanId, span]));
  const places = new Map<EndedSpan, { depth: number; startMs: number }>();
  for (const span of spans) {
    const path = new Set<EndedSpan>();
    let above: EndedSpan | undefined = span;
    // Parents form no cycle in sane data; a damaged trace must not hang us.
    while (above !== undefined && !places.has(above) && !path.has(above)) {
      path.add(above);
      above = above.start.parentId === undefined ? undefined : byId.get(above.start.parentId);
    }
    let place = (above === undefined ? undefined : places.get(above)) ?? {
      depth: -1,
      startMs: Number.NEGATIVE_INFINITY,
    };
    for (const item of [...path].reverse()) {
      place = { depth: place.depth + 1, startMs: Math.max(item.start.startMs, place.startMs) };
      places.set(item, place);
    }
  }
  return places;
}
