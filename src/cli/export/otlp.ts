/**
 * The spans of a session as OTLP/JSON, an ExportTraceServiceRequest
 * (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding), written piece by piece. The server keeps attribute
 * values as JSON: whole numbers go out as `intValue`, and bytes and integers beyond 2^53 as the text they are kept as.
 */
import {
  type Attributes,
  type AttributeValue,
  type EventRecord,
  type LocalReader,
  type SessionRecord,
  SPAN_KINDS,
  type SpanRecord,
  STATUS_CODES,
} from "../../local/index.ts";

type Json = Readonly<Record<string, unknown>>;

function anyValue(value: AttributeValue): Json {
  switch (typeof value) {
    case "string":
      return { stringValue: value };
    case "boolean":
      return { boolValue: value };
    case "number":
      return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
    default:
      if (value === null) return {};
      return Array.isArray(value)
        ? { arrayValue: { values: value.map(anyValue) } }
        : { kvlistValue: { values: keyValues(value as Attributes) } };
  }
}

const keyValues = (attributes: Attributes): Json[] =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));

/** Members that say nothing are left out, as the proto3 mapping has it. */
const told = (fields: Json): Json =>
  Object.fromEntries(
    Object.entries(fields).filter(
      ([, value]) =>
        value !== null && value !== "" && value !== 0 && !(Array.isArray(value) && value.length === 0),
    ),
  );

function otlpSpan(span: SpanRecord): Json {
  return told({
    traceId: span.trace_id,
    spanId: span.span_id,
    parentSpanId: span.parent_span_id,
    traceState: span.trace_state,
    flags: span.flags,
    name: span.name,
    kind: SPAN_KINDS.indexOf(span.kind),
    startTimeUnixNano: span.start_time_unix_nano,
    endTimeUnixNano: span.end_time_unix_nano,
    attributes: keyValues(span.attributes),
    droppedAttributesCount: span.dropped_attributes_count,
    events: span.events.map((event) =>
      told({
        name: event.name,
        timeUnixNano: event.time_unix_nano,
        attributes: keyValues(event.attributes),
        droppedAttributesCount: event.dropped_attributes_count,
      }),
    ),
    droppedEventsCount: span.dropped_events_count,
    links: span.links.map((link) =>
      told({
        traceId: link.trace_id,
        spanId: link.span_id,
        traceState: link.trace_state,
        flags: link.flags,
        attributes: keyValues(link.attributes),
        droppedAttributesCount: link.dropped_attributes_count,
      }),
    ),
    droppedLinksCount: span.dropped_links_count,
    status: told({ code: STATUS_CODES.indexOf(span.status.code), message: span.status.message }),
  });
}

function resourceSpans({ resource, scope }: SpanRecord, spans: readonly SpanRecord[]): Json {
  return told({
    resource: { attributes: keyValues(resource.attributes) },
    scopeSpans: [
      told({
        scope: told({ name: scope.name, version: scope.version, attributes: keyValues(scope.attributes) }),
        spans: spans.map(otlpSpan),
        schemaUrl: scope.schema_url,
      }),
    ],
    schemaUrl: resource.schema_url,
  });
}

const MAX_TOGETHER = 500;

/** Spans of one resource and scope that follow each other go together. */
async function* groups(spans: AsyncIterable<SpanRecord>): AsyncGenerator<Json, void, void> {
  let group: SpanRecord[] = [];
  let source = "";
  for await (const span of spans) {
    const its = JSON.stringify([span.resource, span.scope]);
    const [first] = group;
    if (first !== undefined && (its !== source || group.length >= MAX_TOGETHER)) {
      yield resourceSpans(first, group);
      group = [];
    }
    source = its;
    group.push(span);
  }
  const [first] = group;
  if (first !== undefined) yield resourceSpans(first, group);
}

const traceIn = (metadata: Json | null | undefined): unknown =>
  (metadata?.otel as { trace_id?: unknown } | null | undefined)?.trace_id;

/** The traces that the session, its runs and its events name. */
async function tracesOf(
  reader: LocalReader,
  session: SessionRecord,
  count: <T>(items: AsyncIterable<T>) => AsyncIterable<T>,
): Promise<ReadonlySet<string>> {
  const named = new Set<unknown>([traceIn(session.metadata), traceIn(session.completion_metadata)]);
  for (const run of await reader.runsOf(session.id)) named.add(run.trace_id);
  for await (const { metadata } of count<EventRecord>(reader.eachEventOf(session.id)))
    named.add(traceIn(metadata));
  const ids = [...named].filter((id): id is string => typeof id === "string");
  return new Set(ids.map((id) => id.toLowerCase()).filter((id) => /^[0-9a-f]{32}$/.test(id)));
}

export async function* sessionOtlp(
  reader: LocalReader,
  session: SessionRecord,
  count: <T>(items: AsyncIterable<T>) => AsyncIterable<T>,
  onNone: () => void,
): AsyncGenerator<string, void, void> {
  let separator = "";
  yield `{"resourceSpans":[`;
  for (const traceId of await tracesOf(reader, session, count)) {
    for await (const group of groups(count(reader.eachSpanOf(traceId)))) {
      yield `${separator}\n${JSON.stringify(group)}`;
      separator = ",";
    }
  }
  if (separator === "") onNone();
  yield "]}\n";
}
