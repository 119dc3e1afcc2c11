/** PII leaks past the mask: no content leaves in any convention's keys, in any shape, unless it is asked for. */
import { readdirSync } from "node:fs";
import { INVALID_SPAN_CONTEXT, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { describe, expect, test } from "vitest";
import type { ApieOptions } from "../../src/index.ts";
import type { SpanLike } from "../../src/model/span.ts";
import { type ProcessorLike, type RecordedSpan, readSpans, replayLive } from "../support/recordings.ts";
import { ALL_CONTENT_KEYS, CONTENT_KEYS, IS_CONTENT_KEY, IS_IDENTITY } from "./support/content-keys.ts";
import { place, SPANS, type SpanExtras, type SpanSample, spanOf } from "./support/spans.ts";
import { type Watched, watch } from "./support/watch.ts";

const CANARY = "Zq7canary";
/** Says where it was planted, so that a leak names its place. */
const said = (where: string): string => `${CANARY} sang of Jane Doe in ${where}`;

/** What a content key may hold, from plain text to values that SDK 3 takes as they are. */
const SHAPES: Readonly<Record<string, (where: string) => unknown>> = {
  text: said,
  "JSON of messages": (where) =>
    JSON.stringify([{ role: "user", content: said(where), parts: [{ type: "text", content: said(where) }] }]),
  "JSON of an object": (where) =>
    JSON.stringify({ note: said(where), [said(where)]: { deep: [said(where)] } }),
  "JSON in JSON": (where) => JSON.stringify({ json: JSON.stringify([JSON.stringify(said(where))]) }),
  texts: (where) => [said(where), said(where)],
  "a value": (where) => ({ role: "user", parts: [{ content: said(where) }], [said(where)]: 1 }),
  "a list of values": (where) => [{ name: said(where), message: { content: said(where) } }],
};

const planted = (shape: (where: string) => unknown, keys: readonly string[] = ALL_CONTENT_KEYS) =>
  Object.fromEntries(keys.map((key) => [key, shape(key)]));

/** Content outside of attributes. */
const AROUND: SpanExtras = {
  status: { code: 2, message: said("status") },
  events: [
    ...["gen_ai.content.prompt", "gen_ai.user.message", "gen_ai.choice", said("event name")].map((name) => ({
      name,
      attributes: { "gen_ai.prompt": said(name), content: said(name), body: { text: said(name) } },
    })),
    {
      name: "exception",
      attributes: {
        "exception.type": said("exception.type"),
        "exception.message": said("exception.message"),
        "exception.stacktrace": `${said("exception.stacktrace")}\n    at ${said("a line of it")}`,
      },
    },
  ],
  links: [
    {
      context: { traceId: "c".repeat(32), spanId: "d".repeat(16) },
      attributes: { "input.value": said("link"), [said("link key")]: said("link") },
    },
  ],
};

/** Every sample below one agent's run, so that all of them make events, and once more alone. */
function traceOf(extras: SpanExtras): SpanLike[] {
  const root = place();
  const agent: SpanSample = {
    what: "run",
    name: "invoke_agent Support",
    scope: "library",
    attributes: { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "Support" },
  };
  const below = SPANS.map((sample) => spanOf(sample, extras, place(root.traceId, root.spanId)));
  return [...below, spanOf(agent, extras, root), ...SPANS.map((sample) => spanOf(sample, extras))];
}

async function tell({ apie, flush }: Watched, spans: readonly SpanLike[]): Promise<void> {
  const processor = apie.spanProcessor;
  for (const span of spans) processor.onEnd(span);
  await flush();
}

const TOUCHED: ApieOptions = { touchedResources: ["http", "database"] };

/** Each place where the canary was seen. */
const leaks = (all: string): string[] => [
  ...new Set([...all.matchAll(/.{0,40}Zq7canary.{0,60}/gi)].map(([place]) => place)),
];

describe("while content is not captured", () => {
  test.each(Object.keys(SHAPES))("nothing of any content key leaves: %s", async (shape) => {
    const watched = await watch(TOUCHED);
    await tell(watched, traceOf({ attributes: planted(SHAPES[shape] ?? said) }));
    // The harness looks at something: every sample made its events.
    expect(watched.server.events.length).toBeGreaterThan(SPANS.length);
    expect(leaks(watched.everything())).toEqual([]);
  });

  test("nor of how a span failed, what happened in it and what it is linked to", async () => {
    const watched = await watch(TOUCHED);
    await tell(watched, traceOf(AROUND));
    expect(watched.server.eventsOf("agent.error").length).toBeGreaterThan(3);
    expect(leaks(watched.everything())).toEqual([]);
  });

  /** Content in the shapes in which a convention looks for something else. */
  const DISGUISED: readonly (readonly [key: string, value: unknown])[] = [
    ["output.value", `{"goto":["${said("goto")}"]}`],
    ["output.value", `Command(goto='${CANARY}')`],
    ["output.value", `{"to_agent":"${said("to_agent")}"}`],
    ["input.value", `{"from_agent":"${CANARY}"}`],
    ["output.value", JSON.stringify([said("tools"), { name: said("tools") }])],
    ["traceloop.entity.output", JSON.stringify({ tools: [{ name: said("tools") }] })],
    ["traceloop.entity.input", JSON.stringify({ uri: said("uri"), tool_name: said("tool_name") })],
    ["metadata", JSON.stringify({ ls_provider: said("provider"), langgraph_node: said("node") })],
    ["metadata", { ls_provider: said("provider"), langgraph_node: said("node"), user_id: said("user") }],
    ["llm.invocation_parameters", JSON.stringify({ model: said("model"), stream: said("stream") })],
    [
      "langfuse.observation.model.parameters",
      JSON.stringify({ stream: said("stream"), model: said("model") }),
    ],
    ["langfuse.observation.status_message", `${CANARY}: sang`],
    ["langfuse.observation.usage_details", JSON.stringify({ [said("usage")]: 1, input: said("usage") })],
    ["gen_ai.completion.0.finish_reason", CANARY],
    ["url.full", `https://${CANARY}:${CANARY}@api.example/${CANARY}?q=${CANARY}#${CANARY}`],
    ["db.query.text", `SELECT '${CANARY}'`],
    ["mcp.resource.uri", `file:///home/${CANARY}`],
  ];

  test.each(DISGUISED)("nor what looks like a name in %s: %s", async (key, value) => {
    const watched = await watch(TOUCHED);
    const extras = { attributes: { [key]: value, "langfuse.observation.level": "ERROR" } };
    await tell(watched, traceOf(extras));
    expect(leaks(watched.everything())).toEqual([]);
  });

  test.each([
    `${CANARY}\n    at somewhere (file.js:1:1)`,
    `${CANARY}: sang\n    at somewhere (file.js:1:1)`,
    `said\n\n${CANARY}: sang\n    at somewhere (file.js:1:1)`,
    `Error in agent run: {"error":"${CANARY}: sang"}`,
    `500 ${CANARY}`,
    CANARY,
  ])("nor a word of a status that looks like a class: %j", async (message) => {
    const watched = await watch();
    await tell(watched, traceOf({ status: { code: 2, message } }));
    expect(leaks(watched.everything())).toEqual([]);
  });

  test("and it is there where content is captured, in every convention that has it", async () => {
    const watched = await watch({ captureContent: true });
    await tell(watched, traceOf({ attributes: planted(said) }));
    await tell(watched, traceOf(AROUND));
    const seen = watched.server.everything;
    for (const key of [
      "agent.run.input.value",
      "gen_ai.input.messages",
      "gen_ai.output.messages",
      "gen_ai.tool.call.arguments",
      "gen_ai.tool.call.result",
      "input.value",
      "output.value",
      "llm.input_messages.0.message.content",
      "traceloop.entity.input",
      "ai.prompt.messages",
      "ai.response.text",
      "ai.toolCall.result",
      "langfuse.observation.input",
      "langfuse.observation.output",
      "user.id",
      "mcp.resource.uri",
      "exception.message",
    ])
      expect(seen, key).toContain(`in ${key}`);
    // Logs and reports are no place for it even then.
    expect(leaks(watched.said())).toEqual([]);
  });
});

// ---- recordings ------------------------------------------------------------------------------------------------

const FIXTURES = new URL("../fixtures/spans/", import.meta.url);
const recordings = readdirSync(FIXTURES, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".readable.json"))
  .toSorted();

