/** Every agent run reaches Apie whatever is sampled, and OTLP gets what the user's sampler decided. */
import {
  type Attributes,
  context,
  type Link,
  propagation,
  ROOT_CONTEXT,
  type SpanContext,
  SpanKind,
  TraceFlags,
  trace,
} from "@opentelemetry/api";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BasicTracerProvider,
  type IdGenerator,
  InMemorySpanExporter,
  ParentBasedSampler,
  type Sampler,
  SamplingDecision,
  SimpleSpanProcessor,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace-base";
import { describe, expect, test } from "vitest";
import { type Apie, recordAgentSpans } from "../../src/index.ts";
import { apiSetup, delivered, only, runsAt, sessionsAt } from "../api/support/api.ts";

const { NOT_RECORD, RECORD, RECORD_AND_SAMPLED } = SamplingDecision;
const TRACE = "1".repeat(32);

const spanContext = (sampled: boolean, isRemote = false): SpanContext => ({
  traceId: "2".repeat(32),
  spanId: "3".repeat(16),
  traceFlags: sampled ? TraceFlags.SAMPLED : TraceFlags.NONE,
  isRemote,
});
const below = (parent: SpanContext) => trace.setSpanContext(ROOT_CONTEXT, parent);
const link = (type: string, sampled: boolean): Link => ({
  context: spanContext(sampled),
  attributes: { "agent.link.type": type },
});

/** What a sampler is asked for a root that is no noise. */
function decide(
  sampler: Sampler,
  asked: { kind?: SpanKind; attributes?: Attributes; links?: Link[]; parent?: SpanContext } = {},
): SamplingDecision {
  const { kind = SpanKind.INTERNAL, attributes = {}, links = [], parent } = asked;
  const at = parent === undefined ? ROOT_CONTEXT : below(parent);
  return sampler.shouldSample(at, TRACE, "span", kind, attributes, links).decision;
}

const on = new AlwaysOnSampler();
const off = new AlwaysOffSampler();

/** What HTTP, database and messaging instrumentations say at the start of their spans. */
const NOISE: [string, Parameters<typeof decide>[1]][] = [
  ["kind SERVER", { kind: SpanKind.SERVER }],
  ["kind CONSUMER", { kind: SpanKind.CONSUMER }],
  ...["http.method", "url.full", "db.system", "rpc.service", "messaging.system", "network.transport"].map(
    (key): [string, Parameters<typeof decide>[1]] => [
      `a span with ${key}`,
      { kind: SpanKind.CLIENT, attributes: { [key]: "x" } },
    ],
  ),
];

describe("a span the sampler drops", () => {
  test("is recorded, and not sampled", () => {
    expect(decide(recordAgentSpans(off))).toBe(RECORD);
    expect(decide(recordAgentSpans(new TraceIdRatioBasedSampler(0)))).toBe(RECORD);
  });

  test.each(NOISE)("is left out where it is surely noise: %s", (_what, asked) => {
    expect(decide(recordAgentSpans(off), asked)).toBe(NOT_RECORD);
  });

  test.each([
    ["a bare client call", { kind: SpanKind.CLIENT }],
    ["a producer", { kind: SpanKind.PRODUCER }],
    ["a model call", { kind: SpanKind.CLIENT, attributes: { "gen_ai.operation.name": "chat" } }],
    ["a key that only looks alike", { attributes: { "https.x": 1, "my.http.method": 1 } }],
  ])("is recorded where it may be agent work: %s", (_what, asked) => {
    expect(decide(recordAgentSpans(off), asked)).toBe(RECORD);
  });
});

describe("a span the sampler takes", () => {
  test.each([
    ["sampled", RECORD_AND_SAMPLED],
    ["recorded only", RECORD],
  ])("stays %s, with what the sampler adds", (_how, decision) => {
    const traceState = undefined;
    const result = { decision, attributes: { "sampling.rule": "mine" }, traceState };
    const inner: Sampler = { shouldSample: () => result, toString: () => "Mine" };
    const asked = recordAgentSpans(inner).shouldSample(ROOT_CONTEXT, TRACE, "GET /", SpanKind.SERVER, {}, []);
    expect(asked).toEqual(result);
  });
});

