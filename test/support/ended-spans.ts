/** Spans that come with no start told. */
import type { SpanLike } from "../../src/model/span.ts";

/** Their trace, unless another is named. */
export const TRACE = "0123456789abcdef0123456789abcdef";

/** A span that arrives ended, as OTLP from another service would be made into. Times in ms. */
export function ended(
  spanId: string,
  parent: string | undefined,
  start: number,
  end: number,
  attributes: Record<string, unknown>,
  more: { traceId?: string; isRemote?: boolean; status?: number } = {},
): SpanLike {
  const traceId = more.traceId ?? TRACE;
  return {
    name: spanId,
    kind: 0,
    spanContext: () => ({ traceId, spanId, traceFlags: 1 }),
    parentSpanContext:
      parent === undefined ? undefined : { traceId, spanId: parent, isRemote: more.isRemote ?? false },
    startTime: [1_700_000_000, start * 1e6],
    endTime: [1_700_000_000, end * 1e6],
    ended: true,
    status: { code: more.status ?? 0 },
    attributes,
    links: [],
    events: [],
    resource: { attributes: {} },
    instrumentationScope: { name: "other-service" },
  };
}
