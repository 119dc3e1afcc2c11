/** What is exported of spans that are not ours is the same with and without us; nothing global is touched. */
import http from "node:http";
import { context, propagation, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { TracerProvider } from "@opentelemetry/sdk-trace";
import { BasicTracerProvider, BatchSpanProcessor, type SpanProcessor } from "@opentelemetry/sdk-trace-base";
import { describe, expect, test } from "vitest";
import { Apie, type ApieOptions, ApieSpanProcessor } from "../../src/index.ts";
import type { SpanLike } from "../../src/model/span.ts";
import { cleanup, options, startServer } from "../support/client.ts";
import { OtlpReceiver } from "../support/otlp-receiver.ts";
import type { RecordingApie } from "../support/recording-apie.ts";
import { countingIds, work } from "./work.ts";

/** Exports the work with the processors that `processors` makes of the exporting one. @returns the bodies that were sent. */
async function exported(
  processors: (exporting: SpanProcessor) => unknown[],
  Provider: typeof BasicTracerProvider | typeof TracerProvider = BasicTracerProvider,
): Promise<string[]> {
  const receiver = await OtlpReceiver.start();
  const exporting = new BatchSpanProcessor(new OTLPTraceExporter({ url: `${receiver.url}/v1/traces` }));
  const provider = new Provider({
    resource: resourceFromAttributes({ "service.name": "shop" }),
    idGenerator: countingIds(),
    spanProcessors: processors(exporting) as SpanProcessor[],
  });
  work(provider.getTracer("library", "1.0.0"));
  await provider.forceFlush();
  await provider.shutdown();
  await receiver.close();
  return receiver.exports.map(({ body }) => body.toString());
}

type Make = (exporting: SpanProcessor, server: RecordingApie) => unknown[];
const ours = (server: RecordingApie, more: ApieOptions = {}) => new ApieSpanProcessor(options(server, more));

const WAYS: Record<string, Make> = {
  "behind the exporter": (exporting, server) => [exporting, ours(server)],
  "before the exporter": (exporting, server) => [ours(server), exporting],
  "around the exporter": (exporting, server) => [ours(server, { forwardTo: exporting as never })],
  "with content": (exporting, server) => [ours(server, { captureContent: true }), exporting],
  "as a client's": (exporting, server) => [new Apie(options(server)).spanProcessor, exporting],
  twice: (exporting, server) => [ours(server), exporting, ours(server)],
  "switched off": (exporting, server) => [ours(server, { enabled: false }), exporting],
};

describe.each([
  ["BasicTracerProvider", BasicTracerProvider],
  ["TracerProvider", TracerProvider],
])("what a %s exports is the same, byte for byte", (_name, Provider) => {
  test.each(Object.entries(WAYS))("%s", async (_way, make) => {
    const server = await startServer();
    const without = await exported((exporting) => [exporting], Provider);
    expect(without.join()).toContain("invoke_agent Desk");
    expect(await exported((exporting) => make(exporting, server), Provider)).toEqual(without);
  });

  test("with an Apie that is down", async () => {
    const server = await startServer();
    await server.close();
    const without = await exported((exporting) => [exporting], Provider);
    const down = { shutdownTimeoutMs: 200, flushTimeoutMs: 200 };
    expect(await exported((exporting) => [ours(server, down), exporting], Provider)).toEqual(without);
  });
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
