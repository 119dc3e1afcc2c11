/** What goes wrong when answers of ag.dev are taken at their word: one test for each. */
import { describe, expect, test } from "vitest";
import { agDevRun, type ImportedSpan, rebuild } from "../../src/imports/index.ts";
import { fixture, type Json, ofOperation, operationOf, runSpan, said, us } from "./support.ts";

type Bundle = Json & { run: Json; events: { data: Json[]; pagination: Json }; revision: Json };

const done = () => fixture<Bundle>("agdev/run-document-done");
const RUN = { id: "r", agentId: "a", status: "done", createdAt: "2026-02-17T11:05:00Z" };
const SECOND = 1_771_326_300;

const spansOf = (events: unknown, run: Json = RUN): ImportedSpan[] => [...agDevRun({ run, events })];
const work = (spans: readonly ImportedSpan[]) => spans.filter((span) => operationOf(span) !== "run");
const names = (spans: readonly ImportedSpan[]) => spans.map(({ name }) => name);
const ids = (spans: readonly ImportedSpan[]) => spans.map((span) => span.spanContext().spanId);

describe("times", () => {
  test("whole seconds: many things at once, each after what is before it in the list", () => {
    const at = (second: number) => `2026-02-17T11:05:0${second}Z`;
    const event = (type: string, from: number, to: number) => ({
      type,
      data: {},
      startedAt: at(from),
      finishedAt: at(to),
    });
    const events = [event("planning", 0, 1), event("reasoning", 1, 1), event("narration", 1, 2)];
    const points = work(spansOf(events)).flatMap(({ startTime, endTime }) => [us(startTime), us(endTime)]);
    expect(points).toEqual(points.toSorted((a, b) => a - b));
    expect(new Set(points).size).toBe(points.length);
    expect(points.map((point) => Math.floor(point / 1e6) - SECOND)).toEqual([0, 1, 1, 1, 1, 2]);
    expect(work(spansOf(events)).map((span) => said(span, "agent.source.time_resolution"))).toEqual(
      Array(3).fill("s"),
    );
  });

  test("a list that is not in order of time: the times decide", () => {
    const bundle = done();
    const sorted = names([...agDevRun(bundle)]);
    const reversed = { ...bundle, events: bundle.events.data.toReversed() };
    expect(names([...agDevRun(reversed)])).toEqual(sorted);
    expect(rebuild([...agDevRun(reversed)])).toEqual(reversed);
  });

  test("tools side by side", () => {
    const call = (name: string, from: string, to: string) => ({
      type: "tool_call",
      data: { name, output: 1 },
      startedAt: `2026-02-17T11:05:${from}Z`,
      finishedAt: `2026-02-17T11:05:${to}Z`,
    });
    const [slow, quick] = work(
      spansOf([call("slow", "01.000", "09.000"), call("quick", "02.000", "03.000")]),
    );
    expect([slow, quick].map((span) => span && us(span.endTime) / 1e6 - SECOND)).toEqual([9, 3]);
  });

  test("a time without a zone is UTC, wherever it is read", () => {
    const [root] = spansOf([], { ...RUN, createdAt: "2026-02-17T11:05:00.500" });
    expect(root?.startTime).toEqual([SECOND, 500_000_000]);
    const [other] = spansOf([], { ...RUN, createdAt: "2026-02-17T13:05:00.500+02:00" });
    expect(other?.startTime).toEqual(root?.startTime);
  });

  test("a clock that runs backwards makes no span of negative length, nor work before its run", () => {
    const event = {
      type: "planning",
      data: {},
      startedAt: "2026-02-17T11:04:59.000Z",
      finishedAt: "2026-02-17T11:04:58.000Z",
    };
    const [root, plan] = spansOf([event]);
    expect(plan && us(plan.endTime)).toBeGreaterThanOrEqual(us(plan?.startTime ?? [0, 0]));
    expect(us(root?.startTime ?? [0, 0])).toBeLessThanOrEqual(us(plan?.startTime ?? [0, 0]));
    expect(root && said(root, "agent.run.queue_time")).toBeUndefined();
  });

  test("the oldest clients tell one time, when the event is over", () => {
    const event = { id: "e", type: "planning", data: {}, timestamp: "2026-02-17T11:05:04.250Z" };
    const [plan] = work(spansOf([event]));
    expect(plan).toMatchObject({ status: { code: 0 }, startTime: [SECOND + 4, 250_000_000] });
    expect(plan && us(plan.endTime) - us(plan.startTime)).toBeLessThanOrEqual(1);
    // Such an event is no open one.
    expect(work(spansOf([event], { ...RUN, status: "running" }))).toHaveLength(1);
  });

  test("an event without any time comes right after the one before it", () => {
    const spans = work(
      spansOf([
        { type: "planning", data: {}, startedAt: "2026-02-17T11:05:01Z", finishedAt: "2026-02-17T11:05:03Z" },
        { type: "narration", data: {} },
        {
          type: "reasoning",
          data: {},
          startedAt: "2026-02-17T11:05:02Z",
          finishedAt: "2026-02-17T11:05:03Z",
        },
      ]),
    );
    expect(names(spans)).toEqual(["plan a", "workflow_step narration", "reasoning a"]);
  });

  test.each<[string, Json, number]>([
    ["as it says", { completedAt: "2026-02-17T11:05:20Z", updatedAt: "2026-02-17T11:09:00Z" }, 20],
    ["when it was last updated", { updatedAt: "2026-02-17T11:05:15Z" }, 15],
    ["with its last event", { updatedAt: "2026-02-17T11:05:01Z" }, 7],
  ])("a run ends %s", (_how, more, second) => {
    const event = {
      type: "planning",
      data: {},
      startedAt: "2026-02-17T11:05:02Z",
      finishedAt: "2026-02-17T11:05:07Z",
    };
    const [root] = spansOf([event], { ...RUN, ...more });
    expect(root?.endTime).toEqual([SECOND + second, 0]);
  });
});

