/** Spans whose attributes come at their end only, and whose first name says what they will be. */
import { expect, test } from "vitest";
import { agent, FAILED, llm, Trial, tool } from "./support.ts";

const provisional = { provisional: true };

test("a provisional agent waits for its end, which says more", () => {
  const trial = new Trial()
    .start("a", { activity: agent("trip-agent", provisional) })
    .start("m", { parent: "a", activity: llm(provisional) })
    .end("m", llm());
  expect(trial.news()).toEqual([]);
  trial.end("a", agent("Trip agent", { sessionId: "s" }));
  expect(trial.news()).toEqual([
    "session+ s conversation",
    "run+ run-a Trip agent in s",
    "begin m llm in run-a",
    "end m ok",
    "run- run-a completed",
  ]);
});

test("one that takes long is told as it is, in the session that work below it names, and named at its end", () => {
  const trial = new Trial()
    .start("a", { activity: agent("trip-agent", provisional) })
    .start("t", { parent: "a", activity: tool("search", provisional) })
    .end("t", tool("search", { sessionId: "s" }))
    .pass(6_000);
  expect(trial.news()).toEqual([
    "session+ s conversation",
    "run+ run-a trip-agent in s",
    "begin t tool in run-a",
    "end t ok",
  ]);
  trial.end("a", agent("Trip agent", { sessionId: "s" }));
  expect(trial.news()).toEqual(["run- run-a completed"]);
  expect(trial.run("run-a").agentName).toBe("Trip agent");
});

test("an agent below one that takes long stays another agent", () => {
  const trial = new Trial()
    .start("a", { activity: agent("planner", provisional) })
    .start("t", { parent: "a", activity: tool("ask", provisional) })
    .start("b", { parent: "t", activity: agent("researcher", provisional) })
    .start("m", { parent: "b", activity: llm(provisional) })
    .end("m", llm())
    .end("b", agent("Researcher"))
    .pass(6_000)
    .end("t", tool("ask"))
    .end("a", agent("Planner"));
  expect(trial.run("run-b")).toMatchObject({ agentName: "Researcher", parent: { id: "run-a" } });
  expect(trial.run("run-a").agentName).toBe("Planner");
  expect(trial.runs).toHaveLength(2);
});

test("one that never ends is told at shutdown, with work below it and without", () => {
  const trial = new Trial()
    .start("a", { activity: agent("trip-agent", provisional) })
    .start("m", { parent: "a", activity: llm(provisional) });
  trial.tracker.closeAll();
  expect(trial.news()).toEqual([
    "run+ run-a trip-agent",
    "begin m llm in run-a",
    "end m unfinished",
    "run- run-a failed by shutdown",
  ]);
});

test("one that no convention knows any more at its end stays what it was taken for", () => {
  const trial = new Trial().start("m", { activity: llm(provisional) });
  trial.end("m");
  expect(trial.news()).toEqual(["run+ run-m ?", "begin m llm in run-m", "end m ok", "run- run-m completed"]);
});

test("one that turns out to be something else is that", () => {
  const trial = new Trial().start("m", { activity: llm(provisional) }).end("m", tool("search", FAILED));
  expect(trial.news()).toEqual(["run+ run-m ?", "begin m tool in run-m", "end m Boom", "run- run-m failed"]);
});
