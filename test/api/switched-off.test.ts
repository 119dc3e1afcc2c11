/** When nothing is recorded: callbacks run all the same, nothing waits, and the reason is said once. */
import { AlwaysOffSampler } from "@opentelemetry/sdk-trace-base";
import { describe, expect, test } from "vitest";
import { Apie, type ApieOptions } from "../../src/index.ts";
import { AGENT, cleanup, options, startServer } from "../support/client.ts";
import { type OtelOptions, startOtel } from "../support/otel.ts";
import type { RecordingApie } from "../support/recording-apie.ts";
import { only } from "./support/api.ts";
import { TRACK_CALLS, WORK_CALLS } from "./support/calls.ts";
import { SeenSpans } from "./support/seen-spans.ts";

interface Alone {
  apie: Apie;
  server: RecordingApie;
  problems: string[];
}

/** A client whose processor is in no provider. Whatever waits for Apie waits longer than a test may take. */
async function alone(more: ApieOptions = {}): Promise<Alone> {
  const server = await startServer();
  const problems: string[] = [];
  const apie = new Apie(
    options(server, { flushTimeoutMs: 60_000, onError: (error) => problems.push(error.message), ...more }),
  );
  cleanup(() => apie.shutdown());
  return { apie, server, problems };
}

function withSdk(more: OtelOptions = {}): SeenSpans {
  const seen = new SeenSpans();
  const otel = startOtel({ ...more, processors: [seen, ...(more.processors ?? [])] });
  cleanup(() => otel.close());
  return seen;
}

async function everything(apie: Apie): Promise<void> {
  for (const { run } of Object.values(WORK_CALLS)) {
    expect(await run(apie, () => 42)).toBe(42);
    const error = new Error("no");
    await expect(run(apie, () => Promise.reject(error))).rejects.toBe(error);
    const stream = await run(apie, async function* () {
      yield 1;
    } as never);
    for await (const piece of stream as AsyncIterable<number>) expect(piece).toBe(1);
  }
  for (const { tell } of Object.values(TRACK_CALLS)) tell(apie);
  const run = apie.runs.start();
  expect(run.in(() => 42)).toBe(42);
  expect(await run.apieId()).toBeUndefined();
  expect(apie.runs.complete(run)).toBe(true);
  const handle = await apie.sessions.start();
  expect(handle).not.toHaveProperty("apieId");
  expect(apie.sessions.resume(handle, () => 42)).toBe(42);
  apie.sessions.complete(handle);
  await apie.withSession({}, async (session) => expect(await session.apieId()).toBeUndefined());
}

const runRequests = (server: RecordingApie) => server.to(/^\/v1\/(?:runs|sessions|events)/);

describe("without an OpenTelemetry SDK", () => {
  test("everything runs, at once, and the remedy is said once", async () => {
    const { apie, server, problems } = await alone();
    await everything(apie);
    expect(await apie.flush()).toMatchObject({ ok: true, events: { delivered: 0 } });
    expect(runRequests(server)).toEqual([]);
    expect(only(problems)).toContain("startApie()");
  });

  test("there is no traceparent", async () => {
    const { apie } = await alone();
    expect(await apie.withRun({}, (run) => run.traceparent)).toBeUndefined();
    expect(await apie.sessions.start()).toEqual({ id: expect.any(String), kind: "single_agent" });
    expect(apie.propagation.headers("http://localhost/")).toEqual({});
  });

  test("a provider registered later is used from then on", async () => {
    const { apie, server } = await alone();
    await apie.withRun({}, () => 1);
    withSdk({ processors: [apie.spanProcessor] });
    await apie.withRun({}, () => 1);
    await apie.flush();
    expect(server.to("/v1/runs")).toHaveLength(1);
  });
});

describe("with a provider our processor is not in", () => {
  test("spans go to OTLP, nothing to Apie, and the remedy is said once", async () => {
    const { apie, server, problems } = await alone();
    const seen = withSdk();
    await everything(apie);
    await apie.flush();
    expect(seen.ours.length).toBeGreaterThan(20);
    expect(runRequests(server)).toEqual([]);
    expect(only(problems)).toContain("add apie.spanProcessor");
  });
});

