/**
 * Starts and ends by time. At the same moment starts go first, parents before children, then ends, children before
 * parents: clocks of a millisecond must not make a child outlive, or precede, its parent. Of several traces, the one that came
 * first goes first at the same moment.
 */
import { type InPieces, PIECE, sorted } from "./pieces.ts";
import type { EndedSpan, WalkStep } from "./span.ts";

interface Step extends WalkStep {
  at: number;
  rank: number;
}

interface Place {
  depth: number;
  startMs: number;
}

export function* inOrderOfTime(traces: readonly (readonly EndedSpan[])[]): InPieces<WalkStep[]> {
  const steps: Step[] = [];
  for (const spans of traces) {
    const places = yield* placesOf(spans);
    for (const span of spans) {
      const { depth, startMs } = places.get(span) ?? { depth: 0, startMs: span.start.startMs };
      steps.push({ phase: "start", span, at: startMs, rank: depth });
      steps.push({ phase: "end", span, at: Math.max(span.end.endMs, startMs), rank: -depth });
      if (steps.length % PIECE === 0) yield;
    }
  }
  return yield* sorted(steps, byTime);
}

function byTime(a: Step, b: Step): number {
  return a.at - b.at || (a.phase === b.phase ? a.rank - b.rank : a.phase === "start" ? -1 : 1);
}

/** Depth of each span, and a start that is not before its parent's. */
function* placesOf(spans: readonly EndedSpan[]): InPieces<Map<EndedSpan, Place>> {
  const byId = new Map<string, EndedSpan>();
  let seen = 0;
  for (const span of spans) {
    byId.set(span.start.spanId, span);
    seen += 1;
    if (seen % PIECE === 0) yield;
  }
  const places = new Map<EndedSpan, Place>();
  for (const span of spans) {
    const path = new Set<EndedSpan>();
    let above: EndedSpan | undefined = span;
    // Parents form no cycle in sane data; a damaged trace must not hang us.
    while (above !== undefined && !places.has(above) && !path.has(above)) {
      path.add(above);
      above = above.start.parentId === undefined ? undefined : byId.get(above.start.parentId);
      seen += 1;
      if (seen % PIECE === 0) yield;
    }
    let place = (above === undefined ? undefined : places.get(above)) ?? {
      depth: -1,
      startMs: Number.NEGATIVE_INFINITY,
    };
    for (const item of [...path].reverse()) {
      place = { depth: place.depth + 1, startMs: Math.max(item.start.startMs, place.startMs) };
      places.set(item, place);
      seen += 1;
      if (seen % PIECE === 0) yield;
    }
  }
  return places;
}
