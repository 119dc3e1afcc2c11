/** Libraries' hand-offs, whose spans do not enclose the agent that goes on, and spans that may or may not be an agent. */
import { describe, expect, test } from "vitest";
import type { Activity } from "../../src/model/activity.ts";
import { agent, llm, Trial } from "./support.ts";

const handoff = (targetName: string): Activity => ({
  kind: "handoff",
  convention: "foreign",
  handoff: { targetName },
});
const step = (name: string): Activity => ({
  kind: "step",
  convention: "foreign",
  step: { key: name, name },
});
const assumed = (name: string): Activity => ({
  kind: "run",
  convention: "foreign",
  agent: { name, assumed: true },
});

describe("an agent that was handed over to", () => {
  test("is a child of the one that did, though that has ended", () => {
    const trial = new Trial()
      .start("root", { activity: { kind: "none", convention: "foreign" } })
      .start("a", { parent: "root", activity: agent("Triage") })
      .start("h", { parent: "a", activity: handoff("Billing") })
      .end("h")
      .end("a")
      .start("b", { parent: "root", activity: agent("Billing") })
      .end("b");
    expect(trial.run("run-b")).toMatchObject({
      parent: { id: "run-a" },
      handoff: { announced: true, type: "transfer", source: { id: "run-a" }, asking: { spanId: "h" } },
    });
    expect(trial.run("run-a").parent).toBeUndefined();
  });

  test("is known by its name, also when that comes with the end of the hand-off", () => {
    const trial = new Trial()
      .start("root", { activity: { kind: "none", convention: "foreign" } })
      .start("a", { parent: "root", activity: agent("Triage") })
      .start("h", { parent: "a", activity: { kind: "handoff", convention: "foreign", handoff: {} } })
      .end("h", handoff("Billing"))
      .end("a")
      .start("b", { parent: "root", activity: agent("Billing") })
      .start("c", { parent: "root", activity: agent("Other") });
    expect(trial.run("run-b").parent?.id).toBe("run-a");
    expect(trial.run("run-c").parent).toBeUndefined();
  });

  test("takes it once: the next of its name stands alone", () => {
    const trial = new Trial()
      .start("root", { activity: { kind: "none", convention: "foreign" } })
      .start("a", { parent: "root", activity: agent("Triage") })
      .start("h", { parent: "a", activity: handoff("Billing") })
      .start("b", { parent: "root", activity: agent("Billing") })
      .end("h")
      .end("b")
      .start("b2", { parent: "root", activity: agent("Billing") });
    expect(trial.run("run-b").parent?.id).toBe("run-a");
    expect(trial.run("run-b2").parent).toBeUndefined();
  });

  test("may be a step by that name, seen twice, with its work in its run", () => {
    const trial = new Trial()
      .start("g", { activity: agent("swarm") })
      .start("h", { parent: "g", activity: handoff("math") })
      .end("h")
      .start("s", { parent: "g", activity: step("math") })
      .start("s2", { parent: "s", activity: step("math") })
      .start("m", { parent: "s2", activity: llm() });
    trial.news();
    trial.end("m").end("s2").end("s").end("g");
    expect(trial.news()).toEqual(["end m ok", "run- run-s completed", "run- run-g completed"]);
    expect(trial.run("run-s")).toMatchObject({ agentName: "math", parent: { id: "run-g" }, modelCalls: 1 });
  });

  test("that failed was not handed over to", () => {
    const trial = new Trial()
      .start("root", { activity: { kind: "none", convention: "foreign" } })
      .start("a", { parent: "root", activity: agent("Triage") })
      .start("h", { parent: "a", activity: { ...handoff("Billing"), error: { type: "Boom" } } })
      .end("h")
      .end("a")
      .start("b", { parent: "root", activity: agent("Billing") });
    expect(trial.run("run-b").parent).toBeUndefined();
  });
});

