/** Too big: prompts of megabytes, histories of hundreds of messages, images, a thousand attributes, a server that takes little. */
import { randomBytes } from "node:crypto";
import { ROOT_CONTEXT, type Span, trace } from "@opentelemetry/api";
import { BasicTracerProvider, type SpanProcessor } from "@opentelemetry/sdk-trace-base";
import { describe, expect, test } from "vitest";
import { type ApieOptions, ApieSpanProcessor } from "../../src/index.ts";
import { cleanup, options, setup, startServer } from "../support/client.ts";
import type { RecordedRequest, RecordingApie, WireRecord } from "../support/recording-apie.ts";

const CHAT = { "gen_ai.operation.name": "chat", "gen_ai.request.model": "m" };
const MEGABYTE = 1_000_000;
/** Flat, as attributes are. */
const prose = (length: number): string => Buffer.alloc(length, "the quick brown fox jumps over ").toString();
const message = (content: unknown, role = "user") => ({ role, content });

/** A processor of its own in an SDK, as a service has it. */
async function service(more: ApieOptions = {}) {
  const server = await startServer();
  const processor = new ApieSpanProcessor(options(server, { captureContent: true, ...more }));
  const provider = new BasicTracerProvider({ spanProcessors: [processor as unknown as SpanProcessor] });
  cleanup(() => provider.shutdown());
  const tracer = provider.getTracer("library");
  const chat = (attributes: object): Span =>
    tracer.startSpan("chat m", { attributes: { ...CHAT, ...attributes } }, ROOT_CONTEXT);
  return { server, processor, tracer, chat };
}

function only(server: RecordingApie, type: string): WireRecord {
  const [event, ...more] = server.eventsOf(type);
  if (event === undefined || more.length > 0) throw new Error(`not one ${type} among ${server.types}`);
  return event;
}

const answerOf = (request: RecordedRequest | undefined) =>
  (request?.answer ?? {}) as { id?: string; session_id?: string };

const payloadOf = (event: WireRecord): Record<string, unknown> =>
  event.payload_summary as Record<string, unknown>;

describe("a prompt of 10 MB", () => {
  const prompt = `Answer in French. ${prose(10 * MEGABYTE)} What is the capital of Peru?`;

  test.each([
    ["as text", { "gen_ai.prompt": prompt }],
    ["in a message", { "gen_ai.input.messages": JSON.stringify([message(prompt)]) }],
  ])("%s, captured: its beginning and its end arrive, marked", async (_what, attributes) => {
    const { server, processor, chat } = await service();
    chat(attributes).end();
    expect(await processor.flush()).toMatchObject({ ok: true, events: { delivered: 2 } });
    const { input } = payloadOf(only(server, "agent.llm.completed"));
    expect(JSON.stringify(input)).toMatch(/Answer in French\..*\[\d+ more characters\].*capital of Peru\?/);
    for (const { text } of server.to("/v1/events")) expect(text.length).toBeLessThan(100_000);
  });

  test("not captured: nothing of it arrives", async () => {
    const { server, processor, chat } = await service({ captureContent: false });
    chat({ "gen_ai.prompt": prompt }).end();
    expect(await processor.flush()).toMatchObject({ ok: true, events: { delivered: 2 } });
    expect(server.everything).not.toContain("quick brown");
    expect(server.everything).not.toContain("Peru");
  });

  test.each([false, true])("through our own API (captureContent: %s)", async (captureContent) => {
    const { server, apie } = await setup({ captureContent });
    const given = await apie.withRun({ input: prompt, inputSummary: prompt, metadata: { prompt } }, () =>
      apie.withTool({ tool: { name: "search" }, payloadSummary: { prompt } }, () => prompt),
    );
    expect(given).toBe(prompt);
    expect(await apie.flush()).toMatchObject({ ok: true, events: { delivered: 3 } });
    for (const { text } of server.requests) expect(text.length).toBeLessThan(100_000);
    expect(server.to("/v1/runs")[0]?.body).toMatchObject({ metadata: { run_id: expect.any(String) } });
  });
});

