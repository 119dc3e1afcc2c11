/**
 * "Orphans." Random trees of spans, in any order of ends, with parents that no processor ever sees, late spans, spans that
 * never end, and filters: whatever Apie is told refers to something Apie was told.
 */
import { type Context, context, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-base";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type ApieOptions, ApieSpanProcessor } from "../../src/index.ts";
import { options as clientOptions } from "../support/client.ts";
import { RecordingApie, type WireRecord } from "../support/recording-apie.ts";

const model = { "gen_ai.request.model": "m" };
/** What spans are, at their start. */
const KINDS = {
  agent: { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "A" },
  "another agent": { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "B" },
  "model call": { "gen_ai.operation.name": "chat", ...model },
  embeddings: { "gen_ai.operation.name": "embeddings", ...model },
  tool: { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "t" },
  mcp: { "mcp.method.name": "tools/call", "gen_ai.tool.name": "t" },
  "AI SDK": { "ai.operationId": "ai.generateText" },
  "AI SDK call": { "ai.operationId": "ai.generateText.doGenerate", "ai.model.id": "m" },
  step: { "traceloop.span.kind": "task", "traceloop.entity.name": "s" },
  chain: { "openinference.span.kind": "CHAIN" },
  http: { "http.request.method": "GET", "url.full": "http://localhost/" },
  database: { "db.system.name": "postgresql" },
  unknown: {},
} as const;

type Kind = keyof typeof KINDS;

interface Node {
  kind: Kind;
  /** Which of the spans before it, of another service (`remote`), or none. */
  parent: number | "remote" | "none";
  /** Dropped by the sampler: no processor sees it, and its children name it all the same. */
  isDropped: boolean;
  startsAt: number;
  /** `undefined`: never. */
  endsAfter: number | undefined;
  fails: boolean;
}

const root: Node = {
  kind: "agent",
  parent: "none",
  isDropped: false,
  startsAt: 0,
  endsAfter: 40,
  fails: false,
};

const below: fc.Arbitrary<Node[]> = fc.array(
  fc.record({
    kind: fc.constantFrom(...(Object.keys(KINDS) as Kind[])),
    parent: fc.oneof(
      { weight: 8, arbitrary: fc.nat(11) },
      { weight: 1, arbitrary: fc.constantFrom("remote" as const, "none" as const) },
    ),
    isDropped: fc.nat(9).map((die) => die === 0),
    startsAt: fc.nat(50),
    endsAfter: fc.option(fc.nat(60), { nil: undefined, freq: 9 }),
    fails: fc.nat(7).map((die) => die === 0),
  }),
  { minLength: 4, maxLength: 12, size: "max" },
);

/** Most trees have an agent at their root, as most have. */
const nodes: fc.Arbitrary<Node[]> = fc.oneof(
  { weight: 3, arbitrary: below.map((list) => [root, ...list]) },
  { weight: 1, arbitrary: below },
);

const OPENINGS = [
  "agent.llm.called",
  "agent.action.requested",
  "agent.mcp.called",
  "agent.workflow.step.started",
  "agent.handoff.requested",
];

interface Filters {
  implicitRuns: NonNullable<ApieOptions["implicitRuns"]>;
  touchedResources: NonNullable<ApieOptions["touchedResources"]>;
  /** Types that the user's hook drops. */
  dropped: string[];
}

const filters: fc.Arbitrary<Filters> = fc.record({
  implicitRuns: fc.constantFrom("run", "run", "run", "attach", "drop"),
  touchedResources: fc.constantFrom<Filters["touchedResources"][]>([], ["http", "database"]),
  dropped: fc.oneof(fc.constant<string[]>([]), fc.subarray(OPENINGS)),
});

interface Told {
  events: WireRecord[];
  server: RecordingApie;
  /** Parents as they were exported, and as they were given. */
  exported: [given: string | undefined, exported: string | undefined][];
}

/** Lets the spans happen in the order of their times, one turn of the event loop for each. */
async function happen(spans: readonly Node[], { dropped, ...options }: Filters): Promise<Told> {
  const server = await RecordingApie.start();
  const memory = new InMemorySpanExporter();
  const processor = new ApieSpanProcessor(
    clientOptions(server, {
      ...options,
      ...(dropped.length === 0
        ? {}
        : { redact: (event) => (dropped.includes(String(event.type)) ? undefined : event) }),
    }),
  );
  const provider = new BasicTracerProvider({
    spanProcessors: [processor as never, new SimpleSpanProcessor(memory)],
    sampler: {
      shouldSample: (_context, _trace, name) => ({ decision: name.startsWith("dropped") ? 0 : 2 }),
      toString: () => "by name",
    },
  });
  const tracer = provider.getTracer("library");
  const started: ReturnType<typeof tracer.startSpan>[] = [];
  const given = new Map<string, string | undefined>();

  const contextOf = (parent: Node["parent"]): Context => {
    if (parent === "remote") {
      const remote = { traceId: "f".repeat(32), spanId: "e".repeat(16), traceFlags: 1, isRemote: true };
      return trace.setSpanContext(ROOT_CONTEXT, remote);
    }
    const above = parent === "none" || started.length === 0 ? undefined : started[parent % started.length];
    return above === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, above);
  };
  const steps = spans
    .flatMap((node, index) => [
      { at: node.startsAt, node, index, isEnd: false },
      ...(node.endsAfter === undefined
        ? []
        : [{ at: node.startsAt + node.endsAfter, node, index, isEnd: true }]),
    ])
    .toSorted((one, other) => one.at - other.at || Number(one.isEnd) - Number(other.isEnd));
  const spanOf = new Map<number, (typeof started)[number]>();
  for (const { node, index, isEnd } of steps) {
    if (isEnd) {
      const span = spanOf.get(index);
      if (node.fails) span?.setStatus({ code: 2, message: "failed" });
      span?.end();
    } else {
      const name = `${node.isDropped ? "dropped " : ""}${node.kind} ${index}`;
      const around = contextOf(node.parent);
      const span = tracer.startSpan(name, { attributes: KINDS[node.kind] }, around);
      started.push(span);
      spanOf.set(index, span);
      given.set(span.spanContext().spanId, trace.getSpanContext(around)?.spanId);
    }
    if (index % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await processor.flush();
  // What never ended, and what was waited for.
  await processor.shutdown();
  const exported = memory
    .getFinishedSpans()
    .map((span): [string | undefined, string | undefined] => [
      given.get(span.spanContext().spanId),
      span.parentSpanContext?.spanId,
    ]);
  await server.close();
  return { events: server.events, server, exported };
}

/** Ids the server gave to what was opened, by path. */
function openedAt(server: RecordingApie, path: RegExp): Map<string, Record<string, unknown>> {
  const opened = server.to(path).filter(({ status }) => status === 201);
  return new Map(
    opened.map(({ answer, body }) => [(answer as { id: string }).id, body as Record<string, unknown>]),
  );
}

/** Everything that refers to nothing. */
function orphans({ events, server }: Told): string[] {
  const byId = new Map(events.map((event) => [event.event_id, event]));
  const runs = openedAt(server, /\/runs$/);
  const sessions = openedAt(server, /^\/v1\/sessions$/);
  const found: string[] = [];
  for (const { type, event_id, parent_event_id, caused_by_event_id, run_id, session_id } of events) {
    const what = `${type} ${event_id}`;
    const parent = byId.get(parent_event_id);
    if (parent_event_id !== undefined && parent === undefined)
      found.push(`${what}: no parent ${parent_event_id}`);
    if (parent !== undefined && parent.run_id !== run_id) found.push(`${what}: its parent is of another run`);
    if (parent !== undefined && parent === byId.get(event_id)) found.push(`${what}: it is its own parent`);
    if (caused_by_event_id !== undefined && !byId.has(caused_by_event_id)) found.push(`${what}: no cause`);
    if (run_id !== undefined && !runs.has(String(run_id))) found.push(`${what}: no run ${run_id}`);
    if (session_id !== undefined && !sessions.has(String(session_id))) found.push(`${what}: no session`);
  }
  for (const [id, { parent_run_id }] of runs) {
    if (parent_run_id !== undefined && !runs.has(String(parent_run_id))) found.push(`${id}: no parent run`);
    const ends = server.to(`/v1/runs/${id}/complete`).length;
    if (ends !== 1) found.push(`${id}: completed ${ends} times`);
  }
  return found;
}

const PAIRS: Readonly<Record<string, readonly string[]>> = {
  "agent.llm.called": ["agent.llm.completed", "agent.llm.failed"],
  "agent.mcp.called": ["agent.mcp.completed", "agent.mcp.failed"],
  "agent.action.requested": ["agent.action.completed", "agent.action.failed"],
  "agent.workflow.step.started": ["agent.workflow.step.completed", "agent.workflow.step.failed"],
};

const spanOf = ({ metadata }: WireRecord): string => (metadata as { otel: { span_id: string } }).otel.span_id;

/** Beginnings without one end, and ends without a beginning. */
function unpaired(events: readonly WireRecord[]): string[] {
  return Object.entries(PAIRS).flatMap(([opening, closings]) => {
    const begun = events.filter(({ type }) => type === opening).map(spanOf);
    const ended = events.filter(({ type }) => closings.includes(type)).map(spanOf);
    return begun.toSorted().join() === ended.toSorted().join()
      ? []
      : [`${opening}: ${begun} but ended ${ended}`];
  });
}

test("whatever the tree, the order of ends and the filters: every reference leads to something told", async () => {
  let [told, references] = [0, 0];
  await fc.assert(
    fc.asyncProperty(fc.noBias(nodes), filters, async (spans, filter) => {
      const result = await happen(spans, filter);
      expect(orphans(result)).toEqual([]);
      if (filter.dropped.length === 0) expect(unpaired(result.events)).toEqual([]);
      for (const run of new Set(result.events.map(({ run_id }) => run_id))) {
        const ofRun = result.events.filter(({ run_id }) => run_id === run);
        const sequence = ofRun.map(({ sequence_number }) => Number(sequence_number));
        expect(sequence).toEqual([...new Set(sequence)].toSorted((one, other) => one - other));
      }
      // Spans themselves keep the parents they have: what is placed anew is placed in the events only.
      for (const [given, exported] of result.exported) expect(exported).toBe(given);
      told += result.events.length;
      references += result.events.filter(({ parent_event_id }) => parent_event_id !== undefined).length;
    }),
    { numRuns: 60 },
  );
  // It did look at something.
  expect(told).toBeGreaterThan(100);
  expect(references).toBeGreaterThan(10);
}, 60_000);

test("a child of work the user's filter left out refers to what is above that", async () => {
  const spans: Node[] = (["agent", "tool", "model call"] as const).map((kind, index) => ({
    kind,
    parent: index === 0 ? "none" : index - 1,
    isDropped: false,
    startsAt: index,
    endsAfter: 10 - index,
    fails: false,
  }));
  const all = await happen(spans, { implicitRuns: "run", touchedResources: [], dropped: [] });
  const call = all.events.find(({ type }) => type === "agent.llm.called");
  const action = all.events.find(({ type }) => type === "agent.action.requested");
  expect(call?.parent_event_id).toBe(action?.event_id);
  const filtered = await happen(spans, {
    implicitRuns: "run",
    touchedResources: [],
    dropped: ["agent.action.requested"],
  });
  expect(filtered.events.map(({ type }) => type)).not.toContain("agent.action.requested");
  expect(filtered.events.find(({ type }) => type === "agent.llm.called")).not.toHaveProperty(
    "parent_event_id",
  );
  expect(context.active()).toBe(ROOT_CONTEXT);
});