/** The canary in every text of a content value, in the shape the library gave it. */
function withCanary(value: unknown, where: string): unknown {
  if (Array.isArray(value)) return value.map((item) => withCanary(item, where));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [
        name,
        IS_IDENTITY.test(name) ? member : withCanary(member, where),
      ]),
    );
  }
  if (typeof value !== "string") return value;
  try {
    const parsed: unknown = JSON.parse(value);
    if (typeof parsed === "object" && parsed !== null) return JSON.stringify(withCanary(parsed, where));
  } catch {
    // A text as it is.
  }
  return `${value} ${said(where)}`;
}

function plantedIn(attributes: Record<string, unknown> | undefined): Record<string, unknown> | undefined {
  if (attributes === undefined) return undefined;
  return Object.fromEntries(
    Object.entries(attributes).map(([key, value]) => [
      key,
      IS_CONTENT_KEY.test(key) && !IS_IDENTITY.test(key) ? withCanary(value, key) : value,
    ]),
  );
}

const plantedRecording = (spans: readonly RecordedSpan[]): RecordedSpan[] =>
  spans.map((span) => {
    const { attributes, events, status } = span;
    return {
      ...span,
      attributesAtStart: plantedIn(span.attributesAtStart) ?? {},
      ...(attributes === undefined ? {} : { attributes: plantedIn(attributes) ?? {} }),
      ...(events === undefined
        ? {}
        : { events: events.map((event) => ({ ...event, attributes: plantedIn(event.attributes) ?? {} })) }),
      ...(status?.message === undefined
        ? {}
        : { status: { ...status, message: `${said("status")} ${status.message}` } }),
    };
  });

