/**
 * Version and registration skew: spans in the shape of another SDK line, or put together by hand with members missing, cost
 * themselves at most, never their batch; and the order in which provider and client are made does not matter. Whole projects
 * with other SDKs, other Nodes and two real copies of the API: `npm run test:matrix`.
 */
import { ROOT_CONTEXT, trace } from "@opentelemetry/api";
import { BasicTracerProvider } from "@opentelemetry/sdk-trace-base";
import { describe, expect, test } from "vitest";
import { Apie, ApieSpanProcessor } from "../../src/index.ts";
import type { SpanLike } from "../../src/model/span.ts";
import { runsAt } from "../api/support/api.ts";
import { cleanup, options, startServer } from "../support/client.ts";
import { startOtel } from "../support/otel.ts";

const CHAT = { "gen_ai.operation.name": "chat", "gen_ai.request.model": "m" };
const PARENT = "a".repeat(16);

const idOf = (count: number, length: number): string => count.toString(16).padStart(length, "0");

/** A span as the SDKs of 2.x and 3.x hand it over. */
function whole(count: number): Record<string, unknown> {
  const context = { traceId: idOf(count, 32), spanId: idOf(count, 16), traceFlags: 1 };
  return {
    name: "chat m",
    kind: 2,
    spanContext: () => context,
    parentSpanContext: undefined,
    startTime: [1_700_000_000, 0],
    endTime: [1_700_000_001, 0],
    duration: [1, 0],
    ended: true,
    status: { code: 0 },
    attributes: { ...CHAT },
    links: [],
    events: [],
    resource: { attributes: { "service.name": "shop" } },
    instrumentationScope: { name: "library" },
    droppedAttributesCount: 0,
    droppedEventsCount: 0,
    droppedLinksCount: 0,
  };
}

type Change = (span: Record<string, unknown>) => void;
const without =
  (...members: string[]): Change =>
  (span) => {
    for (const member of members) delete span[member];
  };
const set =
  (members: Record<string, unknown>): Change =>
  (span) =>
    void Object.assign(span, members);

/** What is still told of the span: all of it, or nothing. */
const SHAPES: Record<string, readonly [change: Change, isTold: boolean]> = {
  ...Object.fromEntries(
    [
      "kind",
      "parentSpanContext",
      "endTime",
      "duration",
      "ended",
      "status",
      "links",
      "events",
      "resource",
      "instrumentationScope",
      "droppedAttributesCount",
      "name",
      "startTime",
    ].map((member) => [`without ${member}`, [without(member), true]] as const),
  ),
  "of 1.x": [
    (span) => {
      without("parentSpanContext", "instrumentationScope")(span);
      set({ parentSpanId: PARENT, instrumentationLibrary: { name: "library", version: "1" } })(span);
    },
    true,
  ],
  "of 1.x, without a library": [without("parentSpanContext", "instrumentationScope"), true],
  "with nothing but an id, a name and attributes": [
    (span) => {
      for (const member of Object.keys(span))
        if (!["spanContext", "name", "attributes"].includes(member)) delete span[member];
    },
    true,
  ],
  "with null for what is missing": [
    set({ links: null, events: null, resource: null, status: null, parentSpanContext: null }),
    true,
  ],
  "without attributes": [without("attributes"), false],
  "without a span context": [without("spanContext"), false],
  "whose span context is empty": [set({ spanContext: () => ({}) }), false],
  "whose span context throws": [
    set({
      spanContext() {
        throw new Error("no");
      },
    }),
    false,
  ],
};

describe.each(Object.entries(SHAPES))("a span %s", (_what, [change, isTold]) => {
  test.each([
    ["live", true],
    ["ended only", false],
  ])("costs nothing beside it: %s", async (_how, isLive) => {
    const server = await startServer();
    const problems: string[] = [];
    const onError = (error: Error): void => void problems.push(error.message);
    const processor = new ApieSpanProcessor(options(server, { onError }));
    cleanup(() => processor.shutdown());
    const spans = [1, 2, 3].map(whole);
    change(spans[1] as Record<string, unknown>);
    for (const span of spans as unknown as SpanLike[]) {
      if (isLive) processor.onStart(span, ROOT_CONTEXT);
      processor.onEnd(span);
    }
    // What was only ever seen ended waits for its root.
    await processor.shutdown();
    const report = await processor.flush();
    const runs = isTold ? 3 : 2;
    expect(report).toMatchObject({
      ok: true,
      runs: { completed: runs, rejected: 0, dropped: 0 },
      events: { delivered: 2 * runs, rejected: 0, dropped: 0, pending: 0 },
    });
    expect(server.types.filter((type) => type === "agent.llm.completed")).toHaveLength(runs);
    expect(problems.length).toBeLessThanOrEqual(1);
  });
});

describe("the provider is registered", () => {
  test("before the client is made, after it, and again", async () => {
    const server = await startServer();
    const apie = new Apie(options(server));
    cleanup(() => apie.shutdown());
    for (const _round of [1, 2]) {
      const otel = startOtel({ processors: [apie.spanProcessor] });
      await apie.withRun({}, () => apie.withTool({ tool: { name: "t" } }, () => 1));
      await apie.flush();
      // The client outlives the provider, whose end shuts its processors down.
      trace.disable();
      otel.provider.getTracer("late").startSpan("late").end();
    }
    expect(runsAt(server).map(({ completion }) => completion?.status)).toEqual(["completed", "completed"]);
  });

  test("second: OpenTelemetry keeps the first, and the runs of that one arrive", async () => {
    const server = await startServer();
    const problems: string[] = [];
    const apie = new Apie(options(server, { onError: (error) => void problems.push(error.code) }));
    const otel = startOtel({ processors: [apie.spanProcessor] });
    cleanup(() => otel.close());
    const late = new Apie(options(server, { onError: (error) => void problems.push(`late ${error.code}`) }));
    const second = new BasicTracerProvider({ spanProcessors: [late.spanProcessor as never] });
    expect(trace.setGlobalTracerProvider(second)).toBe(false);
    await apie.withRun({}, () => 1);
    expect(await late.withRun({}, () => 2)).toBe(2);
    await Promise.all([apie.shutdown(), late.shutdown()]);
    expect(runsAt(server)).toHaveLength(1);
    expect(problems).toEqual(["late processor_missing"]);
  });
});
