/**
 * What we emit is OTLP as the reference implementation understands it: through the SDK's exporters into a Collector, and what
 * comes out of that is what we wrote, span by span and member by member.
 */
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  type SpanExporter,
  type SpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { Apie } from "../../src/index.ts";
import { readSpans } from "../../src/local/otlp/read-spans.ts";
import {
  type AgentLinkType,
  type AgentOperationName,
  ATTR_AGENT_LINK_TYPE,
  checkSpan,
  SCHEMA_URL,
} from "../../src/semconv/index.ts";
import { options } from "../support/client.ts";
import { RecordingApie } from "../support/recording-apie.ts";
import { Collector } from "./collector.ts";
import { byId, type Compared, cameBack, written } from "./otlp.ts";
import { importedIds, useEveryCall, useEveryField, useRunInRequest } from "./work.ts";

const binary = inject("collector");

/** Operations and links our API writes; the convention has more, which other instrumentations write. */
const WRITTEN: readonly AgentOperationName[] = [
  "action",
  "approval",
  "error",
  "event",
  "guardrail",
  "handoff",
  "llm_call",
  "mcp_request",
  "resource_access",
  "run",
  "run_start",
  "session",
  "session_end",
  "session_start",
  "tool_call",
  "workflow_step",
];
const LINKED: readonly AgentLinkType[] = [
  "approval_request",
  "caused_by",
  "handoff_source",
  "parent_run",
  "session",
  "started_run",
];

const ENCODINGS = [
  ["JSON", JsonExporter],
  ["protobuf", ProtobufExporter],
] as const;

describe.skipIf(binary === "").each(ENCODINGS)("over %s", (_encoding, Exporter) => {
  let collector: Collector;
  let server: RecordingApie;
  let spans: readonly ReadableSpan[];
  let back: Compared[];

  beforeAll(async () => {
    collector = await Collector.start(binary);
    server = await RecordingApie.start();
    const apie = new Apie(
      options(server, { captureContent: true, runtime: { framework: "none" }, apieIdsOnSpans: true }),
    );
    const memory = new InMemorySpanExporter();
    const exporter = new Exporter({ url: collector.url }) as unknown as SpanExporter;
    const provider = new BasicTracerProvider({
      idGenerator: importedIds(),
      resource: resourceFromAttributes(
        { "service.name": "shop 😀", "process.pid": 7, "process.command_args": ["node", "app.js"] },
        { schemaUrl: "https://opentelemetry.io/schemas/1.37.0" },
      ),
      spanProcessors: [
        apie.spanProcessor as unknown as SpanProcessor,
        new SimpleSpanProcessor(memory),
        new BatchSpanProcessor(exporter),
      ],
    });
    trace.setGlobalTracerProvider(provider);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const library = provider.getTracer("library", "1.2.3", { schemaUrl: "https://example.com/schemas/1" });
    useEveryField(library);
    await useRunInRequest(apie, library);
    await useEveryCall(apie);
    await apie.flush();
    await provider.forceFlush();
    spans = memory.getFinishedSpans();
    back = cameBack(collector.resourceSpans);
    await apie.shutdown();
    await provider.shutdown();
  });

  afterAll(async () => {
    trace.disable();
    context.disable();
    await collector.close();
    await server.close();
  });

  test("every span comes back as it was written", () => {
    expect(spans.length).toBeGreaterThan(30);
    expect(byId(back)).toEqual(byId(spans.map(written)));
  });

  test("among them every operation of our API, with its schema and its links", () => {
    const own = back.filter(({ scope }) => scope.schemaUrl === SCHEMA_URL);
    const operations = new Set(own.map(({ attributes }) => attributes["agent.operation.name"]));
    expect([...operations].toSorted()).toEqual(WRITTEN.map((one) => `string ${one}`));
    const links = own.flatMap((span) => span.links.map(({ attributes }) => attributes[ATTR_AGENT_LINK_TYPE]));
    expect([...new Set(links)].toSorted()).toEqual(LINKED.map((one) => `string ${one}`));
    const ids = new Set(back.map(({ traceId, spanId }) => traceId + spanId));
    for (const { name, links } of own)
      for (const link of links) expect(ids.has(link.traceId + link.spanId), name).toBe(true);
  });

  test("our spans still conform to the convention", () => {
    const own = spans.filter(({ instrumentationScope }) => instrumentationScope.schemaUrl === SCHEMA_URL);
    const departures = own.flatMap(({ name, kind, attributes, links, status }) =>
      checkSpan({ name, kind, attributesAtStart: attributes, attributesAtEnd: attributes, links, status }),
    );
    expect(departures).toEqual([]);
  });

  test("ids of imported runs come back as they are", () => {
    const ids = new Set(back.flatMap(({ traceId, spanId }) => [traceId, spanId]));
    for (const id of ["f".repeat(32), `8${"0".repeat(31)}`, "f".repeat(16), "000000000000000b"])
      expect(ids.has(id), id).toBe(true);
  });

  test("the local Apie reads what the Collector sends as it reads what we send", () => {
    const [first, ...more] = collector.bodies.map((body) => readSpans(JSON.parse(body)));
    const read = [first, ...more].flatMap((one) => one?.batches ?? []).flatMap((batch) => batch.spans);
    expect(read.map(({ trace_id, span_id }) => trace_id + span_id).toSorted()).toEqual(
      back.map(({ traceId, spanId }) => traceId + spanId).toSorted(),
    );
  });
});