test("of a history of 500 messages the first and the latest arrive, in their order", async () => {
  const { server, processor, chat } = await service();
  const messages = Array.from({ length: 500 }, (_, i) =>
    message(`message ${i}: ${prose(4_000)}`, i % 2 === 0 ? "user" : "assistant"),
  );
  chat({ "gen_ai.input.messages": JSON.stringify(messages) }).end();
  expect(await processor.flush()).toMatchObject({ ok: true });
  const { input } = payloadOf(only(server, "agent.llm.completed")) as {
    input: ({ content: string } | string)[];
  };
  const texts = input.map((item) => (typeof item === "string" ? item : item.content));
  const numbers = texts.map((text) => Number(/^message (\d+):/.exec(text)?.[1] ?? Number.NaN));
  expect(numbers[0]).toBe(0);
  expect(texts[1]).toMatch(/^\[\d+ more items\]$/);
  expect(numbers.at(-1)).toBe(499);
  expect(numbers.slice(2)).toEqual(numbers.slice(2).toSorted((a, b) => a - b));
});

describe("a thousand attributes", () => {
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`app.attribute.${i}`, i]));

  test("of a span of our API: run and session are known beside it", async () => {
    const { server, apie, otel } = await setup();
    await apie.withSession({}, () =>
      apie.withRun({}, () =>
        apie.withTool({ tool: { name: "search" } }, async () => {
          trace.getActiveSpan()?.setAttributes(many);
        }),
      ),
    );
    await apie.flush();
    expect(otel.span("execute_tool search").droppedAttributesCount).toBeGreaterThan(800);
    const [run] = server.to(/^\/v1\/sessions\/[^/]+\/runs$/);
    const { id, session_id } = answerOf(run);
    for (const event of server.events) expect(event).toMatchObject({ run_id: id, session_id });
    expect(server.events).toHaveLength(3);
  });

  test("of a library's span: what the SDK kept is read, and what it dropped is told", async () => {
    const { server, processor, chat } = await service();
    const span = chat({ "session.id": "conversation-7" });
    span.setAttributes(many);
    // Too late: no processor ever sees it.
    span.setAttribute("gen_ai.response.model", "m-2");
    span.end();
    await processor.flush();
    const told = only(server, "agent.llm.completed");
    expect(told.metadata).toMatchObject({ otel: { dropped_attributes: 1_000 + 4 - 128 } });
    expect(payloadOf(told)).toMatchObject({ model: "m" });
    expect(server.to("/v1/sessions")[0]?.body).toMatchObject({ metadata: { session_id: "conversation-7" } });
  });
});

test("an image is told by its type and size", async () => {
  const { server, processor, chat } = await service();
  const image = Buffer.concat([Buffer.from("89504e470d0a1a0a", "hex"), randomBytes(3 * MEGABYTE)]);
  const url = `data:image/png;base64,${image.toString("base64")}`;
  const parts = [
    { type: "image_url", image_url: { url } },
    { type: "text", text: "What is this?" },
  ];
  chat({ "gen_ai.input.messages": JSON.stringify([message(parts)]) }).end();
  chat({ "gen_ai.prompt": `Look: ![](${url}) What is this?` }).end();
  await processor.flush();
  const inputs = server.eventsOf("agent.llm.completed").map((event) => payloadOf(event).input);
  expect(inputs).toEqual([
    [
      message([
        { type: "image_url", image_url: { url: "[image/png, 3000008 bytes]" } },
        { type: "text", text: "What is this?" },
      ]),
    ],
    "Look: ![]([image/png, 3000008 bytes]) What is this?",
  ]);
});

