/** An ExportTraceServiceRequest as batches of span records. Refused whole when any part is malformed. */
import {
  type Fields,
  malformed,
  readAttributes,
  readCount,
  readEnum,
  readFields,
  readId,
  readList,
  readNanoseconds,
  readText,
  requireId,
} from "./read-values.ts";
import {
  SPAN_KINDS,
  type SpanBatch,
  type SpanEventRecord,
  type SpanLinkRecord,
  type SpanRecord,
  type SpanSource,
  STATUS_CODES,
} from "./span-record.ts";

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;

const textOrNull = (value: unknown, path: string): string | null => readText(value, path) || null;

function readEvent(value: unknown, path: string): SpanEventRecord {
  const event = readFields(value, path);
  return {
    name: readText(event.name, `${path}.name`),
    time_unix_nano: readNanoseconds(event.timeUnixNano, `${path}.timeUnixNano`),
    attributes: readAttributes(event.attributes, `${path}.attributes`),
    dropped_attributes_count: readCount(event.droppedAttributesCount, `${path}.droppedAttributesCount`),
  };
}

function readLink(value: unknown, path: string): SpanLinkRecord {
  const link = readFields(value, path);
  return {
    trace_id: readId(link.traceId, TRACE_ID_BYTES, `${path}.traceId`),
    span_id: readId(link.spanId, SPAN_ID_BYTES, `${path}.spanId`),
    trace_state: textOrNull(link.traceState, `${path}.traceState`),
    flags: readCount(link.flags, `${path}.flags`),
    attributes: readAttributes(link.attributes, `${path}.attributes`),
    dropped_attributes_count: readCount(link.droppedAttributesCount, `${path}.droppedAttributesCount`),
  };
}

function readStatus(value: unknown, path: string): SpanRecord["status"] {
  const status = readFields(value, path);
  return {
    code: readEnum(STATUS_CODES, "STATUS_CODE_", status.code, `${path}.code`),
    message: readText(status.message, `${path}.message`),
  };
}

function readSpan(value: unknown, path: string): SpanRecord {
  const span = readFields(value, path);
  return {
    trace_id: requireId(span.traceId, TRACE_ID_BYTES, `${path}.traceId`),
    span_id: requireId(span.spanId, SPAN_ID_BYTES, `${path}.spanId`),
    parent_span_id: readId(span.parentSpanId, SPAN_ID_BYTES, `${path}.parentSpanId`) || null,
    name: readText(span.name, `${path}.name`),
    start_time_unix_nano: readNanoseconds(span.startTimeUnixNano, `${path}.startTimeUnixNano`),
    end_time_unix_nano: readNanoseconds(span.endTimeUnixNano, `${path}.endTimeUnixNano`),
    kind: readEnum(SPAN_KINDS, "SPAN_KIND_", span.kind, `${path}.kind`),
    status: readStatus(span.status, `${path}.status`),
    attributes: readAttributes(span.attributes, `${path}.attributes`),
    events: readList(span.events, `${path}.events`).map((event, index) =>
      readEvent(event, `${path}.events[${index}]`),
    ),
    links: readList(span.links, `${path}.links`).map((link, index) =>
      readLink(link, `${path}.links[${index}]`),
    ),
    trace_state: textOrNull(span.traceState, `${path}.traceState`),
    flags: readCount(span.flags, `${path}.flags`),
    dropped_attributes_count: readCount(span.droppedAttributesCount, `${path}.droppedAttributesCount`),
    dropped_events_count: readCount(span.droppedEventsCount, `${path}.droppedEventsCount`),
    dropped_links_count: readCount(span.droppedLinksCount, `${path}.droppedLinksCount`),
  };
}

function readSource(
  resourceSpans: Fields,
  scopeSpans: Fields,
  paths: { resource: string; scope: string },
): SpanSource {
  const resource = readFields(resourceSpans.resource, `${paths.resource}.resource`);
  const scope = readFields(scopeSpans.scope, `${paths.scope}.scope`);
  return {
    resource: {
      attributes: readAttributes(resource.attributes, `${paths.resource}.resource.attributes`),
      schema_url: readText(resourceSpans.schemaUrl, `${paths.resource}.schemaUrl`),
    },
    scope: {
      name: readText(scope.name, `${paths.scope}.scope.name`),
      version: readText(scope.version, `${paths.scope}.scope.version`),
      attributes: readAttributes(scope.attributes, `${paths.scope}.scope.attributes`),
      schema_url: readText(scopeSpans.schemaUrl, `${paths.scope}.schemaUrl`),
    },
  };
}

/**
 * Unknown fields are skipped, as OTLP demands; a body that has only unknown fields (snake_case names, another signal)
 * is reported, since nothing of it is kept.
 * @throws Refusal 400 naming the path
 */
export function readSpans(request: unknown): { batches: SpanBatch[]; warning: string | undefined } {
  if (typeof request !== "object" || request === null || Array.isArray(request)) {
    throw malformed("body", "must be an ExportTraceServiceRequest object");
  }
  const { resourceSpans, ...others } = request as Fields;
  const batches = readList(resourceSpans, "resourceSpans").flatMap((item, i) => {
    const resourcePath = `resourceSpans[${i}]`;
    const fields = readFields(item, resourcePath);
    return readList(fields.scopeSpans, `${resourcePath}.scopeSpans`).map((scopeItem, j) => {
      const scopePath = `${resourcePath}.scopeSpans[${j}]`;
      const scopeFields = readFields(scopeItem, scopePath);
      return {
        source: readSource(fields, scopeFields, { resource: resourcePath, scope: scopePath }),
        spans: readList(scopeFields.spans, `${scopePath}.spans`).map((span, k) =>
          readSpan(span, `${scopePath}.spans[${k}]`),
        ),
      };
    });
  });
  const unknown = Object.keys(others);
  const warning =
    resourceSpans === undefined && unknown.length > 0
      ? `Nothing was stored: the body has no resourceSpans, only ${unknown.slice(0, 5).join(", ")}`
      : undefined;
  return { batches, warning };
}
