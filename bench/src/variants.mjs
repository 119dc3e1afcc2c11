/**
 * What is compared: each gives the span processors of a provider, a way to wait until everything is delivered, and what is
 * to arrive of a model call and of the span that holds 64 of them.
 */
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

const exporting = (processor, countSpans) => ({
  processors: [processor],
  finish: () => drained(() => processor.forceFlush(), countSpans),
  /** Spans that are to arrive. */
  spansOf: ({ calls, runs }) => calls + runs,
  eventsOf: () => 0,
});

const otlp = ({ url, countSpans }) =>
  exporting(new BatchSpanProcessor(new OTLPTraceExporter({ url: `${url}/v1/traces` })), countSpans);

/** Another build than this one, to compare two of them. */
const BUILD = process.env.BENCH_BUILD ?? "../../dist/index.mjs";

async function apie({ url, batch, maxQueueSize }) {
  const { ApieSpanProcessor } = await import(BUILD);
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
    /** Events that are read and wait. */
    waiting: () => processor.pipeline.delivery.counters.events.pending,
    spansOf: () => 0,
    /** A model call is two; a run's own span is none. */
    eventsOf: ({ calls }) => 2 * calls,
  };
}

/** A client that asks about its tool calls, or does not. */
const guarding =
  (mode) =>
  async ({ url }) => {
    const { Apie } = await import(BUILD);
    const agent = { key: "bench", name: "Bench" };
    const client = new Apie({ apiKey: "k", baseUrl: url, agent, ...(mode === undefined ? {} : { mode }) });
    return { processors: [client.spanProcessor], apie: client, finish: () => client.flush() };
  };

/** Both destinations. */
async function both(job) {
  const [ours, theirs] = [await apie(job), otlp(job)];
  return {
    processors: [...theirs.processors, ...ours.processors],
    finish: async () => {
      const [report] = await Promise.all([ours.finish(), theirs.finish()]);
      return report;
    },
    waiting: ours.waiting,
    spansOf: theirs.spansOf,
    eventsOf: ours.eventsOf,
  };
}

export const VARIANTS = {
  noop: () => ({ processors: [noop], finish: nothing, spansOf: () => 0, eventsOf: () => 0 }),
  otlp,
  langfuse: async ({ url, countSpans }) => {
    const { LangfuseSpanProcessor } = await import("@langfuse/otel");
    return exporting(
      new LangfuseSpanProcessor({ publicKey: "pk", secretKey: "sk", baseUrl: url }),
      countSpans,
    );
  },
  braintrust: async ({ url, countSpans }) => {
    const { BraintrustSpanProcessor } = await import("@braintrust/otel");
    const options = { apiKey: "sk", parent: "project_name:bench", apiUrl: url };
    return exporting(new BraintrustSpanProcessor(options), countSpans);
  },
  apie,
  both,
  post: () => ({ processors: [noop], finish: nothing }),
  "guard-off": guarding(),
  "guard-monitor": guarding("monitor"),
  "guard-enforce": guarding("enforce"),
  "both-25": (job) => both({ ...job, batch: 25 }),
};
