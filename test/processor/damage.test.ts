/** What is wrong with one span, one convention or one processor costs nothing beside it. */
import { ROOT_CONTEXT, SpanStatusCode, trace } from "@opentelemetry/api";
import { describe, expect, test } from "vitest";
import { type ApieOptions, ApieSpanProcessor } from "../../src/index.ts";
import type { SpanLike } from "../../src/model/span.ts";
import { cleanup, options, setup, startServer } from "../support/client.ts";
import { startOtel } from "../support/otel.ts";

const CHAT = { "gen_ai.operation.name": "chat", "gen_ai.request.model": "m" };
const AGENT = { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "Trip" };
const SECRET = "sk-abcdefghijklmnopqrstuvwxyz0123456789";

let spans = 0;
function span(parent: SpanLike | undefined, attributes: object, more: Partial<SpanLike> = {}): SpanLike {
  spans += 1;
  const traceId = parent?.spanContext().traceId ?? spans.toString(16).padStart(32, "0");
  const spanId = spans.toString(16).padStart(16, "0");
  return {
    name: "work",
    spanContext: () => ({ traceId, spanId }),
    parentSpanContext: parent?.spanContext(),
    startTime: [1_700_000_000, 0],
    endTime: [1_700_000_001, 0],
    status: { code: 0 },
    attributes: { ...attributes },
    links: [],
    events: [],
    ...more,
  };
}

async function processorOf(more: ApieOptions = {}) {
  const server = await startServer();
  const processor = new ApieSpanProcessor(options(server, more));
  cleanup(() => processor.shutdown().catch(() => undefined));
  return { server, processor };
}

describe("data a convention of the user's gives", () => {
  const circle: Record<string, unknown> = {};
  circle.circle = circle;
  let shared: object = { deepest: 1 };
  for (let level = 0; level < 60; level += 1) shared = { left: shared, right: shared };
  let nested: object = {};
  for (let level = 0; level < 50_000; level += 1) nested = { nested };
  const hostile = new Proxy(
    {},
    {
      get() {
        throw new Error("not today");
      },
      ownKeys() {
        throw new Error("not today");
      },
    },
  );
  const shapes: Record<string, unknown> = {
    "in a circle": circle,
    "that stands for more than any memory holds": shared,
    "nested beyond any stack": nested,
    "that throws when it is looked at": hostile,
    "that is no object": "text",
  };

  describe.each(Object.entries(shapes))("%s", (_shape, data) => {
    test.each([
      ["metadata", { metadata: data }, 3],
      ["a payload summary", { payloadSummary: data }, 3],
      ["an event's payload", { kind: "event", event: { type: "my.event", payload: data } }, 1],
    ])("as %s costs no event", async (_what, facts, own) => {
      const read = ({ name }: { name: string }) =>
        name === "theirs" ? { kind: "tool", convention: "theirs", tool: { name: "t" }, ...facts } : undefined;
      const { processor } = await processorOf({ conventions: [{ name: "theirs", read: read as never }] });
      const agent = span(undefined, AGENT);
      const theirs = span(agent, {}, { name: "theirs" });
      const chat = span(agent, CHAT);
      for (const each of [agent, theirs, chat]) processor.onStart(each, ROOT_CONTEXT);
      for (const each of [chat, theirs, agent]) processor.onEnd(each);
      expect(await processor.flush()).toMatchObject({
        ok: true,
        events: { delivered: 2 + own, dropped: 0, pending: 0 },
        runs: { opened: 1, completed: 1 },
      });
    });
  });
});

