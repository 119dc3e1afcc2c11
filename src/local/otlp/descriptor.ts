/**
 * The OTLP trace messages as a protobufjs descriptor: field names and numbers of opentelemetry-proto 1.x
 * (common/v1, resource/v1, trace/v1, collector/trace/v1), and google.rpc.Status, in which errors are answered.
 * Enums are left as numbers; fields not listed here are skipped by the decoder, as protobuf wants it.
 */
import type { INamespace } from "protobufjs/light.js";

type Field = { type: string; id: number; rule?: "repeated" };

const one = (type: string, id: number): Field => ({ type, id });
const many = (type: string, id: number): Field => ({ type, id, rule: "repeated" });

export const DESCRIPTOR: INamespace = {
  nested: {
    ExportTraceServiceRequest: { fields: { resourceSpans: many("ResourceSpans", 1) } },
    ExportTraceServiceResponse: { fields: { partialSuccess: one("ExportTracePartialSuccess", 1) } },
    ExportTracePartialSuccess: { fields: { rejectedSpans: one("int64", 1), errorMessage: one("string", 2) } },
    ResourceSpans: {
      fields: {
        resource: one("Resource", 1),
        scopeSpans: many("ScopeSpans", 2),
        schemaUrl: one("string", 3),
      },
    },
    Resource: { fields: { attributes: many("KeyValue", 1), droppedAttributesCount: one("uint32", 2) } },
    ScopeSpans: {
      fields: { scope: one("InstrumentationScope", 1), spans: many("Span", 2), schemaUrl: one("string", 3) },
    },
    InstrumentationScope: {
      fields: {
        name: one("string", 1),
        version: one("string", 2),
        attributes: many("KeyValue", 3),
        droppedAttributesCount: one("uint32", 4),
      },
    },
    Span: {
      fields: {
        traceId: one("bytes", 1),
        spanId: one("bytes", 2),
        traceState: one("string", 3),
        parentSpanId: one("bytes", 4),
        name: one("string", 5),
        kind: one("int32", 6),
        startTimeUnixNano: one("fixed64", 7),
        endTimeUnixNano: one("fixed64", 8),
        attributes: many("KeyValue", 9),
        droppedAttributesCount: one("uint32", 10),
        events: many("SpanEvent", 11),
        droppedEventsCount: one("uint32", 12),
        links: many("SpanLink", 13),
        droppedLinksCount: one("uint32", 14),
        status: one("SpanStatus", 15),
        flags: one("fixed32", 16),
      },
    },
    SpanEvent: {
      fields: {
        timeUnixNano: one("fixed64", 1),
        name: one("string", 2),
        attributes: many("KeyValue", 3),
        droppedAttributesCount: one("uint32", 4),
      },
    },
    SpanLink: {
      fields: {
        traceId: one("bytes", 1),
        spanId: one("bytes", 2),
        traceState: one("string", 3),
        attributes: many("KeyValue", 4),
        droppedAttributesCount: one("uint32", 5),
        flags: one("fixed32", 6),
      },
    },
    SpanStatus: { fields: { message: one("string", 2), code: one("int32", 3) } },
    KeyValue: { fields: { key: one("string", 1), value: one("AnyValue", 2) } },
    AnyValue: {
      oneofs: {
        value: {
          oneof: [
            "stringValue",
            "boolValue",
            "intValue",
            "doubleValue",
            "arrayValue",
            "kvlistValue",
            "bytesValue",
          ],
        },
      },
      fields: {
        stringValue: one("string", 1),
        boolValue: one("bool", 2),
        intValue: one("int64", 3),
        doubleValue: one("double", 4),
        arrayValue: one("ArrayValue", 5),
        kvlistValue: one("KeyValueList", 6),
        bytesValue: one("bytes", 7),
      },
    },
    ArrayValue: { fields: { values: many("AnyValue", 1) } },
    KeyValueList: { fields: { values: many("KeyValue", 1) } },
    RpcStatus: { fields: { code: one("int32", 1), message: one("string", 2) } },
  },
};