describe("with a sampler that drops our spans", () => {
  test("the remedy is said once", async () => {
    const { apie, server, problems } = await alone();
    withSdk({ sampler: new AlwaysOffSampler(), processors: [apie.spanProcessor] });
    await everything(apie);
    await apie.flush();
    expect(runRequests(server)).toEqual([]);
    expect(only(problems)).toContain("recordAgentSpans");
  });
});

describe("the client's own provider", () => {
  test("is used instead of the global one", async () => {
    const own = new SeenSpans();
    const provider = startOtel({ processors: [own] });
    cleanup(() => provider.close());
    const { apie } = await alone({ tracerProvider: provider.provider });
    await apie.withRun({}, () => 1);
    expect(own.operations).toEqual(["run"]);
  });

  test("that throws breaks nothing, and that is said once", async () => {
    const { apie, problems } = await alone({
      tracerProvider: {
        getTracer() {
          throw new Error("broken provider");
        },
      },
    });
    await everything(apie);
    expect(problems.some((problem) => problem.includes("broken provider"))).toBe(true);
    expect(problems.length).toBeLessThanOrEqual(2);
  });

  test("whose spans throw breaks nothing", async () => {
    const broken = () => {
      throw new Error("broken span");
    };
    const span = {
      spanContext: () => ({ traceId: "0".repeat(32), spanId: "0".repeat(16), traceFlags: 0 }),
      isRecording: () => true,
      setAttribute: broken,
      setAttributes: broken,
      addEvent: broken,
      setStatus: broken,
      end: broken,
    };
    const { apie, problems } = await alone({
      tracerProvider: { getTracer: () => ({ startSpan: () => span }) },
    });
    await everything(apie);
    expect(problems.some((problem) => problem.includes("broken span"))).toBe(true);
  });
});

describe("enabled: false", () => {
  test("needs no key and no address, sends nothing, and spans still go to OTLP", async () => {
    const problems: string[] = [];
    const apie = new Apie({ enabled: false, agent: AGENT, onError: (error) => problems.push(error.message) });
    const seen = withSdk({ processors: [apie.spanProcessor] });
    await everything(apie);
    expect(seen.ours.length).toBeGreaterThan(20);
    expect(seen.findings()).toEqual([]);
    expect(problems).toEqual([]);
    expect(await apie.flush()).toMatchObject({ ok: true, events: { delivered: 0, pending: 0 } });
  });

  test("what asks Apie answers as if it had been told", async () => {
    const apie = new Apie({ enabled: false, agent: AGENT });
    expect(await apie.ready()).toEqual({});
    expect(await apie.identify()).toEqual({});
    expect([apie.agentId, apie.agentVersionId]).toEqual([undefined, undefined]);
    await apie.capabilities.declare([{ tool: { name: "search" } }]);
    await apie.tools.define({ name: "search" });
    expect(await apie.validateEvents({ type: "own", agentKey: "support" })).toMatchObject({ valid: true });
    expect(apie.queueDiagnostics()).toMatchObject({ queueSize: 0, events: { delivered: 0 } });
    await expect(apie.sendTestEvent()).rejects.toMatchObject({ code: "disabled" });
    expect(await apie.shutdown()).toMatchObject({ ok: true });
    expect(await apie.shutdown()).toMatchObject({ ok: true });
  });

  test("a processor behind it is still called, flushed and shut down", async () => {
    const calls: string[] = [];
    const apie = new Apie({
      enabled: false,
      agent: AGENT,
      forwardTo: {
        onStart: () => void calls.push("start"),
        onEnd: () => void calls.push("end"),
        forceFlush: async () => void calls.push("flush"),
        shutdown: async () => void calls.push("shutdown"),
      },
    });
    withSdk({ processors: [apie.spanProcessor] });
    await apie.withRun({}, () => 1);
    await apie.spanProcessor.forceFlush();
    await apie.shutdown();
    expect(calls).toEqual(["start", "end", "flush", "shutdown"]);
  });
});