describe("recordings of libraries, with the canary in every content they have", () => {
  test.each(recordings)("%s", async (recording) => {
    const spans = plantedRecording(readSpans(new URL(recording, FIXTURES)));
    for (const captureContent of [false, true]) {
      const watched = await watch({ captureContent });
      await replayLive(spans, watched.apie.spanProcessor as unknown as ProcessorLike);
      await watched.apie.shutdown();
      await watched.flush();
      expect(leaks(captureContent ? watched.said() : watched.everything())).toEqual([]);
    }
  });
});

test("every key that is planted is one that is looked for in recordings, too", () => {
  const missing = ALL_CONTENT_KEYS.filter((key) => !IS_CONTENT_KEY.test(key));
  expect(missing).toEqual([
    "gen_ai.skill.source.uri",
    "url.query",
    "annotation.explanation",
    "langfuse.observation.model.parameters",
  ]);
  expect(Object.keys(CONTENT_KEYS).length).toBe(7);
});

// ---- what answers and hooks say --------------------------------------------------------------------------------

const CHAT = SPANS.find(({ what }) => what === "otel-gen-ai: chat") as SpanSample;

describe("errors repeat nothing they were about", () => {
  const content: SpanExtras = { attributes: planted(said), status: { code: 2, message: said("status") } };

  test.each([400, 401, 404, 413, 422, 429, 500, 503])(
    "an Apie that answers %i with all it was sent",
    async (status) => {
      const watched = await watch({ captureContent: true, retryAttempts: 1, flushTimeoutMs: 400 });
      watched.server.rule((request) =>
        request.path === "/v1/agents/identify"
          ? undefined
          : { status, body: { error: { message: `cannot take ${request.text}` }, event: request.body } },
      );
      await tell(watched, [spanOf(CHAT, content)]);
      expect(watched.said()).toContain(`HTTP ${status}`);
      expect(watched.server.everything).toContain(CANARY);
      const told = watched
        .said()
        .split("\n")
        .filter((line) => !line.startsWith("dropped"));
      expect(leaks(told.join("\n"))).toEqual([]);
    },
  );

  test("an Apie that refuses one by one and quotes each", async () => {
    const problems: string[] = [];
    const watched = await watch({
      captureContent: true,
      onDrop: ({ message }) => void problems.push(message ?? ""),
    });
    watched.server.fail("/v1/events", (response, { body }) => {
      const { events } = body as { events: { metadata: unknown }[] };
      const errors = events.map((event, index) => ({ index, message: `bad: ${JSON.stringify(event)}` }));
      response.writeHead(207, { "content-type": "application/json" }).end(JSON.stringify({ errors }));
    });
    await tell(watched, [spanOf(CHAT, content)]);
    expect(problems.length).toBeGreaterThan(0);
    expect(leaks(`${problems.join("\n")}\n${watched.said()}`)).toEqual([]);
  });

  test("a transport that fails with all it was given", async () => {
    const watched = await watch({
      captureContent: true,
      retryAttempts: 1,
      flushTimeoutMs: 300,
      transport: async ({ body }) => {
        throw new Error(`cannot send ${body}`);
      },
    });
    await tell(watched, [spanOf(CHAT, content)]);
    expect(watched.said()).toContain("transport failed: cannot send");
    expect(leaks(watched.said())).toEqual([]);
  });

  test.each<[what: string, options: (throwing: (given: unknown) => never) => ApieOptions]>([
    [
      "a convention's read",
      (fail) => ({ conventions: [{ name: "own", read: ({ span }) => fail(span.attributes) }] }),
    ],
    [
      "a convention's content",
      (fail) => ({
        captureContent: true,
        conventions: [
          {
            name: "own",
            read: () => ({ kind: "llm", convention: "own", llm: {} }),
            content: ({ attributes }) => fail(attributes),
          },
        ],
      }),
    ],
    ["redact", (fail) => ({ captureContent: true, redact: (event) => fail(event) })],
    [
      "queueIdempotencyKey",
      (fail) => ({ captureContent: true, queueIdempotencyKey: (event) => fail(event) }),
    ],
    ["forwardTo", (fail) => ({ forwardTo: failingProcessor(fail) })],
  ])("%s that quotes what it was given", async (_what, failing) => {
    for (const quote of [
      (given: unknown) => JSON.stringify(given),
      (given: unknown) => `Unexpected token 'Z', "${firstText(given)}" is not valid JSON`,
    ]) {
      const watched = await watch(
        failing((given) => {
          throw new SyntaxError(`broken: ${quote(given)}`);
        }),
      );
      const span = spanOf(CHAT, content);
      watched.apie.spanProcessor.onStart({ ...span, ended: false }, ROOT_CONTEXT);
      await tell(watched, [span]);
      expect(watched.said()).toContain("broken: ");
      expect(leaks(watched.said())).toEqual([]);
    }
  });

  test.each<[what: string, onDrop: NonNullable<ApieOptions["onDrop"]>]>([
    ["throws", quoting],
    ["is async and rejects", async (info) => quoting(info)],
  ])("an onDrop that %s, over what Apie refused", async (_what, onDrop) => {
    const watched = await watch({ captureContent: true, onDrop });
    watched.server.fail("/v1/events", { status: 422 });
    await tell(watched, [spanOf(CHAT, content)]);
    expect(watched.said()).toContain("onDrop failed: broken: ");
    expect(leaks(watched.said())).toEqual([]);
  });
});

