/** A sampler that is not wrapped hides runs: that is told once, and what is lost is counted. */
import { context, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { suppressTracing } from "@opentelemetry/core";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace-base";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type ApieOptions, ApieSpanProcessor, type DropInfo, recordAgentSpans } from "../../src/index.ts";
import { runsAt } from "../api/support/api.ts";
import { cleanup, options, setup, startServer } from "../support/client.ts";
import { startOtel } from "../support/otel.ts";

const off = new AlwaysOffSampler();
const on = new AlwaysOnSampler();

/** Options under which what is told, and what is dropped, is kept. */
function listening() {
  const told: string[] = [];
  const drops: DropInfo[] = [];
  const more: ApieOptions = {
    onError: (error) => void told.push(error.code),
    onDrop: (info) => void drops.push(info),
  };
  return { told, drops, more };
}

describe("the API", () => {
  test("tells it once, and counts each run and session", async () => {
    const { told, drops, more } = listening();
    const { apie, server } = await setup(more, { sampler: off });
    for (const nth of [1, 2, 3]) {
      const answer = apie.withRun({}, () => apie.withTool({ tool: { name: "t" } }, () => nth));
      expect(await answer).toBe(nth);
    }
    await apie.withSession({}, () => 1);
    const handle = await apie.sessions.start();
    apie.sessions.complete(handle);
    expect(told).toEqual(["not_sampled"]);
    const report = await apie.flush();
    expect(report).toMatchObject({
      ok: true,
      runs: { dropped: 3, opened: 0, pending: 0 },
      sessions: { dropped: 3, opened: 0, pending: 0 },
      reasons: { not_sampled: 6 },
    });
    expect(apie.queueDiagnostics()).toMatchObject({ reasons: { not_sampled: 6 }, runs: { dropped: 3 } });
    expect(drops.map(({ what, outcome, reason, type }) => [what, outcome, reason, type].join(" "))).toEqual([
      ...Array.from({ length: 3 }, () => "run dropped not_sampled open"),
      ...Array.from({ length: 2 }, () => "session dropped not_sampled open"),
      "session dropped not_sampled complete",
    ]);
    expect(new Set(drops.map(({ runId, sessionId }) => runId ?? sessionId)).size).toBe(5);
    expect(runsAt(server)).toEqual([]);
  });

  test("of a ratio, what is not at Apie is counted", async () => {
    const { told, more } = listening();
    const { apie, server } = await setup(more, { sampler: new TraceIdRatioBasedSampler(0.5) });
    for (let nth = 0; nth < 40; nth += 1) await apie.withRun({}, () => nth);
    const { runs } = await apie.flush();
    expect(runs.opened + runs.dropped).toBe(40);
    expect(runs.opened).toBe(runsAt(server).length);
    expect(runs.dropped).toBeGreaterThan(0);
    expect(told).toEqual(["not_sampled"]);
  });

  test.each<[string, Sampler]>([
    ["a wrapped sampler", recordAgentSpans(off)],
    ["one that takes everything", on],
  ])("says nothing of %s", async (_name, sampler) => {
    const { told, more } = listening();
    const { apie } = await setup(more, { sampler });
    await apie.withRun({}, () => 1);
    expect(await apie.flush()).toMatchObject({ runs: { completed: 1, dropped: 0 }, reasons: {} });
    expect(told).toEqual([]);
  });

  test("tells suppressed tracing from a missing SDK", async () => {
    const { told, more } = listening();
    const { apie } = await setup(more);
    await context.with(suppressTracing(context.active()), () => apie.withRun({}, () => 1));
    trace.disable();
    await apie.withRun({}, () => 1);
    expect(told).toEqual(["suppressed", "provider_missing"]);
    const { runs, reasons } = await apie.flush();
    expect({ runs: runs.dropped, reasons }).toEqual({
      runs: 2,
      reasons: { suppressed: 1, provider_missing: 1 },
    });
  });
});

describe("the processor alone", () => {
  afterEach(() => vi.useRealTimers());

  async function inService(sampler: Sampler | undefined) {
    const { told, more } = listening();
    const processor = new ApieSpanProcessor(options(await startServer(), more));
    const otel = startOtel({ processors: [processor], ...(sampler === undefined ? {} : { sampler }) });
    cleanup(() => otel.close());
    return { told, processor };
  }

  test.each<[string, Sampler]>([
    ["always_off", off],
    ["a ratio", new TraceIdRatioBasedSampler(0.01)],
    ["parentbased_traceidratio", new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.5) })],
    [
      "a wrapper in the wrong place",
      new ParentBasedSampler({ root: off, remoteParentSampled: recordAgentSpans(off) }),
    ],
  ])("tells of %s once, at the first flush", async (_name, sampler) => {
    const { told, processor } = await inService(sampler);
    await processor.forceFlush();
    await processor.flush();
    await processor.shutdown();
    expect(told).toEqual(["not_sampled"]);
  });

  test("and without a flush, soon after it was made", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { told } = await inService(off);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(1_000);
    expect(told).toEqual(["not_sampled"]);
  });

  test.each<[string, Sampler | undefined]>([
    ["a wrapped sampler", recordAgentSpans(new ParentBasedSampler({ root: off }))],
    ["the sampler an SDK has of itself", undefined],
  ])("says nothing of %s", async (_name, sampler) => {
    const { told, processor } = await inService(sampler);
    await processor.forceFlush();
    expect(told).toEqual([]);
  });

  test("asks no sampler that may count what it is asked", async () => {
    const shouldSample = vi.fn(() => ({ decision: SamplingDecision.NOT_RECORD }));
    const { told, processor } = await inService({ shouldSample, toString: () => "AtMostOnePerSecond" });
    await processor.forceFlush();
    expect(shouldSample).not.toHaveBeenCalled();
    expect(told).toEqual([]);
  });

  test("a provider that was registered second is ignored by OpenTelemetry: that is told at the end", async () => {
    const { told, more } = listening();
    const first = startOtel();
    cleanup(() => first.close());
    const processor = new ApieSpanProcessor(options(await startServer(), more));
    const second = new BasicTracerProvider({ spanProcessors: [processor as never] });
    expect(trace.setGlobalTracerProvider(second)).toBe(false);
    trace.getTracer("library").startSpan("lost", {}, ROOT_CONTEXT).end();
    await second.shutdown();
    expect(told).toEqual(["processor_missing"]);
  });
});
