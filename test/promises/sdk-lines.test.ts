/**
 * One build for every line of the OpenTelemetry SDK: the provider of 2.x, the one of 3.x, and spans as 1.30 hands them over
 * make the same runs and events.
 */
import { TracerProvider } from "@opentelemetry/sdk-trace";
import { BasicTracerProvider, type ReadableSpan, type SpanProcessor } from "@opentelemetry/sdk-trace-base";
import { expect, test } from "vitest";
import { ApieSpanProcessor } from "../../src/index.ts";
import type { SpanLike } from "../../src/model/span.ts";
import { options, startServer } from "../support/client.ts";
import { countingIds, work } from "./work.ts";

/** Where 1.x differs: the parent by its id alone, and the scope by its old name. */
const RENAMED = new Set(["parentSpanContext", "instrumentationScope"]);

function asOfSdk1(span: ReadableSpan): SpanLike {
  const older = new Proxy(span, {
    has: (target, key) => !RENAMED.has(String(key)) && Reflect.has(target, key),
    get(target, key) {
      if (key === "parentSpanId") return target.parentSpanContext?.spanId;
      if (key === "instrumentationLibrary") return target.instrumentationScope;
      if (RENAMED.has(String(key))) return undefined;
      const member: unknown = Reflect.get(target, key, target);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
  return older as unknown as SpanLike;
}

const sdk1 = (processor: ApieSpanProcessor): SpanProcessor => ({
  onStart: (span, parent) => processor.onStart(asOfSdk1(span), parent),
  onEnd: (span) => processor.onEnd(asOfSdk1(span)),
  forceFlush: () => processor.forceFlush(),
  shutdown: () => processor.shutdown(),
});

const asItIs = (processor: ApieSpanProcessor): SpanProcessor => processor as unknown as SpanProcessor;

/** What Apie was told, without what differs from one process to the next. */
async function told(
  Provider: typeof BasicTracerProvider | typeof TracerProvider,
  form: (processor: ApieSpanProcessor) => SpanProcessor,
): Promise<unknown[]> {
  const server = await startServer();
  const processor = new ApieSpanProcessor(options(server));
  const provider = new Provider({ idGenerator: countingIds(), spanProcessors: [form(processor)] });
  work(provider.getTracer("library"));
  await provider.forceFlush();
  await provider.shutdown();
  // Ids of runs are the server's, given in the order of arrival.
  return server.events.map(({ run_id: _, ...event }) => JSON.stringify(event)).toSorted();
}

test("2.x, 3.x and 1.30 tell the same", async () => {
  const second = await told(BasicTracerProvider, asItIs);
  expect(second.length).toBeGreaterThan(5);
  expect(await told(TracerProvider, asItIs)).toEqual(second);
  expect(await told(BasicTracerProvider, sdk1)).toEqual(second);
});
