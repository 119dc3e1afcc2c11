/** `flush` and `shutdown` end in their time, also when what was noted takes longer than that to be read. */
import { ROOT_CONTEXT } from "@opentelemetry/api";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { expect, test } from "vitest";
import { type ApieOptions, ApieSpanProcessor, type FlushReport } from "../../src/index.ts";
import { cleanup, options, startServer } from "../support/client.ts";
import { until } from "../support/until.ts";

const SPANS = 150;
/** Each is read twice. */
const READ_MS = 4;
const TIME_MS = 100;
/** Half of what it takes to read all. */
const LONG_MS = (SPANS * 2 * READ_MS) / 2;

const total = ({ events }: Pick<FlushReport, "events">): number =>
  events.delivered + events.rejected + events.dropped + events.pending;

/** Spans that take long to read, as one with a megabyte of content does. */
async function slowToRead(more: ApieOptions) {
  const server = await startServer();
  const processor = new ApieSpanProcessor(
    options(server, {
      conventions: [
        {
          name: "slow",
          read: () => {
            const until = performance.now() + READ_MS;
            while (performance.now() < until);
            return { kind: "llm", convention: "slow", llm: {} };
          },
        },
      ],
      ...more,
    }),
  );
  cleanup(() => processor.shutdown());
  const tracer = new BasicTracerProvider({ spanProcessors: [processor] }).getTracer("slow");
  for (let made = 0; made < SPANS; made += 1) tracer.startSpan("call", {}, ROOT_CONTEXT).end();
  return { processor, pipeline: processor.pipeline };
}

async function timed(call: () => Promise<FlushReport | undefined>) {
  const started = performance.now();
  const report = await call();
  return { report, tookMs: performance.now() - started };
}

test("what a flush cannot read in its time is pending, and comes with the next", async () => {
  const { processor, pipeline } = await slowToRead({ flushTimeoutMs: TIME_MS });
  const { report, tookMs } = await timed(() => processor.flush());
  expect(tookMs).toBeLessThan(LONG_MS);
  expect(report).toMatchObject({ ok: false, timedOut: true, events: { dropped: 0, rejected: 0 } });
  expect(report?.events.pending).toBeGreaterThan(SPANS);
  expect(report && total(report)).toBe(2 * SPANS);
  expect(report?.lastError).toBe("starts and ends of spans could not be read in time");
  expect(await pipeline?.flush(20_000)).toMatchObject({
    ok: true,
    events: { delivered: 2 * SPANS, pending: 0, dropped: 0 },
  });
}, 30_000);

test("what a shutdown cannot read in its time is dropped, and counted when it is read", async () => {
  const { pipeline } = await slowToRead({ shutdownTimeoutMs: TIME_MS });
  const { report, tookMs } = await timed(async () => pipeline?.shutdown());
  expect(tookMs).toBeLessThan(LONG_MS);
  expect(report).toMatchObject({ ok: false, timedOut: true, events: { pending: 0 } });
  expect(report?.events.dropped).toBeGreaterThan(SPANS);
  // One span may have been read to begin only: it was told as unfinished, and its end is none of these.
  expect(report && total(report)).toBeGreaterThanOrEqual(2 * SPANS);
  expect(report && total(report)).toBeLessThanOrEqual(2 * SPANS + 1);
  await until(
    "all is looked at",
    () => pipeline?.delivery !== undefined && total(pipeline.delivery.counters) === 2 * SPANS,
  );
}, 30_000);

test("a flush that a shutdown overtakes does not say that all has arrived", async () => {
  const { pipeline } = await slowToRead({ flushTimeoutMs: 20_000, shutdownTimeoutMs: TIME_MS });
  const [flushed, stopped] = await Promise.all([pipeline?.flush(), pipeline?.shutdown()]);
  expect(stopped).toMatchObject({ ok: false, timedOut: true });
  expect(flushed).toMatchObject({ ok: false });
  expect(flushed && total(flushed)).toBeGreaterThanOrEqual(2 * SPANS);
}, 30_000);