test("a hand-off that does not say who hands over is of the agent at work", () => {
  const activity = handoff("Billing");
  new Trial().start("a", { activity: agent("Triage") }).start("h", { parent: "a", activity });
  expect(activity.handoff?.sourceName).toBe("Triage");
});

test("a step within the same step is the same", () => {
  const trial = new Trial()
    .start("g", { activity: agent("graph") })
    .start("s", { parent: "g", activity: step("plan") })
    .start("s2", { parent: "s", activity: step("plan") })
    .start("t", { parent: "s2", activity: step("tools") })
    .end("t")
    .end("s2")
    .end("s")
    .start("s3", { parent: "g", activity: step("plan") });
  expect(trial.news()).toEqual([
    "run+ run-g graph",
    "begin s step in run-g",
    "begin t step in run-g",
    "end t ok",
    "end s ok",
    "begin s3 step in run-g",
  ]);
});

describe("a span that may be an agent", () => {
  test("is one where no run is above it, and nothing below one", () => {
    const trial = new Trial()
      .start("c", { activity: assumed("graph") })
      .start("d", { parent: "c", activity: assumed("sequence") })
      .start("m", { parent: "d", activity: llm() })
      .end("m")
      .end("d")
      .end("c");
    expect(trial.news()).toEqual([
      "run+ run-c graph",
      "begin m llm in run-c",
      "end m ok",
      "run- run-c completed",
    ]);
  });

  test("gives its name up to the agent within it; the next agent is another", () => {
    const trial = new Trial()
      .start("c", { activity: assumed("handle request") })
      .start("a", { parent: "c", activity: agent("Support") })
      .end("a")
      .start("b", { parent: "c", activity: agent("Billing") })
      .end("b")
      .end("c");
    expect(trial.run("run-c").agentName).toBe("Support");
    expect(trial.run("run-b")).toMatchObject({ agentName: "Billing", parent: { id: "run-c" } });
    expect(trial.runs).toHaveLength(2);
  });

  test("below a run, may still be a step at its end", () => {
    const trial = new Trial()
      .start("c", { activity: assumed("graph") })
      .start("s", { parent: "c", activity: assumed("tools") })
      .end("s", step("tools"));
    expect(trial.news()).toEqual(["run+ run-c graph", "begin s step in run-c", "end s ok"]);
  });

  test("below one that is not known yet, is told once, in its place", () => {
    const trial = new Trial()
      .start("r", { mayTurnOut: true })
      .start("s", { parent: "r", activity: assumed("tools") })
      .start("m", { parent: "s", activity: llm() })
      .end("m")
      .end("s", step("tools"))
      .end("r", agent("graph"));
    expect(trial.news()).toEqual([
      "run+ run-r graph",
      "begin s step in run-r",
      "begin m llm in run-r",
      "end m ok",
      "end s ok",
      "run- run-r completed",
    ]);
  });

  test("that takes long is told while it goes on", () => {
    const trial = new Trial()
      .start("g", { activity: { ...assumed("graph"), provisional: true } })
      .start("s", { parent: "g", activity: assumed("tools") })
      .start("m", { parent: "s", activity: llm() });
    expect(trial.news()).toEqual([]);
    expect(trial.pass(6_000).news()).toEqual(["run+ run-g graph", "begin m llm in run-g"]);
    trial.end("m").end("s", step("tools")).end("g", assumed("graph"));
    expect(trial.news()).toEqual(["end m ok", "begin s step in run-g", "end s ok", "run- run-g completed"]);
  });

  test("work known as none while it waits is told once when it turns out", () => {
    const trial = new Trial()
      .start("r", { mayTurnOut: true })
      .start("h", { parent: "r", activity: { kind: "none", convention: "foreign" } })
      .end("h", handoff("Billing"))
      .end("r", agent("Triage"));
    expect(trial.news().filter((line) => line.startsWith("begin"))).toEqual(["begin h handoff in run-r"]);
  });
});