describe("lists of events", () => {
  const { data } = done().events;

  test.each<[string, unknown]>([
    ["{ data, pagination }", { data, pagination: { limit: 100, offset: 0, total: 7 } }],
    ["{ items, total, page, pageSize }", { items: data, total: 7, page: 1, pageSize: 100 }],
    ["bare", data],
  ])("%s: the same spans", (_form, events) => {
    const spans = [...agDevRun({ ...done(), events })];
    expect(ids(spans)).toEqual(ids([...agDevRun(done())]));
    expect(rebuild(spans)).toEqual({ ...done(), events });
  });

  test.each<[string, Json]>([
    ["null", { events: null }],
    ["absent", {}],
    ["empty", { events: { data: [], pagination: { limit: 100, offset: 0, total: 0 } } }],
  ])("%s: the run alone", (_what, events) => {
    const given = { run: done().run, ...events };
    const spans = [...agDevRun(given)];
    expect(spans.map(operationOf)).toEqual(["run", "resource_access", "resource_access"]);
    expect(rebuild(spans)).toEqual(given);
  });

  test("an event that two pages repeat is told once, as it ended", () => {
    const [first, ...others] = data;
    const open = { ...first, finishedAt: null };
    for (const events of [
      [open, ...others, first],
      [first, ...others, open],
    ]) {
      const spans = [...agDevRun({ ...done(), events })];
      expect(ids(spans)).toEqual(ids([...agDevRun(done())]));
      expect(ofOperation(spans, "plan")[0]?.endTime).toEqual([SECOND + 6, 870_000_000]);
      expect(rebuild(spans)).toEqual({ ...done(), events });
    }
  });

  test("a page that is not all of them says so", () => {
    const page = { data: data.slice(0, 3), pagination: { limit: 3, offset: 0, total: 7 } };
    const metadata = (events: unknown): Json =>
      JSON.parse(
        String(said(runSpan([...agDevRun({ ...done(), events })], String(done().run.id)), "agent.metadata")),
      );
    expect(metadata(page)).toMatchObject({ events_given: 3, events_total: 7 });
    expect(metadata(data)).not.toHaveProperty("events_total");
  });

  test("events without ids keep theirs by their place in the whole list", () => {
    const unnamed = data.map(({ id: _, runId: __, ...event }) => ({ ...event, data: {}, type: "narration" }));
    const all = work(spansOf({ data: unnamed, pagination: { offset: 0, total: 7 } }));
    const second = work(spansOf({ data: unnamed.slice(4), pagination: { offset: 4, total: 7 } }));
    const third = work(spansOf({ items: unnamed.slice(4), page: 3, pageSize: 2 }));
    expect(ids(second)).toEqual(ids(all).slice(4));
    expect(ids(third)).toEqual(ids(all).slice(4));
  });
});