describe("parents", () => {
  const sampler = recordAgentSpans(new ParentBasedSampler({ root: off }));

  test.each([
    ["a remote parent with flags 01", spanContext(true, true), RECORD_AND_SAMPLED],
    ["a remote parent with flags 00", spanContext(false, true), RECORD],
    ["a sampled local parent", spanContext(true), RECORD_AND_SAMPLED],
    ["a local parent that is not sampled", spanContext(false), RECORD],
  ])("%s decides", (_what, parent, expected) => {
    expect(decide(sampler, { parent })).toBe(expected);
  });

  test("a server span of an unsampled caller is not even recorded", () => {
    expect(decide(sampler, { kind: SpanKind.SERVER, parent: spanContext(false, true) })).toBe(NOT_RECORD);
  });

  test("a span that has a parent follows no link", () => {
    const asked = {
      attributes: { "agent.operation.name": "run" },
      links: [link("session", true)],
      parent: spanContext(false),
    };
    expect(decide(sampler, asked)).toBe(RECORD);
  });
});

describe("roots of runs and sessions follow what they are linked to", () => {
  const of = (operation: string, ...links: Link[]) => ({
    attributes: { "agent.operation.name": operation },
    links,
  });

  test.each(["run", "session", "session_start", "session_end"])("%s", (operation) => {
    expect(decide(recordAgentSpans(off), of(operation, link("caused_by", true)))).toBe(RECORD_AND_SAMPLED);
    expect(decide(recordAgentSpans(on), of(operation, link("caused_by", false)))).toBe(RECORD);
    expect(decide(recordAgentSpans(off), of(operation, link("session", true)))).toBe(RECORD_AND_SAMPLED);
  });

  test("the session before the cause", () => {
    const both = [link("caused_by", true), link("session", false)];
    expect(decide(recordAgentSpans(on), of("run", ...both))).toBe(RECORD);
  });

  test("other links, other spans and no links leave it to the sampler", () => {
    expect(decide(recordAgentSpans(on), of("run", link("parent_run", false)))).toBe(RECORD_AND_SAMPLED);
    expect(decide(recordAgentSpans(on), of("event", link("caused_by", false)))).toBe(RECORD_AND_SAMPLED);
    expect(decide(recordAgentSpans(off), of("run"))).toBe(RECORD);
    const foreign = { attributes: {}, links: [link("session", true)] };
    expect(decide(recordAgentSpans(off), foreign)).toBe(RECORD);
  });
});

test("the sampler says what it is", () => {
  expect(String(recordAgentSpans(new ParentBasedSampler({ root: off })))).toMatch(
    /^RecordAgentSpans\{ParentBased\{.*AlwaysOffSampler/,
  );
});

/** A request as HTTP instrumentation leaves it, and an agent at work in it. */
async function request(apie: Apie, from?: SpanContext): Promise<void> {
  const tracer = trace.getTracer("http");
  const incoming = from === undefined ? ROOT_CONTEXT : below(from);
  const server = tracer.startSpan("POST /chat", { kind: SpanKind.SERVER }, incoming);
  await context.with(trace.setSpan(incoming, server), () =>
    apie.withSession({}, () =>
      apie.withRun({}, async () => {
        tracer.startSpan("GET", { kind: SpanKind.CLIENT, attributes: { "url.full": "http://x/" } }).end();
        tracer.startSpan("chat m", { attributes: { "gen_ai.operation.name": "chat" } }).end();
        await apie.withTool({ tool: { name: "t" } }, () => null);
      }),
    ),
  );
  server.end();
}

const EVENTS = [
  "agent.llm.called",
  "agent.llm.completed",
  "agent.action.requested",
  "agent.tool.called",
  "agent.action.completed",
];

describe.each([
  ["always_off", off],
  ["a ratio of 0", new TraceIdRatioBasedSampler(0)],
  ["parentbased_always_off", new ParentBasedSampler({ root: off })],
])("with %s", (_name, inner) => {
  test("Apie gets the whole run, OTLP nothing", async () => {
    const { apie, server, otel, seen } = await apiSetup({}, { sampler: recordAgentSpans(inner) });
    await request(apie);
    await delivered(apie);
    expect(otel.spans()).toEqual([]);
    expect(seen.all.map(({ name }) => name)).not.toContain("GET");
    expect(seen.all.map(({ name }) => name)).not.toContain("POST /chat");
    expect(sessionsAt(server)).toHaveLength(1);
    expect(only(runsAt(server))).toMatchObject({ types: EVENTS, completion: { status: "completed" } });
  });

  test("services that are called are told that nothing is sampled", async () => {
    const { apie } = await apiSetup({}, { sampler: recordAgentSpans(inner) });
    await apie.withRun({}, (run) => {
      const carrier: Record<string, string> = {};
      propagation.inject(context.active(), carrier);
      expect(carrier.traceparent).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-00$/);
      expect(run.traceparent).toBe(carrier.traceparent);
    });
  });
});

describe("with parentbased_traceidratio", () => {
  const sampler = () => recordAgentSpans(new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0) }));

  test.each([
    ["00", false],
    ["01", true],
  ])("a caller's flags %s decide over the request, its session and its run", async (_flags, sampled) => {
    const { apie, server, otel } = await apiSetup({}, { sampler: sampler() });
    await request(apie, spanContext(sampled, true));
    await delivered(apie);
    expect(only(runsAt(server)).types).toEqual(EVENTS);
    const names = otel.spans().map(({ name }) => name);
    const all = [
      "GET",
      "chat m",
      "execute_tool t",
      "invoke_agent Support",
      "session single_agent",
      "POST /chat",
    ];
    expect(names.filter((name) => !name.startsWith("start_run"))).toEqual(sampled ? all : []);
  });

  test("runs of a long-lived session follow its anchor", async () => {
    const { apie, otel } = await apiSetup({}, { sampler: sampler() });
    const handle = await context.with(below(spanContext(true, true)), () => apie.sessions.start());
    await apie.sessions.resume(handle, () => apie.withRun({}, () => null));
    apie.sessions.complete(handle);
    expect(otel.spans().map(({ name }) => name)).toEqual([
      "session_start single_agent",
      "invoke_agent Support",
      "session_end single_agent",
    ]);
  });
});

