import { describe, expect, test } from "vitest";
import type { Activity } from "../../src/model/activity.ts";
import type { Scope } from "../../src/model/scope.ts";
import { agent, llm, Trial } from "./support.ts";

const own = (kind: Activity["kind"], more: Partial<Activity> = {}): Activity => ({
  kind,
  convention: "apie",
  ...more,
});
const owner = {};
const inSession = (id: string, apieId?: string): Scope => ({
  owner,
  session: { id, kind: "pipeline", apieId, spanContext: undefined },
  run: undefined,
  step: undefined,
});

describe("a conversation named by a foreign library", () => {
  test("is one session for all runs that name it", () => {
    const trial = new Trial().start("a", { activity: agent("Trip", { sessionId: "s" }) }).end("a");
    trial.start("b", { trace: "u", activity: agent("Trip", { sessionId: "s" }) }).end("b");
    expect(trial.news().filter((line) => line.startsWith("session"))).toEqual(["session+ s conversation"]);
  });

  test("ends after a long time without a run, and begins anew", () => {
    const trial = new Trial().start("a", { activity: agent("Trip", { sessionId: "s" }) }).end("a");
    trial.news();
    trial.pass(31 * 60_000);
    expect(trial.news()).toEqual(["session- s completed"]);
    trial.start("b", { trace: "u", activity: agent("Trip", { sessionId: "s" }) });
    expect(trial.news()).toContain("session+ s conversation");
  });

  test("does not end while a run of it is open", () => {
    const trial = new Trial({ idleTimeoutMs: 1e9 }).start("a", {
      activity: agent("Trip", { sessionId: "s" }),
    });
    trial.news();
    expect(trial.pass(60 * 60_000).news()).toEqual([]);
  });

  test("gives way to the session of the code around it", () => {
    const trial = new Trial().start("root", { activity: own("session", { sessionId: "S" }) });
    trial.start("a", { trace: "u", activity: agent("Trip", { sessionId: "conv" }), scope: inSession("S") });
    expect(trial.told).toContain("run+ run-a Trip in S");
  });
});

describe("a session of our API", () => {
  test("around a callback opens and closes with its span", () => {
    const trial = new Trial().start("root", { activity: own("session", { sessionId: "S" }) });
    trial
      .start("r", { trace: "u", activity: own("run", { runId: "R", sessionId: "S" }), scope: inSession("S") })
      .end("r");
    trial.end("root");
    expect(trial.news()).toEqual([
      "session+ S api",
      "run+ R ? in S",
      "run- R completed",
      "session- S completed",
    ]);
  });

  test("fails with its callback", () => {
    const trial = new Trial().start("root", { activity: own("session", { sessionId: "S" }) }).fail("root");
    expect(trial.news()).toEqual(["session+ S api", "session! S", "session- S failed"]);
  });

  test("that is long-lived outlives its anchor span and shutdown", () => {
    const trial = new Trial()
      .start("anchor", { activity: own("session_start", { sessionId: "S" }) })
      .end("anchor");
    trial.tracker.closeAll();
    expect(trial.news()).toEqual(["session+ S api"]);
  });

  test("that is long-lived ends by its end span", () => {
    const trial = new Trial()
      .start("anchor", { activity: own("session_start", { sessionId: "S" }) })
      .end("anchor");
    trial
      .start("over", {
        trace: "u",
        activity: own("session_end", { sessionId: "S", session: { status: "failed" } }),
      })
      .end("over");
    expect(trial.news()).toEqual(["session+ S api", "session- S failed"]);
  });

  test("in progress at shutdown is cancelled", () => {
    const trial = new Trial().start("root", { activity: own("session", { sessionId: "S" }) });
    trial.tracker.closeAll();
    expect(trial.told.at(-1)).toBe("session- S cancelled");
  });

  test("resumed from a handle is known to Apie already", () => {
    const trial = new Trial();
    trial.start("r", {
      activity: own("run", { runId: "R", sessionId: "S" }),
      scope: inSession("S", "ses_1"),
    });
    expect(trial.news()).toEqual(["session+ S external", "run+ R ? in S"]);
  });
});

describe("a run another process knows", () => {
  const scope: Scope = {
    owner,
    session: undefined,
    run: { id: "run_9", apieId: "run_9", agentKey: "main", agentName: "Main", spanContext: undefined },
    step: undefined,
  };

  test("takes events and is neither opened nor closed", () => {
    const trial = new Trial()
      .start("t", { activity: own("tool", { runId: "run_9", tool: { name: "x" } }), scope })
      .end("t");
    expect(trial.news()).toEqual(["run+ run_9 Main", "begin t tool in run_9", "end t ok"]);
    expect(trial.run("run_9")).toMatchObject({ origin: "external", apieId: "run_9" });
    trial.pass(10 * 60_000);
    expect(trial.news()).toEqual([]);
  });

  test("foreign spans started inside a run of ours, in a trace of their own, are its work", () => {
    const trial = new Trial().start("r", { activity: own("run", { runId: "R" }) });
    const inRun: Scope = {
      ...scope,
      run: { id: "R", agentKey: "main", agentName: "Main", spanContext: undefined },
    };
    trial.start("m", { trace: "u", activity: llm(), scope: inRun }).end("m");
    expect(trial.told).toContain("begin m llm in R");
  });
});

test("what our API tells outside of any run is told with its session, or alone", () => {
  const trial = new Trial().start("root", { activity: own("session", { sessionId: "S" }) });
  trial
    .start("e", { trace: "u", activity: own("event", { event: { type: "x" } }), scope: inSession("S") })
    .end("e");
  trial.start("f", { trace: "v", activity: own("event", { event: { type: "y" } }) }).end("f");
  expect(trial.news()).toEqual([
    "session+ S api",
    "begin e event in nothing",
    "end e ok",
    "begin f event in nothing",
    "end f ok",
  ]);
  expect(trial.tracker.find("u", "e")?.extra?.session?.id).toBe("S");
});