describe("status", () => {
  test.each<[Json, string]>([
    [{ status: "done" }, "completed"],
    [{ status: "DONE" }, "completed"],
    [{ status: "error", error: { code: "X", message: "m" } }, "failed"],
    [{ status: "error" }, "failed"],
    [{ status: "pending" }, "pending"],
    [{ status: "running" }, "running"],
    [{ status: "archived", resultData: { result: "text" } }, "completed"],
    [{ status: "archived", error: { code: "X" } }, "failed"],
    [{ status: "queued_again" }, "running"],
  ])("%j is %s", (more, status) => {
    const [root] = spansOf([], { ...RUN, ...more });
    expect(root && said(root, "agent.run.status")).toBe(status);
    expect(root && said(root, "agent.source.status")).toBe(more.status);
    expect(root?.status.code).toBe(status === "failed" ? 2 : 0);
  });

  test("a code that is no word for programs may be content", () => {
    const [root] = spansOf([], { ...RUN, status: "error", error: { code: "it went wrong", message: "so" } });
    expect(root).toMatchObject({ attributes: { "error.type": "Error" }, status: { message: "so" } });
  });
});

describe("what has not ended", () => {
  const open = (type: string, data: Json = {}) => ({
    type,
    data,
    startedAt: "2026-02-17T11:05:02Z",
    finishedAt: null,
  });
  const error = { ...RUN, status: "error", error: { code: "X" }, updatedAt: "2026-02-17T11:05:09Z" };
  const over = { ...RUN, completedAt: "2026-02-17T11:05:09Z" };

  test.each<[string, Json, unknown, string | undefined, number]>([
    ["a call, of a run that failed", error, open("tool_call", { name: "t" }), "X", 7],
    ["a call, of a run that is done", over, open("tool_call", { name: "t" }), "unfinished", 7],
    ["a call that has its answer", error, open("tool_call", { name: "t", output: 0 }), undefined, 0],
    ["a plan, of a run that failed", error, open("planning"), "X", 7],
    ["a plan, of a run that is done", over, open("planning"), undefined, 0],
    ["what it told its user", error, open("narration"), undefined, 0],
  ])("%s", (_what, run, event, type, seconds) => {
    const [span] = work(spansOf([event], run));
    expect(span && said(span, "error.type")).toBe(type);
    expect(span && us(span.endTime) - us(span.startTime)).toBe(seconds * 1e6);
  });

  test("in a run that goes on it is not told, and not lost", () => {
    const run = { ...RUN, status: "running" };
    const before = {
      type: "planning",
      data: {},
      startedAt: "2026-02-17T11:05:00.100Z",
      finishedAt: "2026-02-17T11:05:01Z",
    };
    const beside = { ...open("tool_call", { name: "t", output: 1 }), finishedAt: "2026-02-17T11:05:03Z" };
    const given = { run, events: [before, open("tool_call", { name: "slow" }), beside] };
    const spans = [...agDevRun(given)];
    expect(names(work(spans))).toEqual(["plan a"]);
    expect(said(runSpan(spans, "r"), "agent.run.tool_call.count")).toBe(0);
    expect(rebuild(spans)).toEqual(given);
  });
});
