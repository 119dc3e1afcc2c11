/** A dead Apie never holds up OTLP, nor the reverse, however the two are put together. */
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { BasicTracerProvider, BatchSpanProcessor, type SpanProcessor } from "@opentelemetry/sdk-trace-base";
import { describe, expect, test } from "vitest";
import { type ApieOptions, ApieSpanProcessor } from "../../src/index.ts";
import { cleanup, options, startServer } from "../support/client.ts";
import { OtlpReceiver } from "../support/otlp-receiver.ts";
import { until } from "../support/until.ts";
import { work } from "./work.ts";

type Make = (exporting: SpanProcessor, ours: (more?: ApieOptions) => ApieSpanProcessor) => unknown[];

const WAYS: Record<string, Make> = {
  "ours first": (exporting, ours) => [ours(), exporting],
  "ours last": (exporting, ours) => [exporting, ours()],
  "ours around it": (exporting, ours) => [ours({ forwardTo: exporting as never })],
};

async function setup(make: Make) {
  const server = await startServer();
  const receiver = await OtlpReceiver.start();
  cleanup(() => receiver.close());
  const exporter = new OTLPTraceExporter({ url: `${receiver.url}/v1/traces`, timeoutMillis: 1_000 });
  const exporting = new BatchSpanProcessor(exporter, { scheduledDelayMillis: 50 });
  const deadline = { flushTimeoutMs: 1_000, shutdownTimeoutMs: 200 };
  const made: ApieSpanProcessor[] = [];
  const processors = make(exporting, (more) => {
    const processor = new ApieSpanProcessor(options(server, { ...deadline, ...more }));
    made.push(processor);
    return processor;
  });
  const [processor] = made;
  if (processor === undefined) throw new Error("no processor of ours");
  const provider = new BasicTracerProvider({ spanProcessors: processors as SpanProcessor[] });
  return { server, receiver, processor, provider };
}

/** Whether it is still under way. */
function underWay(promise: Promise<unknown>): () => boolean {
  let isOver = false;
  const over = (): void => {
    isOver = true;
  };
  promise.then(over, over);
  return () => !isOver;
}

describe.each(Object.entries(WAYS))("%s", (_way, make) => {
  test.each(["forceFlush", "shutdown"] as const)(
    "with a dead Apie, %s sends spans over OTLP at once",
    async (end) => {
      const { server, receiver, provider } = await setup(make);
      server.fail("/", "hang");
      work(provider.getTracer("library"));
      const ending = provider[end]();
      const isEnding = underWay(ending);
      await until("the spans", () => receiver.names.includes("chat m"));
      expect(isEnding()).toBe(true);
      server.dropConnections();
      await ending;
      await provider.shutdown();
    },
  );

  test("with a dead OTLP receiver, Apie gets everything at once", async () => {
    const { server, receiver, processor, provider } = await setup(make);
    receiver.hangs = true;
    work(provider.getTracer("library"));
    expect(await processor.flush()).toMatchObject({ ok: true, events: { pending: 0, dropped: 0 } });
    const ending = provider.shutdown();
    const isEnding = underWay(ending);
    await server.received(/\/complete$/, 2);
    expect(isEnding()).toBe(true);
    receiver.hangs = false;
    await receiver.close();
    await ending.catch(() => undefined);
  });

  test("with no flush at all, both get everything in their own time", async () => {
    const { server, receiver, provider } = await setup(make);
    work(provider.getTracer("library"));
    await until("the spans", () => receiver.names.includes("chat m"));
    await server.received(/\/complete$/, 2);
    await provider.shutdown();
  });
});
