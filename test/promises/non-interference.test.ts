/**
 * Other exporters corrupted: what is exported of spans that are not ours is the same with and without us, in JSON and in
 * protobuf, and nothing global is touched.
 */
import http from "node:http";
import { context, propagation, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { TracerProvider } from "@opentelemetry/sdk-trace";
import { BasicTracerProvider, BatchSpanProcessor, type SpanProcessor } from "@opentelemetry/sdk-trace-base";
import { describe, expect, test } from "vitest";
import { Apie, type ApieOptions, ApieSpanProcessor } from "../../src/index.ts";
import type { SpanLike } from "../../src/model/span.ts";
import { cleanup, options, startServer } from "../support/client.ts";
import { OtlpReceiver } from "../support/otlp-receiver.ts";
import type { RecordingApie } from "../support/recording-apie.ts";
import { freezing } from "./freezing.ts";
import { countingIds, work } from "./work.ts";

interface Line {
  Provider: typeof BasicTracerProvider | typeof TracerProvider;
  Exporter: typeof JsonExporter | typeof ProtobufExporter;
}

/** Exports the work with the processors that `around` makes of the exporting one. @returns the bodies that were sent. */
async function exported(
  { Provider, Exporter }: Line,
  around: (exporting: SpanProcessor) => unknown[],
): Promise<Buffer[]> {
  const receiver = await OtlpReceiver.start();
  const exporting = new BatchSpanProcessor(new Exporter({ url: `${receiver.url}/v1/traces` }));
  const provider = new Provider({
    resource: resourceFromAttributes({ "service.name": "shop" }),
    idGenerator: countingIds(),
    spanProcessors: around(exporting) as SpanProcessor[],
  });
  work(provider.getTracer("library", "1.0.0"));
  await provider.forceFlush();
  await provider.shutdown();
  await receiver.close();
  return receiver.exports.map(({ body }) => body);
}

type Make = (exporting: SpanProcessor, server: RecordingApie) => unknown[];
const ours = (server: RecordingApie, more: ApieOptions = {}) => new ApieSpanProcessor(options(server, more));
const boom = (): never => {
  throw new Error("boom");
};

const WAYS: Record<string, Make> = {
  "behind the exporter": (exporting, server) => [exporting, ours(server)],
  "before the exporter": (exporting, server) => [ours(server), exporting],
  "around the exporter": (exporting, server) => [ours(server, { forwardTo: exporting as never })],
  "with content": (exporting, server) => [ours(server, { captureContent: true }), exporting],
  "with a redactor that writes into what it is given": (exporting, server) => [
    ours(server, { captureContent: true, redact: (event) => ruined(event) as never }),
    exporting,
  ],
  "with a convention that throws": (exporting, server) => [
    ours(server, { conventions: [{ name: "theirs", read: boom, content: boom }] }),
    exporting,
  ],
  "as a client's": (exporting, server) => [new Apie(options(server)).spanProcessor, exporting],
  twice: (exporting, server) => [ours(server), exporting, ours(server)],
  "switched off": (exporting, server) => [ours(server, { enabled: false }), exporting],
  "where a processor before us freezes what has ended": (exporting, server) => [
    freezing,
    ours(server, { captureContent: true }),
    exporting,
  ],
};

/** Every text is another, at any depth. */
function ruined(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  for (const [name, member] of Object.entries(value)) {
    (value as Record<string, unknown>)[name] = typeof member === "string" ? "ruined" : ruined(member);
  }
  return value;
}

describe.each<[name: string, line: Line]>([
  ["BasicTracerProvider, as JSON", { Provider: BasicTracerProvider, Exporter: JsonExporter }],
  ["BasicTracerProvider, as protobuf", { Provider: BasicTracerProvider, Exporter: ProtobufExporter }],
  ["TracerProvider, as JSON", { Provider: TracerProvider, Exporter: JsonExporter }],
  ["TracerProvider, as protobuf", { Provider: TracerProvider, Exporter: ProtobufExporter }],
])("what a %s exports is the same, byte for byte", (_name, line) => {
  test.each(Object.entries(WAYS))("%s", async (_way, make) => {
    const server = await startServer();
    const without = await exported(line, (exporting) => [exporting]);
    expect(without.join()).toContain("invoke_agent Desk");
    expect(await exported(line, (exporting) => make(exporting, server))).toEqual(without);
  });

  test("with an Apie that is down", async () => {
    const server = await startServer();
    await server.close();
    const without = await exported(line, (exporting) => [exporting]);
    const down = { shutdownTimeoutMs: 200, flushTimeoutMs: 200 };
    expect(await exported(line, (exporting) => [ours(server, down), exporting])).toEqual(without);
  });
});

test("spans whose attributes are frozen are read like others", async () => {
  const told = async (before: SpanProcessor[]): Promise<string[]> => {
    const server = await startServer();
    const processor = ours(server, { captureContent: true });
    const spanProcessors = [...before, processor as unknown as SpanProcessor];
    const provider = new BasicTracerProvider({ idGenerator: countingIds(), spanProcessors });
    work(provider.getTracer("library"));
    await provider.shutdown();
    return server.events.map(({ run_id: _, ...event }) => JSON.stringify(event)).toSorted();
  };
  const usual = await told([]);
  expect(usual.length).toBeGreaterThan(5);
  expect(await told([freezing])).toEqual(usual);
});

/** Hands spans on as objects that note every attempt to write to them, at any depth. */
function watched(target: ApieSpanProcessor, writes: string[]): SpanProcessor {
  const seen = new WeakMap<object, object>();
  const MUTATORS = /^(set|add|record|update|end$)/;
  const watch = <T>(value: T, path: string): T => {
    if (typeof value !== "object" || value === null) return value;
    const known = seen.get(value);
    if (known !== undefined) return known as T;
    const noted = (what: string) => () => {
      writes.push(`${what} ${path}`);
      return true;
    };
    const proxy: object = new Proxy(value, {
      get(object, key) {
        const member: unknown = Reflect.get(object, key, object);
        if (typeof member === "function") {
          if (MUTATORS.test(String(key))) writes.push(`${path}.${String(key)}()`);
          return member.bind(object);
        }
        return watch(member, `${path}.${String(key)}`);
      },
      set: noted("set"),
      defineProperty: noted("define"),
      deleteProperty: noted("delete"),
      setPrototypeOf: noted("prototype"),
      preventExtensions: noted("freeze"),
    });
    seen.set(value, proxy);
    return proxy as T;
  };
  return {
    onStart: (span, parent) => target.onStart(watch(span, "span") as unknown as SpanLike, parent),
    onEnd: (span) => target.onEnd(watch(span, "span") as unknown as SpanLike),
    forceFlush: () => target.forceFlush(),
    shutdown: () => target.shutdown(),
  };
}

test("a span of others is read, never written to", async () => {
  const server = await startServer();
  const writes: string[] = [];
  const processor = ours(server, { captureContent: true });
  const provider = new BasicTracerProvider({ spanProcessors: [watched(processor, writes)] });
  work(provider.getTracer("library"));
  await provider.shutdown();
  expect(server.types).toContain("agent.llm.completed");
  expect(writes).toEqual([]);
  // It would have been noticed.
  watched(
    { onStart: (span: { name: string }) => void Object.assign(span, { name: "x" }) } as never,
    writes,
  ).onStart({ name: "y" } as never, ROOT_CONTEXT);
  expect(writes).toEqual(["set span"]);
});

test("a processor and a client set nothing global", async () => {
  const SIGNALS = [
    "exit",
    "beforeExit",
    "SIGTERM",
    "SIGINT",
    "uncaughtException",
    "unhandledRejection",
    "warning",
  ];
  const state = () => ({
    listeners: SIGNALS.map((name) => process.listenerCount(name)),
    clients: [http.request, http.get, globalThis.fetch, http.globalAgent],
    isRecording: trace.getTracer("t").startSpan("s").isRecording(),
    propagates: propagation.fields(),
    keepsContext: context.with(
      ROOT_CONTEXT.setValue(Symbol.for("test"), 1),
      () => context.active() !== ROOT_CONTEXT,
    ),
  });
  const before = state();
  const server = await startServer();
  const apie = new Apie(options(server));
  cleanup(() => apie.shutdown());
  const provider = new BasicTracerProvider({ spanProcessors: [apie.spanProcessor as never] });
  work(provider.getTracer("library"));
  await apie.withRun({}, () => apie.withTool({ tool: { name: "t" } }, () => 1));
  expect(await apie.flush()).toMatchObject({ ok: true });
  expect(state()).toEqual(before);
  expect(before).toMatchObject({ isRecording: false, propagates: [], keepsContext: false });
});
