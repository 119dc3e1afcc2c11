/**
 * Spans in the words of OTLP/JSON, twice: as the SDK holds what we wrote, and as the Collector gives it back. Written from the
 * protocol (https://opentelemetry.io/docs/specs/otlp/), with nothing of the exporters, so that they are checked, too.
 */
import type { Attributes, AttributeValue, HrTime } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace-base";

interface OtlpValue {
  stringValue?: string;
  boolValue?: boolean;
  intValue?: string | number;
  doubleValue?: number | string;
  arrayValue?: { values?: OtlpValue[] };
}

type OtlpAttributes = { key: string; value: OtlpValue }[];

interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  traceState?: string;
  flags?: number;
  name: string;
  kind?: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes?: OtlpAttributes;
  events?: { timeUnixNano: string; name: string; attributes?: OtlpAttributes }[];
  links?: {
    traceId: string;
    spanId: string;
    traceState?: string;
    flags?: number;
    attributes?: OtlpAttributes;
  }[];
  status?: { code?: number; message?: string };
  droppedAttributesCount?: number;
  droppedEventsCount?: number;
  droppedLinksCount?: number;
}

export interface OtlpResourceSpans {
  resource?: { attributes?: OtlpAttributes };
  schemaUrl?: string;
  scopeSpans?: { scope?: { name?: string; version?: string }; schemaUrl?: string; spans?: OtlpSpan[] }[];
}

/** A value with its type, which JavaScript would not keep apart: `int 3`, `double 0.5`. */
type Typed = string | Typed[];
type TypedAttributes = Record<string, Typed>;

export interface Compared {
  traceId: string;
  spanId: string;
  parentSpanId: string;
  traceState: string;
  flags: number;
  name: string;
  kind: number;
  start: string;
  end: string;
  attributes: TypedAttributes;
  events: { at: string; name: string; attributes: TypedAttributes }[];
  links: {
    traceId: string;
    spanId: string;
    traceState: string;
    flags: number;
    attributes: TypedAttributes;
  }[];
  status: { code: number; message: string };
  dropped: [attributes: number, events: number, links: number];
  scope: { name: string; version: string; schemaUrl: string };
  resource: TypedAttributes;
  resourceSchemaUrl: string;
}

// ---- as the SDK holds it ---------------------------------------------------------------------------------------

/** Kinds count from 1 in OTLP, where 0 is "not told". */
const KIND_OFFSET = 1;
/** Bits of `flags` that say whether the parent, or a link's target, is known to be remote. */
const IS_REMOTE_KNOWN = 0x100;
const IS_REMOTE = 0x200;

const nanoseconds = ([seconds, nanos]: HrTime): string =>
  String(BigInt(seconds) * 1_000_000_000n + BigInt(nanos));

function typed(value: AttributeValue | null | undefined): Typed {
  if (Array.isArray(value))
    return value.map((item: string | number | boolean | null | undefined) => typed(item));
  if (typeof value === "number") return Number.isInteger(value) ? `int ${value}` : `double ${value}`;
  return `${typeof value} ${value}`;
}

const typedAttributes = (attributes: Attributes | undefined): TypedAttributes =>
  Object.fromEntries(Object.entries(attributes ?? {}).map(([key, value]) => [key, typed(value)]));

const flags = (traceFlags: number, isRemote: boolean | undefined): number =>
  traceFlags | IS_REMOTE_KNOWN | (isRemote === true ? IS_REMOTE : 0);

export function written(span: ReadableSpan): Compared {
  const { traceId, spanId, traceState, traceFlags } = span.spanContext();
  const { name, version, schemaUrl } = span.instrumentationScope;
  return {
    traceId,
    spanId,
    parentSpanId: span.parentSpanContext?.spanId ?? "",
    traceState: traceState?.serialize() ?? "",
    flags: flags(traceFlags, span.parentSpanContext?.isRemote),
    name: span.name,
    kind: span.kind + KIND_OFFSET,
    start: nanoseconds(span.startTime),
    end: nanoseconds(span.endTime),
    attributes: typedAttributes(span.attributes),
    events: span.events.map((event) => ({
      at: nanoseconds(event.time),
      name: event.name,
      attributes: typedAttributes(event.attributes),
    })),
    links: span.links.map(({ context, attributes }) => ({
      traceId: context.traceId,
      spanId: context.spanId,
      traceState: context.traceState?.serialize() ?? "",
      flags: flags(context.traceFlags, context.isRemote),
      attributes: typedAttributes(attributes),
    })),
    status: { code: span.status.code, message: span.status.message ?? "" },
    dropped: [span.droppedAttributesCount, span.droppedEventsCount, span.droppedLinksCount],
    scope: { name, version: version ?? "", schemaUrl: schemaUrl ?? "" },
    resource: typedAttributes(span.resource.attributes as Attributes),
    resourceSchemaUrl: span.resource.schemaUrl ?? "",
  };
}

// ---- as it comes back ------------------------------------------------------------------------------------------

function read(value: OtlpValue): Typed {
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(read);
  if (value.stringValue !== undefined) return `string ${value.stringValue}`;
  if (value.boolValue !== undefined) return `boolean ${value.boolValue}`;
  if (value.intValue !== undefined) return `int ${value.intValue}`;
  if (value.doubleValue !== undefined) return `double ${value.doubleValue}`;
  return JSON.stringify(value);
}

const readAttributes = (attributes: OtlpAttributes | undefined): TypedAttributes =>
  Object.fromEntries((attributes ?? []).map(({ key, value }) => [key, read(value)]));

export function cameBack(batches: readonly OtlpResourceSpans[]): Compared[] {
  return batches.flatMap(({ resource, schemaUrl: resourceSchemaUrl = "", scopeSpans = [] }) =>
    scopeSpans.flatMap(({ scope, schemaUrl = "", spans = [] }) =>
      spans.map((span) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentSpanId: span.parentSpanId ?? "",
        traceState: span.traceState ?? "",
        flags: span.flags ?? 0,
        name: span.name,
        kind: span.kind ?? 0,
        start: span.startTimeUnixNano,
        end: span.endTimeUnixNano,
        attributes: readAttributes(span.attributes),
        events: (span.events ?? []).map((event) => ({
          at: event.timeUnixNano,
          name: event.name,
          attributes: readAttributes(event.attributes),
        })),
        links: (span.links ?? []).map((link) => ({
          traceId: link.traceId,
          spanId: link.spanId,
          traceState: link.traceState ?? "",
          flags: link.flags ?? 0,
          attributes: readAttributes(link.attributes),
        })),
        status: { code: span.status?.code ?? 0, message: span.status?.message ?? "" },
        dropped: [
          span.droppedAttributesCount ?? 0,
          span.droppedEventsCount ?? 0,
          span.droppedLinksCount ?? 0,
        ],
        scope: { name: scope?.name ?? "", version: scope?.version ?? "", schemaUrl },
        resource: readAttributes(resource?.attributes),
        resourceSchemaUrl,
      })),
    ),
  );
}

/** By id, since exporters group spans by scope. */
export const byId = (spans: readonly Compared[]): Compared[] =>
  spans.toSorted((one, other) => (one.traceId + one.spanId < other.traceId + other.spanId ? -1 : 1));
