/** The spans of a trace as a waterfall: each below its parent, by start. */
import { groupBy } from "../../data/group-by.ts";
import type { Span } from "../../data/records.ts";

export interface SpanRow {
  readonly span: Span;
  readonly depth: number;
  /** From the begin of the trace, in ms. */
  readonly startMs: number;
  readonly durationMs: number;
  /** Whether its parent is a span that did not come. */
  readonly isOrphan: boolean;
}

export interface Waterfall {
  readonly rows: readonly SpanRow[];
  readonly totalMs: number;
}

const EMPTY: Waterfall = { rows: [], totalMs: 0 };

export function waterfallOf(spans: readonly Span[]): Waterfall {
  if (spans.length === 0) return EMPTY;
  const known = new Map(spans.map((span) => [span.span_id, span]));
  const startOf = new Map(spans.map((span) => [span, BigInt(span.start_time_unix_nano)]));
  const start = (span: Span): bigint => startOf.get(span) ?? 0n;
  const sorted = [...spans].sort((a, b) => (start(a) < start(b) ? -1 : start(a) > start(b) ? 1 : 0));
  const [first] = sorted;
  const baseNs = first === undefined ? 0n : start(first);
  const parentOf = (span: Span): Span | undefined => {
    const parent = known.get(span.parent_span_id ?? "");
    return parent === span ? undefined : parent;
  };
  const below = groupBy(sorted, parentOf);
  const rows: SpanRow[] = [];
  const placed = new Set<Span>();
  let totalMs = 0;
  const place = (list: readonly Span[], depth: number): void => {
    for (const span of list) {
      if (placed.has(span)) continue;
      placed.add(span);
      const startMs = Number(start(span) - baseNs) / 1e6;
      const durationMs = Math.max(0, Number(BigInt(span.end_time_unix_nano) - start(span)) / 1e6);
      totalMs = Math.max(totalMs, startMs + durationMs);
      const isOrphan = depth === 0 && span.parent_span_id !== null && span.parent_span_id !== "";
      rows.push({ span, depth, startMs, durationMs, isOrphan });
      place(below.get(span) ?? [], depth + 1);
    }
  };
  place(below.get(undefined) ?? [], 0);
  // Spans that name each other as parents have no root.
  place(sorted, 0);
  return { rows, totalMs };
}