/** Ids that are the same each time. */
class Counting implements IdGenerator {
  #next = 0;
  generateTraceId = (): string => {
    this.#next += 1;
    // Spread over the range that ratio samplers look at.
    const high = ((this.#next * 2_654_435_761) >>> 0).toString(16).padStart(8, "0");
    return high + "0".repeat(24);
  };
  generateSpanId = (): string => {
    this.#next += 1;
    return this.#next.toString(16).padStart(16, "0");
  };
}

describe("what goes over OTLP of a service that does not use our API", () => {
  const samplers: readonly (readonly [string, () => Sampler])[] = [
    ["always_on", () => on],
    ["always_off", () => off],
    ["a ratio of a half", () => new TraceIdRatioBasedSampler(0.5)],
    ["parentbased_traceidratio", () => new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(0.5) })],
  ];

  /** Requests with agents in them, and the spans an exporter gets of them. */
  function exported(sampler: Sampler): string[] {
    const memory = new InMemorySpanExporter();
    const provider = new BasicTracerProvider({
      sampler,
      idGenerator: new Counting(),
      spanProcessors: [new SimpleSpanProcessor(memory)],
    });
    const tracer = provider.getTracer("library");
    for (const parent of [undefined, spanContext(true, true), spanContext(false, true)]) {
      for (let request = 0; request < 20; request += 1) {
        const incoming = parent === undefined ? ROOT_CONTEXT : below(parent);
        const server = tracer.startSpan("POST", { kind: SpanKind.SERVER }, incoming);
        const inRequest = trace.setSpan(incoming, server);
        const agent = tracer.startSpan("agent", {}, inRequest);
        const inAgent = trace.setSpan(inRequest, agent);
        tracer
          .startSpan("GET", { kind: SpanKind.CLIENT, attributes: { "http.method": "GET" } }, inAgent)
          .end();
        tracer.startSpan("chat", { attributes: { "gen_ai.operation.name": "chat" } }, inAgent).end();
        agent.end();
        server.end();
      }
    }
    return memory.getFinishedSpans().map((span) => {
      const { traceId, spanId, traceFlags } = span.spanContext();
      return [span.name, traceId, spanId, traceFlags, span.parentSpanContext?.spanId].join(" ");
    });
  }

  test.each(samplers)("is the same as with %s alone", (_name, make) => {
    const alone = exported(make());
    expect(exported(recordAgentSpans(make()))).toEqual(alone);
  });

  test("a ratio really takes some and leaves some", () => {
    const taken = exported(new TraceIdRatioBasedSampler(0.5)).length;
    expect(taken).toBeGreaterThan(20);
    expect(taken).toBeLessThan(220);
  });
});
