import { expect, test } from "vitest";
import { agent, llm, Trial, tool } from "./support.ts";

test("a span known only at its end tells both of its ends then", () => {
  const trial = new Trial()
    .start("a", { activity: agent("Trip") })
    .start("m", { parent: "a" })
    .news();
  const late = new Trial().start("a", { activity: agent("Trip") }).start("m", { parent: "a" });
  late.news();
  late.end("m", llm());
  expect(late.news()).toEqual(["begin m llm in run-a", "end m ok"]);
  expect(trial).toEqual(["run+ run-a Trip"]);
});

test("an agent known only at its end is a run all the same", () => {
  const trial = new Trial().start("a").end("a", agent("Trip"));
  expect(trial.news()).toEqual(["run+ run-a Trip", "run- run-a completed"]);
});

test("an agent known only at its end names the run its work has made", () => {
  const trial = new Trial().start("a").start("m", { parent: "a", activity: llm() }).end("m");
  expect(trial.news()).toEqual(["run+ run-a ?", "begin m llm in run-a", "end m ok"]);
  trial.end("a", agent("Trip"));
  expect(trial.news()).toEqual(["run- run-a completed"]);
  expect(trial.run("run-a").agentName).toBe("Trip");
});

test("work below a span that may turn out to be an agent waits for it", () => {
  const trial = new Trial()
    .start("a", { mayTurnOut: true })
    .start("m", { parent: "a", activity: llm() })
    .end("m");
  expect(trial.news()).toEqual([]);
  trial.end("a", agent("Trip"));
  expect(trial.news()).toEqual([
    "run+ run-a Trip",
    "begin m llm in run-a",
    "end m ok",
    "run- run-a completed",
  ]);
});

test("a whole tree known only at its ends is told as if live", () => {
  const trial = new Trial();
  trial.start("a", { mayTurnOut: true }).start("h", { parent: "a", mayTurnOut: true });
  trial.start("b", { parent: "h", mayTurnOut: true }).start("m", { parent: "b", mayTurnOut: true });
  trial.end("m", llm()).end("b", agent("Billing")).end("h", tool("ask")).end("a", agent("Triage"));
  expect(trial.news()).toEqual([
    "run+ run-a Triage",
    "begin h tool in run-a",
    "session+ session-of-run-a made",
    "run+ run-b Billing under run-a in session-of-run-a",
    "begin m llm in run-b",
    "end m ok",
    "run- run-b completed",
    "end h ok",
    "run- run-a completed",
  ]);
});

test("a span that turns out to be nothing lets the work below go where it belongs", () => {
  const trial = new Trial()
    .start("a", { activity: agent("Trip") })
    .start("x", { parent: "a", mayTurnOut: true });
  trial.start("m", { parent: "x", activity: llm() }).end("m").news();
  trial.end("x");
  expect(trial.news()).toEqual(["begin m llm in run-a", "end m ok"]);
});

test("all work below a span that turns out to be nothing is one run", () => {
  const trial = new Trial().start("x", { mayTurnOut: true });
  for (const id of ["m1", "m2", "m3"]) trial.start(id, { parent: "x", activity: llm() }).end(id);
  trial.end("x");
  expect(trial.news()).toEqual([
    "run+ run-x ?",
    ...["m1", "m2", "m3"].flatMap((id) => [`begin ${id} llm in run-x`, `end ${id} ok`]),
    "run- run-x completed",
  ]);
});

test("work does not wait for ever", () => {
  const trial = new Trial()
    .start("a", { mayTurnOut: true })
    .start("m", { parent: "a", activity: llm() })
    .end("m");
  trial.pass(4_000);
  expect(trial.news()).toEqual([]);
  trial.pass(2_000);
  expect(trial.news()).toEqual(["run+ run-a ?", "begin m llm in run-a", "end m ok"]);
});

test("little is held back at a time", () => {
  const trial = new Trial({ bounds: { maxHeld: 10 } }).start("a", { mayTurnOut: true });
  for (let i = 0; i < 20; i += 1) trial.start(`m${i}`, { parent: "a", activity: llm() }).end(`m${i}`);
  expect(trial.told.length).toBeGreaterThan(20);
});

test("what is held back is told at the end", () => {
  const trial = new Trial()
    .start("a", { mayTurnOut: true })
    .start("m", { parent: "a", activity: llm() })
    .end("m");
  trial.tracker.closeAll();
  expect(trial.news()).toEqual([
    "run+ run-a ?",
    "begin m llm in run-a",
    "end m ok",
    "run- run-a failed by shutdown",
  ]);
});

test("a span that a convention no longer knows at its end ends as what it began", () => {
  const trial = new Trial().start("m", { activity: llm() });
  trial.tracker.ended(trial.tracker.find("t", "m") as never, {
    endMs: 9,
    activity: undefined,
    failure: { type: "Boom" },
    droppedAttributes: 0,
  });
  expect(trial.news()).toEqual(["run+ run-m ?", "begin m llm in run-m", "end m Boom", "run- run-m failed"]);
});