test.each([
  ["in what is given", "half \ud83d of a pair"],
  ["made by cutting", `${"a".repeat(12_287)}${"😀".repeat(20_000)}`],
  ["at the end", `${prose(100)}\ud83d`],
])("a lone surrogate %s: what is sent is valid UTF-8 and valid JSON", async (_what, text) => {
  const { server, processor, chat } = await service();
  const span = chat({ "gen_ai.prompt": text, "gen_ai.completion": text, "session.id": text });
  span.updateName(text);
  span.end();
  expect(await processor.flush()).toMatchObject({ ok: true });
  for (const { text: body } of server.requests) {
    expect(body.isWellFormed()).toBe(true);
    expect(body).not.toMatch(/\\ud[89a-f]/i);
    if (body !== "") JSON.parse(body);
  }
  expect(server.everything).not.toContain("\\ud83d");
});

describe("a server that takes 256 kB at most", () => {
  const LIMIT = 256_000;
  const refuseLarge = (server: RecordingApie): void => {
    server.rule(({ text }) => (Buffer.byteLength(text) > LIMIT ? { status: 413 } : undefined));
  };

  test("a thousand events and some large ones: all arrive, with all that says where they belong", async () => {
    const { server, processor, tracer } = await service({ maxBatchSize: 500, flushTimeoutMs: 15_000 });
    refuseLarge(server);
    const attributes = { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "Desk" };
    const agent = tracer.startSpan("invoke_agent Desk", { attributes }, ROOT_CONTEXT);
    const inside = trace.setSpan(ROOT_CONTEXT, agent);
    // Of a letter that takes three bytes: larger than the server takes, although cut.
    const large = Array.from({ length: 20 }, () => message("漢字 ".repeat(5_000)));
    for (let i = 0; i < 500; i += 1) {
      const span = tracer.startSpan("chat m", { attributes: CHAT }, inside);
      if (i % 100 === 50) {
        span.setAttribute("gen_ai.input.messages", JSON.stringify(large));
        span.setAttribute("gen_ai.output.messages", JSON.stringify(large));
      }
      span.end();
    }
    agent.end();
    expect(await processor.flush()).toMatchObject({
      ok: true,
      events: { delivered: 1_000, rejected: 0, dropped: 0 },
      runs: { completed: 1 },
    });
    expect(server.requests.some(({ status }) => status === 413)).toBe(true);
    const { id } = answerOf(server.to("/v1/runs")[0]);
    const { events } = server;
    for (const event of events) {
      expect(event).toMatchObject({
        run_id: id,
        agent_id: "agt_1",
        agent_key: "support",
        event_id: expect.any(String),
        timestamp: expect.any(String),
      });
    }
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual(
      Array.from({ length: 1_000 }, (_, i) => i + 1),
    );
    const trimmed = events.filter(({ metadata }) => (metadata as { trimmed?: true }).trimmed);
    expect(trimmed.map(({ type }) => type)).toEqual(new Array(5).fill("agent.llm.completed"));
    for (const { metadata } of trimmed) expect(metadata).toMatchObject({ trimmed_bytes: expect.any(Number) });
    expect(processor.pipeline?.delivery.counters.trimmed).toBe(5);
  });

  test("told of the limit, large content is left out before it is sent, and counts of tokens stay", async () => {
    const { server, processor, chat } = await service({ maxEventPayloadBytes: 4_096 });
    refuseLarge(server);
    const span = chat({ "gen_ai.tool.definitions": prose(MEGABYTE) });
    span.setAttribute("gen_ai.input.messages", JSON.stringify([message("漢字 ".repeat(100_000))]));
    span.setAttribute("gen_ai.usage.input_tokens", 12);
    span.end();
    expect(await processor.flush()).toMatchObject({ ok: true, events: { delivered: 2 } });
    expect(server.to("/v1/events").every(({ status }) => status === 200)).toBe(true);
    expect(payloadOf(only(server, "agent.llm.completed"))).toMatchObject({ usage: { input: 12 } });
  });
});
