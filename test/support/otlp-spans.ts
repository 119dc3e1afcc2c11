/** Spans of OTLP/JSON bodies, as an importer would hand them to a processor: ended, in the order of the bodies. */
import { readSpans } from "../../src/local/otlp/read-spans.ts";
import {
  SPAN_KINDS,
  type SpanRecord,
  type SpanSource,
  STATUS_CODES,
} from "../../src/local/otlp/span-record.ts";
import type { SpanLike } from "../../src/model/span.ts";
import { hrTime } from "./recordings.ts";

/** Bits of `flags` in OTLP: whether it is known that the parent is remote, and whether it is. */
const REMOTE_KNOWN = 0x100;
const IS_REMOTE = 0x200;

function spanOf(record: SpanRecord, { resource, scope }: SpanSource): SpanLike {
  const { trace_id: traceId, parent_span_id: parentId, flags } = record;
  return {
    name: record.name,
    // OTLP counts from 1, with 0 for "not told"; the API counts from 0.
    kind: Math.max(0, SPAN_KINDS.indexOf(record.kind) - 1),
    spanContext: () => ({ traceId, spanId: record.span_id, traceFlags: flags & 0xff }),
    parentSpanContext:
      parentId === null
        ? undefined
        : { traceId, spanId: parentId, isRemote: (flags & REMOTE_KNOWN) !== 0 && (flags & IS_REMOTE) !== 0 },
    startTime: hrTime(record.start_time_unix_nano),
    endTime: hrTime(record.end_time_unix_nano),
    ended: true,
    status: { code: STATUS_CODES.indexOf(record.status.code), message: record.status.message },
    attributes: record.attributes,
    links: [],
    events: record.events.map(({ name, time_unix_nano, attributes }) => ({
      name,
      time: hrTime(time_unix_nano),
      attributes,
    })),
    resource: { attributes: resource.attributes },
    instrumentationScope: { name: scope.name, version: scope.version },
    droppedAttributesCount: record.dropped_attributes_count,
  };
}

export function otlpSpans(bodies: readonly unknown[]): SpanLike[] {
  return bodies
    .flatMap((body) => readSpans(body).batches)
    .flatMap(({ source, spans }) => spans.map((span) => spanOf(span, source)));
}
