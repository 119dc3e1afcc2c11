import { deflateSync, gzipSync } from "node:zlib";
import {
  type Attributes,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from "@opentelemetry/sdk-trace-base";
import protobuf from "protobufjs/light.js";
import { describe, expect, it } from "vitest";
import type { LocalApie } from "../../src/local/index.ts";
import { DESCRIPTOR } from "../../src/local/otlp/descriptor.ts";
import { allPages, call, get, type Json, openRun, post, rawRequest, startApie } from "./support.ts";

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const SPAN = "b7ad6b7169203331";
const LINK = { traceId: "f".repeat(32), spanId: "e".repeat(16), traceFlags: TraceFlags.SAMPLED };

const EXPORTERS: Readonly<Record<string, (url: string) => SpanExporter>> = {
  JSON: (url) => new JsonExporter({ url }),
  "JSON, gzip": (url) => new JsonExporter({ url, compression: "gzip" as never }),
  protobuf: (url) => new ProtobufExporter({ url }),
  "protobuf, gzip": (url) => new ProtobufExporter({ url, compression: "gzip" as never }),
};

const ATTRIBUTES: Attributes = {
  text: "näme \u{1F600}",
  empty: "",
  int: 2 ** 53 - 1,
  negative: -42,
  double: 0.1,
  yes: true,
  no: false,
  texts: ["a", "b"],
  numbers: [1, 2.5],
  flags: [true, false],
};

describe("the real exporters", () => {
  it.each(Object.entries(EXPORTERS))("%s: everything of a span comes back", async (_, exporter) => {
    const apie = await startApie();
    const provider = new BasicTracerProvider({
      resource: resourceFromAttributes({ "service.name": "otlp-test", "service.instance": 7 }),
      spanProcessors: [new BatchSpanProcessor(exporter(`${apie.url}/v1/traces`))],
    });
    const tracer = provider.getTracer("my.scope", "1.2.3");
    const root = tracer.startSpan("root", {
      kind: SpanKind.SERVER,
      startTime: [1_767_225_600, 123_456_789],
      attributes: ATTRIBUTES,
      links: [{ context: LINK, attributes: { "agent.link.type": "caused_by" } }],
    });
    const child = tracer.startSpan(
      "child",
      { startTime: [1_767_225_600, 200_000_001] },
      trace.setSpan(ROOT_CONTEXT, root),
    );
    child.addEvent("exception", { "exception.message": "boom" }, [1_767_225_600, 300_000_002]);
    child.setStatus({ code: SpanStatusCode.ERROR, message: "boom" });
    child.end([1_767_225_601, 3]);
    root.setStatus({ code: SpanStatusCode.OK });
    root.end([1_767_225_602, 4]);
    await provider.forceFlush();
    await provider.shutdown();

    const { traceId } = root.spanContext();
    const { items } = await get(apie, `/api/traces/${traceId}/spans`);
    const source = {
      resource: { attributes: { "service.name": "otlp-test", "service.instance": 7 } },
      scope: { name: "my.scope", version: "1.2.3" },
    };
    expect(items).toMatchObject([
      {
        ...source,
        trace_id: traceId,
        span_id: root.spanContext().spanId,
        parent_span_id: null,
        name: "root",
        kind: "server",
        start_time_unix_nano: "1767225600123456789",
        end_time_unix_nano: "1767225602000000004",
        status: { code: "ok", message: "" },
        links: [
          { trace_id: LINK.traceId, span_id: LINK.spanId, attributes: { "agent.link.type": "caused_by" } },
        ],
      },
      {
        ...source,
        span_id: child.spanContext().spanId,
        parent_span_id: root.spanContext().spanId,
        kind: "internal",
        start_time_unix_nano: "1767225600200000001",
        end_time_unix_nano: "1767225601000000003",
        status: { code: "error", message: "boom" },
        events: [
          {
            name: "exception",
            time_unix_nano: "1767225600300000002",
            attributes: { "exception.message": "boom" },
          },
        ],
      },
    ]);
    expect(items[0]?.attributes).toEqual(ATTRIBUTES);
    expect((items[0]?.flags ?? 0) & 0xff).toBe(TraceFlags.SAMPLED);
  });
});

const ANY_VALUES = [
  { key: "bytes", value: { bytesValue: "AAEC/w==" } },
  { key: "huge", value: { intValue: "9223372036854775807" } },
  { key: "nan", value: { doubleValue: "NaN" } },
  { key: "nothing", value: {} },
  {
    key: "nested",
    value: {
      kvlistValue: {
        values: [
          { key: "__proto__", value: { stringValue: "kept" } },
          { key: "list", value: { arrayValue: { values: [{ intValue: 1 }, { boolValue: false }, {}] } } },
        ],
      },
    },
  },
];

const PLAIN = JSON.parse(
  `{"bytes":"AAEC/w==","huge":"9223372036854775807","nan":"NaN","nothing":null,
    "nested":{"__proto__":"kept","list":[1,false,null]}}`,
);

const span = (fields: object = {}): object => ({
  traceId: TRACE,
  spanId: SPAN,
  name: "span",
  startTimeUnixNano: "1",
  endTimeUnixNano: "2",
  ...fields,
});

const request = (...spans: object[]): object => ({ resourceSpans: [{ scopeSpans: [{ spans }] }] });

const sendTraces = (apie: LocalApie, body: object) => post(apie, "/v1/traces", body);

const spansOf = async (apie: LocalApie): Promise<Json[]> =>
  (await get(apie, `/api/traces/${TRACE}/spans`)).items;

const REQUEST = protobuf.Root.fromJSON(DESCRIPTOR).lookupType("ExportTraceServiceRequest");
const fromHex = (hex: string) => Buffer.from(hex, "hex");

const sendProtobuf = (apie: LocalApie, body: Uint8Array, headers: Record<string, string> = {}) =>
  rawRequest(apie, {
    method: "POST",
    path: "/v1/traces",
    headers: { "content-type": "application/x-protobuf", ...headers },
    body,
  });

describe("values", () => {
  it("nested, binary and out of range ones, from JSON", async () => {
    const apie = await startApie();
    const answer = await sendTraces(apie, request(span({ attributes: ANY_VALUES })));
    expect([answer.status, answer.body]).toEqual([200, {}]);
    const [stored] = await spansOf(apie);
    expect(stored?.attributes).toEqual(PLAIN);
    expect(Object.keys(stored?.attributes.nested ?? {})).toContain("__proto__");
  });

  it("the same from protobuf", async () => {
    const apie = await startApie();
    const message = REQUEST.fromObject(
      request({ ...span({ attributes: ANY_VALUES }), traceId: fromHex(TRACE), spanId: fromHex(SPAN) }),
    );
    const answer = await sendProtobuf(apie, REQUEST.encode(message).finish());
    expect([answer.status, answer.headers["content-type"], answer.body.length]).toEqual([
      200,
      "application/x-protobuf",
      0,
    ]);
    const [stored] = await spansOf(apie);
    expect(stored?.attributes).toEqual(PLAIN);
  });

  it("times and integers written as JSON numbers keep every digit", async () => {
    const apie = await startApie();
    const body = JSON.stringify(
      request(span({ startTimeUnixNano: "@1", endTimeUnixNano: "@2", attributes: ["@3"] })),
    )
      .replace('"@1"', "1767225600123456789")
      .replace('"@2"', " 1767225600123456790 ")
      .replace('"@3"', '{"key":"id","value":{"intValue":-9223372036854775807}}');
    const answer = await rawRequest(apie, {
      method: "POST",
      path: "/v1/traces",
      headers: { "content-type": "application/json" },
      body,
    });
    expect(answer.status).toBe(200);
    expect((await spansOf(apie))[0]).toMatchObject({
      start_time_unix_nano: "1767225600123456789",
      end_time_unix_nano: "1767225600123456790",
      attributes: { id: "-9223372036854775807" },
    });
  });

  it("upper-case ids, enum names, empty parents and invalid links are taken", async () => {
    const apie = await startApie();
    const odd = span({
      traceId: TRACE.toUpperCase(),
      parentSpanId: "",
      kind: "SPAN_KIND_CONSUMER",
      status: { code: "STATUS_CODE_ERROR" },
      links: [{ traceId: "", spanId: "0".repeat(16) }],
      events: null,
      futureField: { a: 1 },
    });
    expect((await sendTraces(apie, request(odd))).status).toBe(200);
    expect((await spansOf(apie))[0]).toMatchObject({
      trace_id: TRACE,
      parent_span_id: null,
      kind: "consumer",
      status: { code: "error" },
      links: [{ trace_id: "", span_id: "" }],
    });
  });
});

describe("storing", () => {
  it("the same span twice is one row; its finished form replaces an unfinished one, never the reverse", async () => {
    const apie = await startApie();
    await sendTraces(apie, request(span({ name: "open", endTimeUnixNano: "0" })));
    await sendTraces(apie, request(span({ name: "done" }), span({ name: "again" })));
    await sendTraces(apie, request(span({ name: "open", endTimeUnixNano: "0" })));
    expect((await spansOf(apie)).map((item) => item.name)).toEqual(["done"]);
  });

  it("a trace pages in order of start, and hex case does not matter", async () => {
    const apie = await startApie();
    const starts = ["3", "1767225600123456789", "1", "1767225600123456788", "2"];
    const spans = starts.map((start, index) =>
      span({ spanId: `${index + 1}`.padStart(16, "0"), startTimeUnixNano: start, endTimeUnixNano: start }),
    );
    await sendTraces(apie, request(...spans));
    const { items, pages } = await allPages(apie, `/api/traces/${TRACE.toUpperCase()}/spans?limit=2`);
    expect(pages).toBe(3);
    expect(items.map((item) => item.start_time_unix_nano)).toEqual([
      "1",
      "2",
      "3",
      "1767225600123456788",
      "1767225600123456789",
    ]);
  });

  it("a run shows the spans of the trace its metadata names", async () => {
    const apie = await startApie();
    await sendTraces(apie, request(span()));
    const run = await openRun(apie, { metadata: { otel: { trace_id: TRACE, span_id: SPAN } } });
    const without = await openRun(apie);
    expect(await get(apie, `/api/runs/${run}/spans`)).toMatchObject({
      trace_id: TRACE,
      span_id: SPAN,
      items: [{ span_id: SPAN }],
    });
    expect(await get(apie, `/api/runs/${without}/spans`)).toEqual({
      trace_id: null,
      span_id: null,
      items: [],
      next_cursor: null,
    });
  });

  it("a trace that is known only when the run completes is found too", async () => {
    const apie = await startApie();
    await sendTraces(apie, request(span()));
    const run = await openRun(apie);
    await post(apie, `/v1/runs/${run}/complete`, {
      status: "completed",
      metadata: { otel: { trace_id: TRACE } },
    });
    expect((await get(apie, `/api/runs/${run}/spans`)).items).toHaveLength(1);
  });
});

describe("what is malformed", () => {
  const AT = "resourceSpans[0].scopeSpans[0].spans[1]";
  it.each<[string, object, string, string]>([
    ["a short trace id", { traceId: "abc" }, `${AT}.traceId`, "16 bytes"],
    ["a trace id in base64", { traceId: "CvdlGRbNQ92ESOshHIAxnA==" }, `${AT}.traceId`, "hex"],
    ["a trace id of zeros", { traceId: "0".repeat(32) }, `${AT}.traceId`, "zero"],
    ["no span id", { spanId: undefined }, `${AT}.spanId`, "required"],
    ["a long span id", { spanId: "ab".repeat(9) }, `${AT}.spanId`, "8 bytes"],
    ["a parent that is not hex", { parentSpanId: "zz".repeat(8) }, `${AT}.parentSpanId`, "hex"],
    [
      "a time in ISO form",
      { startTimeUnixNano: "2026-01-01T00:00:00Z" },
      `${AT}.startTimeUnixNano`,
      "nanoseconds",
    ],
    ["a negative time", { endTimeUnixNano: -5 }, `${AT}.endTimeUnixNano`, "nanoseconds"],
    ["a time after 2262", { endTimeUnixNano: "18446744073709551615" }, `${AT}.endTimeUnixNano`, "2262"],
    ["a name that is a number", { name: 5 }, `${AT}.name`, "string"],
    ["attributes as a map", { attributes: { a: 1 } }, `${AT}.attributes`, "array"],
    [
      "a bare attribute value",
      { attributes: [{ key: "a", value: "b" }] },
      `${AT}.attributes[0].value`,
      "object",
    ],
    [
      "a fraction for an integer",
      { attributes: [{ key: "a", value: { intValue: 1.5 } }] },
      `${AT}.attributes[0].value.intValue`,
      "whole number",
    ],
    [
      "an integer of 65 bits",
      { attributes: [{ key: "a", value: { intValue: "9223372036854775808" } }] },
      `${AT}.attributes[0].value.intValue`,
      "64 bits",
    ],
    [
      "a wrong value deep inside",
      {
        attributes: [
          { key: "a", value: { arrayValue: { values: [{ kvlistValue: { values: [{ key: 1 }] } }] } } },
        ],
      },
      `${AT}.attributes[0].value.arrayValue.values[0].kvlistValue.values[0].key`,
      "string",
    ],
    ["events that are no list", { events: {} }, `${AT}.events`, "array"],
    ["a link with half an id", { links: [{ traceId: "ab" }] }, `${AT}.links[0].traceId`, "16 bytes"],
    ["an unknown kind by name", { kind: "SPAN_KIND_TOOL" }, `${AT}.kind`, "enum"],
  ])("%s is refused by its path, and nothing of the batch is stored", async (_, wrong, path, says) => {
    const apie = await startApie();
    const answer = await sendTraces(apie, request(span({ spanId: "1".repeat(16) }), span(wrong)));
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      code: 3,
      message: `${path}: ${answer.body.error.issues[0]?.message}`,
    });
    expect(answer.body.error.issues[0]?.message).toContain(says);
    expect((await call(apie, "GET", `/api/traces/${TRACE}/spans`)).status).toBe(404);
  });

  it.each([
    ["text", "hello"],
    ["a cut message", Buffer.from([0x0a, 0x7f, 0x01])],
  ])("protobuf that is %s is answered with a Status in protobuf", async (_, body) => {
    const apie = await startApie();
    const answer = await sendProtobuf(apie, Buffer.from(body));
    expect([answer.status, answer.headers["content-type"]]).toEqual([400, "application/x-protobuf"]);
    const status = protobuf.Root.fromJSON(DESCRIPTOR).lookupType("RpcStatus").decode(answer.body);
    expect(status.toJSON()).toMatchObject({
      code: 3,
      message: expect.stringContaining("ExportTraceServiceRequest"),
    });
  });

  it("a protobuf trace id of the wrong length is refused", async () => {
    const apie = await startApie();
    const message = REQUEST.fromObject(
      request({ ...span(), traceId: fromHex("abcd"), spanId: fromHex(SPAN) }),
    );
    const answer = await sendProtobuf(apie, REQUEST.encode(message).finish());
    expect(answer.status).toBe(400);
    expect(answer.body.toString()).toContain("must have 16 bytes");
  });

  it("values nested without end are refused, in both encodings", async () => {
    const apie = await startApie();
    const deep = `${'{"arrayValue":{"values":['.repeat(2_000)}{}${"]}}".repeat(2_000)}`;
    const json = JSON.stringify(request(span({ attributes: [{ key: "a", value: "@" }] }))).replace(
      '"@"',
      deep,
    );
    const headers = { "content-type": "application/json" };
    const answer = await rawRequest(apie, { method: "POST", path: "/v1/traces", headers, body: json });
    expect([answer.status, answer.body.toString()]).toEqual([
      400,
      expect.stringContaining("nests deeper than"),
    ]);
    let bytes: Buffer = Buffer.from([0x0a, 0x01, 0x78]);
    const wrap = (tag: number, inner: Buffer): Buffer => {
      const writer = protobuf.Writer.create().uint32((tag << 3) | 2);
      return Buffer.from(writer.bytes(inner).finish());
    };
    for (let depth = 0; depth < 2_000; depth++) bytes = wrap(5, wrap(1, bytes));
    const attribute = wrap(9, Buffer.concat([wrap(1, Buffer.from("a")), wrap(2, bytes)]));
    const ids = Buffer.concat([wrap(1, fromHex(TRACE)), wrap(2, fromHex(SPAN))]);
    const body = wrap(1, wrap(2, wrap(2, Buffer.concat([ids, attribute]))));
    expect((await sendProtobuf(apie, body)).status).toBe(400);
  });

  it("a body without resourceSpans is taken, as OTLP demands, and said to hold nothing", async () => {
    const apie = await startApie();
    expect((await sendTraces(apie, {})).body).toEqual({});
    const answer = await sendTraces(apie, { resource_spans: [{}] });
    expect(answer.status).toBe(200);
    expect(answer.body.partialSuccess).toMatchObject({
      rejectedSpans: "0",
      errorMessage: expect.stringContaining("resource_spans"),
    });
  });

  it.each(["text/plain", "application/grpc"])("content type %s is 415", async (type) => {
    const apie = await startApie();
    const headers = { "content-type": type };
    expect((await rawRequest(apie, { method: "POST", path: "/v1/traces", headers, body: "{}" })).status).toBe(
      415,
    );
  });
});

describe("compression", () => {
  it("deflate is taken", async () => {
    const apie = await startApie();
    const headers = { "content-type": "application/json", "content-encoding": "deflate" };
    const body = deflateSync(JSON.stringify(request(span())));
    expect((await rawRequest(apie, { method: "POST", path: "/v1/traces", headers, body })).status).toBe(200);
    expect(await spansOf(apie)).toHaveLength(1);
  });

  it("what inflates beyond the limit is refused in the request's encoding", async () => {
    const apie = await startApie({ maxOtlpBodyBytes: 100_000 });
    const bomb = gzipSync(Buffer.alloc(100_000_000));
    expect(bomb.length).toBeLessThan(100_000);
    const answer = await sendProtobuf(apie, bomb, { "content-encoding": "gzip" });
    expect([answer.status, answer.headers["content-type"]]).toEqual([413, "application/x-protobuf"]);
    expect((await sendTraces(apie, request(span()))).status).toBe(200);
  });
});
