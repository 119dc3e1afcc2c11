import { expect, test } from "vitest";
import type { Scope } from "../../src/model/scope.ts";
import { BOUNDS } from "../../src/tracking/bounds.ts";
import { agent, llm, OWN, Trial, tool } from "./support.ts";

/** What makes a span one of our own API. */
const OURS = { convention: OWN };

test("spans that never end are given up, oldest trace first, and their runs closed", () => {
  const trial = new Trial({ bounds: { maxSpans: 100 } });
  for (let i = 0; i < 200; i += 1) {
    trial.start(`a${i}`, { trace: `t${i}`, activity: agent("Trip") });
    trial.start(`m${i}`, { trace: `t${i}`, parent: `a${i}`, activity: llm() });
  }
  expect(trial.tracker.spansInFlight).toBeLessThanOrEqual(100);
  expect(trial.tracker.counts.evicted).toBe(300);
  expect(trial.told).toContain("end m0 unfinished");
  expect(trial.told).toContain("run- run-a0 failed by evicted");
  expect(trial.tracker.openRuns).toBe(50);
});

test("what that costs does not grow with the spans remembered", () => {
  const trial = new Trial();
  for (let i = 0; i < 200_000; i += 1) trial.start(`s${i}`, { trace: `t${i}` });
  expect(trial.tracker.counts.evicted).toBe(200_000 - BOUNDS.maxTraces);
});

test("of traces that never end those without a run are given up first, and runs of our own API last", () => {
  const trial = new Trial({ bounds: { maxTraces: 100 } });
  trial.start("ours", { trace: "t-ours", activity: { ...agent("Trip"), ...OURS } });
  trial.start("theirs", { trace: "t-theirs", activity: agent("Trip") });
  for (let i = 0; i < 1_000; i += 1) trial.start(`http${i}`, { trace: `t${i}` });
  expect(trial.tracker.openRuns).toBe(2);
  for (let i = 0; i < 1_000; i += 1) trial.start(`a${i}`, { trace: `u${i}`, activity: agent("Trip") });
  expect(trial.told).toContain("run- run-theirs failed by evicted");
  expect(trial.told.filter((line) => line.startsWith("run- run-ours"))).toEqual([]);
  expect(trial.tracker.find("t-ours", "ours")).toBeDefined();
  expect(trial.tracker.openRuns).toBe(100);
});

test("a trace that still gives signs of life is not given up for being old", () => {
  const trial = new Trial({ bounds: { maxTraces: 100 } });
  trial.start("daemon", { trace: "t-daemon" }).start("a", { trace: "t-daemon", activity: agent("Trip") });
  for (let i = 0; i < 1_000; i += 1) {
    trial.pass(100);
    trial.start(`m${i}`, { trace: "t-daemon", parent: "a", activity: llm() }).end(`m${i}`);
    for (let j = 0; j < 4; j += 1) {
      trial.start(`a${i}.${j}`, { trace: `t${i}.${j}`, activity: agent("Trip") });
    }
  }
  expect(trial.told.filter((line) => line.startsWith("run- run-a "))).toEqual([]);
  trial.end("a");
  expect(trial.told).toContain("run- run-a completed");
});

test("too many finished traces are forgotten before any that goes on", () => {
  const trial = new Trial({ bounds: { maxTraces: 100 } }).start("a", { activity: agent("Trip") });
  for (let i = 0; i < 1_000; i += 1) trial.start("m", { trace: `t${i}`, activity: llm() }).end("m");
  expect(trial.tracker.spansInFlight).toBeLessThanOrEqual(100);
  expect(trial.tracker.counts.evicted).toBe(0);
  expect(trial.tracker.openRuns).toBe(1);
});

