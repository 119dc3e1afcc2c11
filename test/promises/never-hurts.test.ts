/** Leaks and harm to the host: the application is never hurt. Our callbacks do not throw or wait, whatever they are handed and whoever fails behind them. */
import { AsyncLocalStorage } from "node:async_hooks";
import { ROOT_CONTEXT } from "@opentelemetry/api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ApieOptions, ApieSpanProcessor } from "../../src/index.ts";
import type { SpanLike } from "../../src/model/span.ts";
import { cleanup, options, setup, startServer } from "../support/client.ts";
import { until } from "../support/until.ts";

/** Each of these would have ended the process, or been printed by it. */
const WIRES = ["unhandledRejection", "uncaughtException", "warning"] as const;
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
beforeEach(() => {
  unhandled.length = 0;
  for (const wire of WIRES) process.on(wire, note);
});
afterEach(async () => {
  await new Promise((resolve) => setImmediate(resolve));
  for (const wire of WIRES) process.off(wire, note);
  expect(unhandled).toEqual([]);
});

const boom = (): never => {
  throw new Error("boom");
};

function span(spanId: string, more: object = {}): SpanLike {
  return {
    name: "chat m",
    kind: 2,
    spanContext: () => ({ traceId: "1".repeat(32), spanId: spanId.padStart(16, "0"), traceFlags: 1 }),
    startTime: [1_700_000_000, 0],
    endTime: [1_700_000_001, 0],
    ended: false,
    status: { code: 0 },
    attributes: { "gen_ai.operation.name": "chat", "gen_ai.request.model": "m" },
    links: [],
    events: [],
    resource: { attributes: {} },
    instrumentationScope: { name: "library" },
    ...more,
  };
}

const circular: Record<string, unknown> = { "gen_ai.operation.name": "chat", "gen_ai.request.model": "m" };
circular["gen_ai.input.messages"] = circular;

const explosive: object = new Proxy(
  {},
  { get: boom, has: boom, ownKeys: boom, getOwnPropertyDescriptor: boom },
);

const DAMAGED: Record<string, unknown> = {
  undefined: undefined,
  null: null,
  "a text": "span",
  "an empty object": {},
  "an object that throws on every touch": explosive,
  "spanContext that throws": span("a", { spanContext: boom }),
  "spanContext of nothing": span("a", { spanContext: () => undefined }),
  "attributes that throw": span("a", { attributes: explosive }),
  "no attributes": span("a", { attributes: undefined }),
  "attributes in a circle": span("a", { attributes: circular }),
  "attributes of other types": span("a", {
    attributes: {
      "gen_ai.operation.name": "chat",
      "gen_ai.request.model": 7n,
      "gen_ai.usage.input_tokens": Symbol("x"),
    },
  }),
  "no times": span("a", { startTime: undefined, endTime: "yesterday" }),
  "a name that is none": span("a", { name: 7 }),
  "events, links and status that are none": span("a", { events: 1, links: null, status: undefined }),
  "a resource that throws": span("a", { resource: explosive }),
  "a scope that throws": span("a", { instrumentationScope: explosive }),
};

describe("a damaged span", () => {
  test.each(Object.entries(DAMAGED))("%s costs itself at most", async (_what, damaged) => {
    const server = await startServer();
    const processor = new ApieSpanProcessor(options(server, { captureContent: true }));
    cleanup(() => processor.shutdown());
    for (const parent of [ROOT_CONTEXT, undefined, explosive]) {
      processor.onStart(damaged as SpanLike, parent);
      processor.onEnding(damaged as SpanLike);
      processor.onEnd(damaged as SpanLike);
    }
    const good = span("c");
    processor.onStart(good, ROOT_CONTEXT);
    processor.onEnd(good);
    await processor.forceFlush();
    expect(server.events.filter(({ type }) => type === "agent.llm.completed").length).toBeGreaterThan(0);
  });
});

const asyncBoom = async (): Promise<never> => boom();

const FAILING: Record<string, ApieOptions> = {
  "redact throws": { redact: boom },
  "onError throws": { onError: boom, baseUrl: "http://127.0.0.1:9" },
  "onError rejects": { onError: asyncBoom as never, baseUrl: "http://127.0.0.1:9" },
  "onDrop throws": { onDrop: boom, maxQueueSize: 1 },
  "queueIdempotencyKey throws": { queueIdempotencyKey: boom },
  "a convention throws": { conventions: [{ name: "mine", read: boom, content: boom, mayTurnOut: boom }] },
  "a transport throws": { transport: boom },
  "a transport rejects": { transport: asyncBoom },
  "a transport gives nothing": { transport: (async () => undefined) as never },
  "a fetch throws": { fetch: boom },
  "a fetch never answers": { fetch: () => new Promise<never>(() => undefined) },
  "a provider throws": { tracerProvider: { getTracer: boom } },
  "a fetch rejects": { fetch: asyncBoom },
  "a fetch gives nothing": { fetch: (async () => undefined) as never },
  "a fetch's body never ends": {
    fetch: async () => new Response(new ReadableStream({ start: () => undefined })),
  },
  "what is behind us throws": {
    forwardTo: {
      onStart: boom,
      onEnding: boom,
      onEnd: boom,
      forceFlush: async () => undefined,
      shutdown: async () => undefined,
    } as never,
  },
  "what is behind us gives no promises": {
    forwardTo: { onStart: boom, onEnd: boom, forceFlush: () => 1, shutdown: () => undefined } as never,
  },
};

