/** What is compared: each gives the span processors of a provider and a way to wait until everything is delivered. */
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";

const nothing = () => undefined;
const noop = { onStart: nothing, onEnd: nothing, forceFlush: nothing, shutdown: nothing };

/** Flushes until the sink's count stands still: `forceFlush` of the batch processor does not wait for a batch under way. */
async function drained(flush, countAtSink) {
  let last = -1;
  for (;;) {
    await flush();
    const now = await countAtSink();
    if (now === last) return;
    last = now;
  }
}

export const VARIANTS = {
  none: () => ({ processors: [], finish: nothing }),
  noop: () => ({ processors: [noop], finish: nothing }),
  otlp: ({ url, countSpans }) => {
    const processor = new BatchSpanProcessor(new OTLPTraceExporter({ url: `${url}/v1/traces` }));
    return { processors: [processor], finish: () => drained(() => processor.forceFlush(), countSpans) };
  },
  langfuse: async ({ url, countSpans }) => {
    const { LangfuseSpanProcessor } = await import("@langfuse/otel");
    const processor = new LangfuseSpanProcessor({ publicKey: "pk", secretKey: "sk", baseUrl: url });
    return { processors: [processor], finish: () => drained(() => processor.forceFlush(), countSpans) };
  },
  braintrust: async ({ url, countSpans }) => {
    const { BraintrustSpanProcessor } = await import("@braintrust/otel");
    const processor = new BraintrustSpanProcessor({
      apiKey: "sk",
      parent: "project_name:bench",
      apiUrl: url,
    });
    return { processors: [processor], finish: () => drained(() => processor.forceFlush(), countSpans) };
  },
  apie: async ({ url, batch, maxQueueSize }) => {
    const { ApieSpanProcessor } = await import(process.env.BENCH_DIST || "../../dist/index.mjs");
    const processor = new ApieSpanProcessor({
      apiKey: "k",
      baseUrl: url,
      agent: { key: "bench", name: "Bench" },
      ...(batch === undefined ? {} : { maxBatchSize: batch }),
      flushTimeoutMs: 120_000,
      ...(maxQueueSize === undefined ? {} : { maxQueueSize }),
    });
    return {
      processors: [processor],
      finish: async () => {
        const report = await processor.flush();
        if (!report.ok) throw new Error(`not delivered: ${JSON.stringify(report)}`);
        return report;
      },
    };
  },
};