test("a run of ours keeps its identity for hours, whatever comes and goes meanwhile", () => {
  const HOUR = 3_600_000;
  /** These never end. */
  const isOneInTen = (i: number): boolean => i % 10 === 0;
  const trial = new Trial({ bounds: { maxTraces: 500 } });
  trial.start("ours", { trace: "t-ours", activity: { ...agent("Trip"), ...OURS } });
  for (let hour = 0; hour < 12; hour += 1) {
    for (let i = 0; i < 1_000; i += 1) {
      const trace = `t${hour}.${i}`;
      trial.start("r", { trace }).start("a", { trace, parent: "r", activity: agent("Other") });
      if (!isOneInTen(i)) trial.end("a").end("r");
    }
    trial.pass(HOUR);
    trial.news();
  }
  trial
    .start("late", { trace: "t-ours", parent: "ours", activity: tool("book") })
    .end("late")
    .end("ours");
  expect(trial.news().filter((line) => /late|ours/.test(line))).toEqual([
    "begin late tool in run-ours",
    "end late ok",
    "run- run-ours completed",
  ]);
});

test("of a trace that goes on, finished spans are forgotten, and its open runs go on", () => {
  const trial = new Trial({ bounds: { maxSpans: 100 } })
    .start("worker")
    .start("a", { parent: "worker", activity: agent("Trip") });
  for (let i = 0; i < 1_000; i += 1) trial.start(`m${i}`, { parent: "a", activity: llm() }).end(`m${i}`);
  expect(trial.tracker.spansInFlight).toBeLessThanOrEqual(100);
  expect(trial.tracker.counts).toMatchObject({ evicted: 0, late: 0 });
  trial.end("a").end("worker");
  expect(trial.told.filter((line) => line.startsWith("run"))).toEqual([
    "run+ run-a Trip",
    "run- run-a completed",
  ]);
});

test("of a trace that goes on, finished runs are forgotten with their spans", () => {
  const trial = new Trial({ bounds: { maxSpans: 100 } }).start("worker");
  for (let i = 0; i < 1_000; i += 1) {
    trial.start(`a${i}`, { parent: "worker", activity: agent("Trip") }).end(`a${i}`);
  }
  expect(trial.tracker.find("t", "worker")?.trace.runs.length).toBeLessThanOrEqual(100);
});

test("of a trace that was given up, what ends later is counted and told no more", () => {
  const trial = new Trial({ bounds: { maxSpans: 10 } });
  for (let i = 0; i < 20; i += 1) trial.start(`m${i}`, { trace: `t${i}`, activity: llm() });
  expect(trial.tracker.find("t0", "m0")).toBeUndefined();
  expect(trial.tracker.isGivenUp("t0", llm())).toBe(true);
  expect(trial.tracker.isGivenUp("t0", undefined)).toBe(true);
  expect(trial.tracker.isGivenUp("t19", llm())).toBe(false);
  expect(trial.tracker.counts.late).toBe(1);
});

test("of as many agents at once as make most traces be given up, none is taken for one that was never seen", () => {
  const trial = new Trial();
  const agents = BOUNDS.maxTraces * 3;
  for (let i = 0; i < agents; i += 1) {
    trial.start(`a${i}`, { trace: `t${i}`, activity: agent("Trip") });
    trial.news();
  }
  expect(trial.tracker.counts.evicted).toBe(agents - BOUNDS.maxTraces);
  for (let i = 0; i < agents; i += 1) {
    const isKnown = trial.tracker.find(`t${i}`, `a${i}`) !== undefined;
    if (!isKnown && !trial.tracker.isGivenUp(`t${i}`, agent("Trip"))) expect.fail(`t${i} would be told anew`);
  }
});

test("work that waited in a trace that is given up is told", () => {
  const trial = new Trial({ bounds: { maxTraces: 10 } }).start("a", { mayTurnOut: true });
  for (const id of ["m1", "m2"]) trial.start(id, { parent: "a", activity: llm() }).end(id);
  trial.start("m3", { parent: "a", activity: llm() });
  expect(trial.news()).toEqual([]);
  for (let i = 0; i < 10; i += 1) trial.start(`http${i}`, { trace: `t${i}` });
  expect(trial.news()).toEqual([
    "run+ run-a ?",
    "begin m1 llm in run-a",
    "end m1 ok",
    "begin m2 llm in run-a",
    "end m2 ok",
    "begin m3 llm in run-a",
    "end m3 unfinished",
    "run- run-a failed by evicted",
  ]);
  expect(trial.tracker.counts).toMatchObject({ evicted: 2, late: 0 });
});