describe("a processor behind ours", () => {
  const quiet = {
    onStart: () => undefined,
    onEnd: () => undefined,
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  };

  test("may throw anything at all", async () => {
    const throws = (): never => {
      throw Object.create(null);
    };
    const { processor } = await processorOf({ forwardTo: { ...quiet, onStart: throws, onEnd: throws } });
    const chat = span(undefined, CHAT);
    expect(() => processor.onStart(chat, ROOT_CONTEXT)).not.toThrow();
    expect(() => processor.onEnd(chat)).not.toThrow();
    expect(await processor.flush()).toMatchObject({ ok: true, events: { delivered: 2 } });
  });

  test("is told of without its secrets", async () => {
    const told: string[] = [];
    const onStart = (): never => {
      throw new Error(`refused ${SECRET}`);
    };
    const { processor } = await processorOf({
      forwardTo: { ...quiet, onStart },
      onError: ({ message }) => void told.push(message),
    });
    processor.onStart(span(undefined, CHAT), ROOT_CONTEXT);
    expect(told).toEqual(["a span processor callback failed: refused [REDACTED]"]);
  });

  test.each(["forceFlush", "shutdown"] as const)("that throws at %s is waited for by ours", async (end) => {
    const throws = (): never => {
      throw new Error("theirs");
    };
    const { server, processor } = await processorOf({ forwardTo: { ...quiet, [end]: throws } });
    const chat = span(undefined, CHAT);
    processor.onStart(chat, ROOT_CONTEXT);
    processor.onEnd(chat);
    await expect(processor[end]()).rejects.toThrow("theirs");
    expect(server.types).toEqual(["agent.llm.called", "agent.llm.completed"]);
  });
});

test("a processor given to a provider twice tells everything once", async () => {
  const { processor } = await processorOf();
  const { provider, close } = startOtel({ processors: [processor, processor] });
  cleanup(close);
  const agent = provider.getTracer("library").startSpan("agent", { attributes: AGENT });
  const inAgent = trace.setSpan(ROOT_CONTEXT, agent);
  provider.getTracer("library").startSpan("chat m", { attributes: CHAT }, inAgent).end();
  agent.end();
  expect(await processor.flush()).toMatchObject({
    ok: true,
    events: { delivered: 2 },
    runs: { opened: 1, completed: 1 },
  });
});

test("spans nested tens of thousands deep are told in time that grows with their number", async () => {
  const { processor } = await processorOf();
  const chain: SpanLike[] = [];
  for (let depth = 0; depth < 40_000; depth += 1) chain.push(span(chain.at(-1), depth === 0 ? AGENT : {}));
  const chat = span(chain.at(-1), CHAT);
  for (const each of [...chain, chat]) processor.onStart(each, ROOT_CONTEXT);
  for (const each of [...chain, chat].reverse()) processor.onEnd(each);
  expect(await processor.flush()).toMatchObject({
    events: { delivered: 2 },
    runs: { opened: 1, completed: 1 },
  });
});

test("a run whose spans were given up is not opened again when they end", async () => {
  const { server, processor } = await processorOf();
  const agent = span(undefined, AGENT);
  const children = Array.from({ length: 50_001 }, () => span(agent, {}));
  for (const each of [agent, ...children]) processor.onStart(each, ROOT_CONTEXT);
  for (const each of [...children, agent]) processor.onEnd(each);
  await processor.shutdown();
  expect(server.to("/v1/runs")).toHaveLength(1);
  expect(server.to(/complete$/).map(({ body }) => body)).toMatchObject([
    { status: "failed", metadata: { closed_by: "evicted" } },
  ]);
});

const RETRIEVAL = { "gen_ai.operation.name": "retrieval", "gen_ai.data_source.id": "docs" };
const TIMEOUT = { code: SpanStatusCode.ERROR, message: "timeout" };

test("each failed retrieval is told, however alike their failures are", async () => {
  const { apie, server, otel } = await setup();
  const tracer = otel.provider.getTracer("library");
  const agent = tracer.startSpan("agent", { attributes: AGENT });
  const inAgent = trace.setSpan(ROOT_CONTEXT, agent);
  for (let n = 0; n < 3; n += 1) {
    tracer.startSpan("retrieval docs", { attributes: RETRIEVAL }, inAgent).setStatus(TIMEOUT).end();
  }
  agent.end();
  await apie.flush();
  expect(server.types).toEqual(["agent.error", "agent.error", "agent.error"]);
});

test("an error that passes through the work above it is told once", async () => {
  const { apie, server, otel } = await setup();
  const tracer = otel.provider.getTracer("library");
  const agent = tracer.startSpan("agent", { attributes: AGENT });
  const inAgent = trace.setSpan(ROOT_CONTEXT, agent);
  tracer.startSpan("retrieval docs", { attributes: RETRIEVAL }, inAgent).setStatus(TIMEOUT).end();
  agent.setStatus(TIMEOUT).end();
  await apie.flush();
  expect(server.types).toEqual(["agent.error"]);
});