test.each(Object.entries(FAILING))("%s: the application's work goes on as ever", async (_what, failing) => {
  const heard: string[] = [];
  const neighbour = {
    onStart: ({ name }: { name: string }) => void heard.push(`+ ${name}`),
    onEnd: ({ name }: { name: string }) => void heard.push(`- ${name}`),
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  };
  const { apie, otel } = await setup(
    { flushTimeoutMs: 150, shutdownTimeoutMs: 150, ...failing },
    { processors: [neighbour] },
  );
  const tracer = otel.provider.getTracer("library");
  const result = { answer: 42 };
  const given = await apie.withRun({ inputSummary: "q" }, async () => {
    tracer
      .startSpan("chat m", { attributes: { "gen_ai.operation.name": "chat", "gen_ai.request.model": "m" } })
      .end();
    return apie.withTool({ tool: { name: "t" } }, () => result);
  });
  expect(given).toBe(result);
  await expect(apie.withRun({}, () => Promise.reject(new RangeError("theirs")))).rejects.toThrow(RangeError);
  await apie.flush();
  // The processors behind ours hear of every span, as do those who export.
  const recorded = failing.tracerProvider === undefined ? ["chat m", "execute_tool t"] : ["chat m"];
  for (const name of recorded) {
    expect(heard).toEqual(expect.arrayContaining([`+ ${name}`, `- ${name}`]));
    expect(otel.span(name).ended).toBe(true);
  }
});

test("what is behind us and fails to flush or shut down says so to whoever asked, and costs ours nothing", async () => {
  const forwardTo = { onStart: () => 0, onEnd: () => 0, forceFlush: boom, shutdown: asyncBoom };
  const server = await startServer();
  const processor = new ApieSpanProcessor(options(server, { forwardTo: forwardTo as never }));
  processor.onStart(span("a"), ROOT_CONTEXT);
  processor.onEnd(span("a", { ended: true }));
  await expect(processor.forceFlush()).rejects.toThrow("boom");
  expect(server.types).toEqual(["agent.llm.called", "agent.llm.completed"]);
  await expect(processor.shutdown()).rejects.toThrow("boom");
});

test("no hook is called on the stack of whoever writes spans, so that a slow one holds up none of them", async () => {
  let isWriting = false;
  const calledIn: Record<string, boolean[]> = { redact: [], key: [], convention: [] };
  const asked = <T>(hook: string, given: T): T => {
    calledIn[hook]?.push(isWriting);
    return given;
  };
  const { apie, otel, server } = await setup({
    redact: (event) => asked("redact", event),
    queueIdempotencyKey: ({ eventId }) => asked("key", String(eventId)),
    conventions: [{ name: "theirs", read: () => asked("convention", undefined) }],
  });
  const tracer = otel.provider.getTracer("library");
  const attributes = { "gen_ai.operation.name": "chat", "gen_ai.request.model": "m" };
  isWriting = true;
  for (let i = 0; i < 100; i += 1) tracer.startSpan("chat m", { attributes }).end();
  isWriting = false;
  expect(await apie.flush()).toMatchObject({ ok: true, events: { delivered: 200 } });
  expect(server.events).toHaveLength(200);
  for (const calls of Object.values(calledIn)) {
    expect(calls.length).toBeGreaterThanOrEqual(100);
    expect(calls).not.toContain(true);
  }
});

test("work does not wait for an Apie that never answers", async () => {
  const { server, apie } = await setup({ shutdownTimeoutMs: 100 });
  server.fail("/", "hang");
  const done = apie.withSession({}, () =>
    apie.withRun({}, () => apie.withTool({ tool: { name: "t" } }, () => "done")),
  );
  // As many turns as the work itself has awaits, and no timer or answer.
  let result: string | undefined;
  void done.then((value) => {
    result = value;
  });
  await new Promise((resolve) => setImmediate(resolve));
  expect(result).toBe("done");
  expect(server.requests.every(({ status }) => status === undefined)).toBe(true);
});

test("our requests and timers do not keep what the application holds in its context", async () => {
  const request = new AsyncLocalStorage<{ user: string }>();
  const seen: unknown[] = [];
  const { apie } = await setup({
    flushIntervalMs: 20,
    transport: async () => {
      seen.push(request.getStore());
      return { kind: "response", status: 200, headers: {}, body: '{"agent_id":"a","id":"r"}' };
    },
  });
  await request.run({ user: "u" }, async () => {
    await apie.withRun({ inputSummary: "q" }, () => apie.withTool({ tool: { name: "t" } }, () => 1));
    await until("identify, open, events, complete", () => seen.length >= 4);
  });
  expect(seen.every((store) => store === undefined)).toBe(true);
});