test("of too many runs of other processes those without a sign of life for longest are forgotten, and no work of them", () => {
  const trial = new Trial({ bounds: { maxAdopted: 10 } });
  const within = (id: string) => ({ run: { id, apieId: id, agentKey: "main", agentName: "Main" } }) as Scope;
  const work = (id: string, run: string): Trial =>
    trial.start(id, { trace: id, scope: within(run), activity: tool("book") });
  work("open", "x-open");
  for (let i = 0; i < 100; i += 1) {
    work(`t${i}`, `x${i}`).end(`t${i}`);
    work(`again${i}`, "x0").end(`again${i}`);
    expect(trial.tracker.openRuns).toBeLessThanOrEqual(10);
  }
  trial.end("open");
  expect(trial.told.filter((line) => line.startsWith("end"))).toHaveLength(201);
  expect(trial.runs.map(({ id }) => id).filter((id) => id === "x0")).toHaveLength(1);
});

test("content is not remembered once it is told", () => {
  const content = { input: "Where is order 1042?" };
  const trial = new Trial()
    .start("a", { activity: agent("Trip", { content }) })
    .start("m", { parent: "a", activity: llm({ content }) })
    .start("late", { parent: "a" });
  expect(trial.run("run-a").opening?.content).toBeUndefined();
  trial.end("m").end("late", llm({ content })).end("a");
  for (const id of ["a", "m", "late"]) {
    const node = trial.tracker.find("t", id);
    expect(node?.opening).toHaveProperty("kind");
    expect([node?.opening?.content, node?.closing?.content]).toEqual([undefined, undefined]);
  }
  expect(trial.run("run-a").closing?.content).toBeUndefined();
});

test("of many spans that never end only the latest keep their content", () => {
  const trial = new Trial({ bounds: { maxBearingContent: 10 } });
  const inputs = Array.from({ length: 30 }, (_, i) => `question ${i}`);
  for (const input of inputs) trial.start(input, { trace: input, activity: llm({ content: { input } }) });
  const kept = inputs.filter((id) => trial.tracker.find(id, id)?.opening?.content !== undefined);
  expect(kept).toEqual(inputs.slice(-10));
});

test("of too many sessions those without a sign of life for longest are ended", () => {
  const trial = new Trial({ bounds: { maxSessions: 10 } });
  const inSession = (id: string, session: string): Trial =>
    trial.start(id, { trace: id, activity: agent("Trip", { sessionId: session }) });
  inSession("open", "s-open");
  for (let i = 0; i < 30; i += 1) {
    inSession(`a${i}`, `s${i}`).end(`a${i}`);
    inSession(`again${i}`, "s0").end(`again${i}`);
  }
  const ended = trial.told.filter((line) => line.startsWith("session-"));
  expect(ended).toEqual(Array.from({ length: 21 }, (_, i) => `session- s${i + 1} completed`));
});

test("finished traces are forgotten after a while, or at once when there are many", () => {
  const trial = new Trial({ bounds: { maxIdleSpans: 10 } });
  for (let i = 0; i < 100; i += 1) trial.start(`m${i}`, { trace: `t${i}`, activity: llm() }).end(`m${i}`);
  expect(trial.tracker.spansInFlight).toBeLessThanOrEqual(10);
  trial.pass(31_000);
  expect(trial.tracker.spansInFlight).toBe(0);
  expect(trial.tracker.needsSweep).toBe(false);
});

test("a span of the same id again replaces the first and is not counted twice", () => {
  const trial = new Trial();
  for (let i = 0; i < 10; i += 1) trial.start("m", { activity: llm() }).end("m");
  expect(trial.tracker.spansInFlight).toBe(1);
});

test("a span ended twice is told once", () => {
  const trial = new Trial().start("m", { activity: llm() }).end("m").end("m");
  expect(trial.told.filter((line) => line.startsWith("end"))).toEqual(["end m ok"]);
});

test("nothing is left of a hundred thousand runs", () => {
  const trial = new Trial();
  for (let i = 0; i < 100_000; i += 1) {
    trial.start("a", { trace: `t${i}`, activity: agent("Trip") }).end("a");
    trial.told.length = 0;
    trial.runs.length = 0;
  }
  expect(trial.tracker.spansInFlight).toBeLessThanOrEqual(10_000);
  trial.pass(60_000);
  expect(trial.tracker.needsSweep).toBe(false);
});
