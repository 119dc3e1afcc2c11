/** Spans that arrive ended are told a little at a time, in the time there is, and bounded by number and by bytes meanwhile. */
import { describe, expect, test } from "vitest";
import { nextTurn } from "../../src/apie-api/index.ts";
import { type ApieOptions, ApieSpanProcessor, type FlushReport } from "../../src/index.ts";
import { type EndedSpan, EndOnlyTraces, type WalkStep } from "../../src/processor/end-only/index.ts";
import { cleanup, options, startServer } from "../support/client.ts";
import { ended, TRACE } from "../support/ended-spans.ts";
import { jumpingClock } from "../support/jumping-clock.ts";
import { until } from "../support/until.ts";

const AGENT = { "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "Trip" };
const TOOL = { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search" };
const CHAT = { "gen_ai.operation.name": "chat", "gen_ai.request.model": "m" };
/** Started, called, completed. */
const EVENTS_OF_TOOL = 3;

async function processorOf(more: ApieOptions = {}) {
  const server = await startServer();
  const processor = new ApieSpanProcessor(options(server, { maxBatchSize: 500, ...more }));
  cleanup(() => processor.shutdown());
  const { pipeline } = processor;
  if (pipeline === undefined) throw new Error("switched off");
  return { server, processor, pipeline };
}

const traceOf = (index: number): string => index.toString(16).padStart(32, "0");
const total = ({ events }: Pick<FlushReport, "events">): number =>
  events.delivered + events.rejected + events.dropped + events.pending;

describe("a long trace", () => {
  const SPANS = 15_000;
  /** Far less than telling it takes. */
  const TIME_MS = 10;

  /** All of it has arrived and is read, but for its root. */
  async function long() {
    const made = await processorOf({ flushTimeoutMs: 20_000 });
    for (let index = 1; index < SPANS; index += 1) {
      made.processor.onEnd(ended(`t${index}`, "root", index, SPANS, TOOL));
      if (index % 500 === 0) await nextTurn();
    }
    await made.processor.flush();
    made.processor.onEnd(ended("root", undefined, 0, SPANS, AGENT));
    return made;
  }

  test("that a flush has no time to tell is pending, and told with the next, in order", async () => {
    const { server, processor, pipeline } = await long();
    const started = performance.now();
    const report = await pipeline.flush(TIME_MS);
    expect(performance.now() - started).toBeLessThan(20 * TIME_MS);
    expect(report).toMatchObject({ ok: false, timedOut: true, events: { dropped: 0, rejected: 0 } });
    // Its starts and ends count one each until they are told.
    expect(report.events.pending).toBeGreaterThan(SPANS);
    // Two at once, in the middle of it.
    const [first, second] = await Promise.all([processor.flush(), processor.flush()]);
    for (const later of [first, second]) {
      expect(later).toMatchObject({
        ok: true,
        runs: { opened: 1, completed: 1 },
        events: { delivered: EVENTS_OF_TOOL * (SPANS - 1), pending: 0, dropped: 0 },
      });
    }
    const numbers = server.events.map((event) => Number(event.sequence_number));
    expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    const begun = server.eventsOf("agent.action.requested").map((event) => String(event.timestamp));
    expect(begun).toEqual(begun.toSorted());
  }, 30_000);

  test("that a shutdown has no time to tell is dropped, and all of it is counted", async () => {
    const { pipeline } = await long();
    const started = performance.now();
    const report = await pipeline.shutdown(TIME_MS);
    expect(performance.now() - started).toBeLessThan(20 * TIME_MS + 100);
    expect(report).toMatchObject({ ok: false, timedOut: true, events: { pending: 0 } });
    expect(report.events.dropped).toBeGreaterThan(SPANS);
    expect(report.reasons.shutdown).toBe(report.events.dropped);
    // What the run had begun ended with it; the rest is late, or dropped when it is told.
    const { counters } = pipeline.delivery;
    await until(
      "all is looked at",
      () => total(counters) / EVENTS_OF_TOOL + pipeline.tracker.counts.late >= SPANS - 1,
    );
    expect(counters.events.pending).toBe(0);
  }, 30_000);

  test("is told as one, whatever comes live meanwhile", async () => {
    const { server, processor, pipeline } = await long();
    const telling = pipeline.flush();
    const live = { ...ended("live", undefined, 5, 6, CHAT, { traceId: traceOf(7) }), ended: false };
    processor.onStart(live, undefined);
    await nextTurn();
    processor.onEnd({ ...live, ended: true });
    expect(await telling).toMatchObject({ ok: true });
    await processor.flush();
    expect(server.to("/v1/runs")).toHaveLength(2);
    expect(server.eventsOf("agent.tool.called")).toHaveLength(SPANS - 1);
    expect(server.eventsOf("agent.llm.completed")).toHaveLength(1);
  }, 30_000);
});

test("time that passes while a trace is told ends nothing in it", async () => {
  const jump = jumpingClock();
  const { server, processor, pipeline } = await processorOf({ flushTimeoutMs: 60_000 });
  const SPANS = 5_000;
  // Its work goes on after its root has ended.
  for (let index = 1; index < SPANS; index += 1) {
    processor.onEnd(ended(`t${index}`, "root", 0, SPANS + index, TOOL));
    if (index % 500 === 0) await nextTurn();
  }
  processor.onEnd(ended("root", undefined, 0, SPANS, AGENT));
  const telling = processor.flush();
  const { tracker } = pipeline;
  const isOver = (spanId: string): boolean => tracker.find(TRACE, spanId)?.endMs !== undefined;
  while (!isOver("root")) await nextTurn();
  expect(isOver(`t${SPANS - 1}`)).toBe(false);
  // Longer than a run waits for the rest of its work.
  jump(10_000);
  expect(await telling).toMatchObject({
    ok: true,
    events: { delivered: EVENTS_OF_TOOL * (SPANS - 1) },
    runs: { completed: 1 },
  });
  // None as unfinished.
  expect(server.eventsOf("agent.action.completed")).toHaveLength(SPANS - 1);
});

describe("traces whose root was not seen", () => {
  const CONTENT = JSON.stringify([{ role: "user", content: "the quick brown fox ".repeat(500) }]);
  /** Half of it may wait; one takes some 20 kB. */
  const BOUNDED: ApieOptions = { captureContent: true, maxQueueBytes: 400_000 };
  const large = (index: number) =>
    ended(
      `m${index}`,
      "lost",
      10,
      20,
      { ...CHAT, "gen_ai.input.messages": CONTENT },
      { traceId: traceOf(index) },
    );

  test("are told before it when they hold too many bytes, oldest first, and nothing is lost", async () => {
    const { server, processor } = await processorOf(BOUNDED);
    const SPANS = 60;
    for (let index = 0; index < SPANS; index += 1) {
      processor.onEnd(large(index));
      const report = await processor.flush();
      expect(report.events).toMatchObject({ dropped: 0, rejected: 0 });
    }
    const told = server.eventsOf("agent.llm.completed").length;
    expect(told).toBeGreaterThan(SPANS - 20);
    expect(told).toBeLessThan(SPANS);
    await processor.shutdown();
    expect(server.eventsOf("agent.llm.completed")).toHaveLength(SPANS);
  });
});

describe("whatever comes in one turn of the event loop", () => {
  const MAX = 20_000;

  function holding(maxBytes = Number.POSITIVE_INFINITY) {
    const ends: EndedSpan[] = [];
    let onStep = (_step: WalkStep): void => undefined;
    const traces = new EndOnlyTraces({
      now: () => 0,
      maxBytes,
      isKnown: () => false,
      tell: (step) => {
        if (step.phase === "end") ends.push(step.span);
        onStep(step);
      },
      onTold: () => undefined,
    });
    return {
      traces,
      ends,
      onStep: (does: typeof onStep) => {
        onStep = does;
      },
    };
  }

  const span = (traceId: string, spanId: string, bytes = 800): EndedSpan => ({
    start: {
      traceId,
      spanId,
      parentId: undefined,
      name: "",
      scopeName: "",
      scope: undefined,
      startMs: 0,
      mayTurnOut: false,
      sessionHint: undefined,
    },
    end: { endMs: 1, activity: undefined, failure: undefined, droppedAttributes: 0 },
    activity: undefined,
    isRoot: true,
    bytes,
  });

  test.each([1, 100, 15_000])("not twice as many spans are held as may be (%i in a trace)", (inTrace) => {
    const { traces, ends } = holding();
    for (let index = 0; index < 4 * MAX; index += 1) {
      traces.add(span(`t${Math.floor(index / inTrace)}`, `s${index}`));
      if (index + 1 - ends.length > 2 * MAX + 1) expect.fail(`${index + 1 - ends.length} are held`);
    }
    traces.releaseAll();
    traces.walks.all();
    expect(ends).toHaveLength(4 * MAX);
    expect(new Set(ends.map(({ start }) => start.spanId)).size).toBe(4 * MAX);
  });

  test("nor twice as many bytes", () => {
    const BYTES = 1_000_000;
    const { traces, ends } = holding(BYTES);
    for (let index = 0; index < 1_000; index += 1) {
      traces.add(span(`t${index}`, "s", 50_000));
      expect((index + 1 - ends.length) * 50_000).toBeLessThanOrEqual(2 * BYTES + 50_000);
    }
    expect(ends.length).toBeGreaterThan(900);
  });

  test("a span that is ended while another is told waits for its turn", () => {
    const { traces, ends, onStep } = holding(2_000);
    let more = 100;
    onStep(({ phase }) => {
      more -= 1;
      if (phase === "start" && more > 0) traces.add(span(`more${more}`, "s"));
    });
    traces.add(span("t", "s"));
    while (!traces.isEmpty) {
      traces.releaseAll();
      traces.walks.all();
    }
    expect(ends.length).toBeGreaterThan(50);
    expect(more).toBeLessThan(0);
  });

  test("those whose root was not seen wait on while others are complete", () => {
    const { traces, ends } = holding(10_000);
    traces.add({ ...span("waits", "s"), isRoot: false });
    for (let index = 0; index < 100; index += 1) traces.add(span(`t${index}`, "s"));
    const told = ends.map(({ start }) => start.traceId);
    expect(told.length).toBeGreaterThan(50);
    expect(told).not.toContain("waits");
    for (let index = 0; index < 100; index += 1) {
      traces.add({ ...span("also", `s${index}`), isRoot: false });
    }
    traces.walks.all();
    expect(ends.map(({ start }) => start.traceId)).toContain("waits");
  });
});