const SPAN_METHODS = ["startSpan", "setAttributes", "setStatus", "end"] as const;

test.each(SPAN_METHODS)("%s of the application's provider that quotes what it was given", async (failing) => {
  const fail = (content: unknown): void => {
    const text = firstText(content);
    if (text !== "") throw new Error(`broken: ${text}`);
  };
  const bearing: Record<string, unknown> = {};
  const span = {
    ...trace.wrapSpanContext(INVALID_SPAN_CONTEXT),
    attributes: bearing,
    spanContext: () => INVALID_SPAN_CONTEXT,
    isRecording: () => true,
    setAttributes(attributes: object) {
      if (failing === "setAttributes") fail(attributes);
      Object.assign(bearing, attributes);
      return span;
    },
    setStatus(status: unknown) {
      if (failing === "setStatus") fail(status);
      return span;
    },
    setAttribute: () => span,
    addEvent: () => span,
    end: () => (failing === "end" ? fail(bearing) : undefined),
  };
  const startSpan = (_name: string, { attributes }: { attributes: object }) => {
    if (failing === "startSpan") fail(attributes);
    Object.assign(bearing, attributes);
    return span;
  };
  const watched = await watch({
    captureContent: true,
    tracerProvider: { getTracer: () => ({ startSpan }) } as never,
  });
  const input = { tool: { name: "search" }, arguments: { q: said("arguments") } };
  const working = watched.apie.withTool(input, () => {
    if (failing === "setStatus") throw new Error(said("error"));
    return said("result");
  });
  await working.catch(() => undefined);
  expect(watched.said()).toContain("broken: ");
  expect(leaks(watched.said())).toEqual([]);
});

/** A hook's error is told once: of the first thing it is given that bears content. */
function quoting(given: unknown): void {
  const text = firstText(given);
  if (text !== "") throw new Error(`broken: ${text}`);
}

function failingProcessor(fail: (given: unknown) => never): NonNullable<ApieOptions["forwardTo"]> {
  return {
    onStart: (span: SpanLike) => fail(span.attributes),
    onEnd: (span: SpanLike) => fail(span.attributes),
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  } as unknown as NonNullable<ApieOptions["forwardTo"]>;
}

/** The first text with the canary in it, cut in its middle as V8 does. */
function firstText(given: unknown): string {
  const found = /Zq7canary[^"\\]{0,30}/.exec(JSON.stringify(given));
  return found?.[0] ?? "";
}
