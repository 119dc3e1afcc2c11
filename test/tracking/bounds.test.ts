import { expect, test } from "vitest";
import { agent, llm, Trial } from "./support.ts";

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
