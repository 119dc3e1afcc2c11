import { describe, expect, test } from "vitest";
import { agent, FAILED, llm, Trial, tool } from "./support.ts";

describe("the outermost agent span", () => {
  test("opens a run at its start and completes it at its end", () => {
    const trial = new Trial().start("a", { activity: agent("Trip") });
    expect(trial.news()).toEqual(["run+ run-a Trip"]);
    trial.start("m", { parent: "a", activity: llm() }).end("m").end("a");
    expect(trial.news()).toEqual(["begin m llm in run-a", "end m ok", "run- run-a completed"]);
  });

  test("fails its run when it fails, and only then", () => {
    const trial = new Trial()
      .start("a", { activity: agent("Trip") })
      .start("m", { parent: "a", activity: llm() });
    trial.fail("m").end("a");
    expect(trial.told.at(-1)).toBe("run- run-a completed");
    const failing = new Trial().start("a", { activity: agent("Trip") }).fail("a");
    expect(failing.told.at(-1)).toBe("run- run-a failed");
  });

  test("may be any depth below spans that are no agent work", () => {
    const trial = new Trial().start("http").start("route", { parent: "http" });
    trial
      .start("a", { parent: "route", activity: agent("Trip") })
      .end("a")
      .end("route")
      .end("http");
    expect(trial.news()).toEqual(["run+ run-a Trip", "run- run-a completed"]);
  });

  test("work is found through spans that are no agent work", () => {
    const trial = new Trial().start("a", { activity: agent("Trip") }).start("middle", { parent: "a" });
    trial.start("m", { parent: "middle", activity: llm() });
    expect(trial.told.at(-1)).toBe("begin m llm in run-a");
  });

  test("two of them in one trace are two runs", () => {
    const trial = new Trial()
      .start("group")
      .start("a", { parent: "group", activity: agent("One") })
      .end("a");
    trial
      .start("b", { parent: "group", activity: agent("Two") })
      .end("b")
      .end("group");
    expect(trial.news()).toEqual([
      "run+ run-a One",
      "run- run-a completed",
      "run+ run-b Two",
      "run- run-b completed",
    ]);
  });
});

describe("nested agents of a foreign library", () => {
  test("of the same name are the same run", () => {
    const trial = new Trial()
      .start("a", { activity: agent("Trip") })
      .start("b", { parent: "a", activity: agent("Trip") });
    trial.start("m", { parent: "b", activity: llm() }).end("m").end("b").end("a");
    expect(trial.news()).toEqual([
      "run+ run-a Trip",
      "begin m llm in run-a",
      "end m ok",
      "run- run-a completed",
    ]);
  });

  test("of another name are a child run in a session made for it", () => {
    const trial = new Trial()
      .start("a", { activity: agent("Triage") })
      .start("b", { parent: "a", activity: agent("Billing") });
    trial.start("m", { parent: "b", activity: llm() }).end("m").end("b").end("a");
    expect(trial.news()).toEqual([
      "run+ run-a Triage",
      "session+ session-of-run-a made",
      "run+ run-b Billing under run-a in session-of-run-a",
      "begin m llm in run-b",
      "end m ok",
      "run- run-b completed",
      "run- run-a completed",
    ]);
    expect(trial.run("run-b").handoff).toMatchObject({ type: "transfer", announced: false });
  });

  test("below a tool are delegated to", () => {
    const trial = new Trial()
      .start("a", { activity: agent("Planner") })
      .start("t", { parent: "a", activity: tool("ask") });
    trial.start("b", { parent: "t", activity: agent("Research") });
    expect(trial.run("run-b").handoff?.type).toBe("delegate");
  });

  test("give a run without a name theirs", () => {
    const trial = new Trial()
      .start("a", { activity: agent(undefined) })
      .start("b", { parent: "a", activity: agent("Trip") });
    expect(trial.news()).toEqual(["run+ run-a ?"]);
    expect(trial.run("run-a").agentName).toBe("Trip");
  });

  test("keep the session of their parent", () => {
    const trial = new Trial().start("a", { activity: agent("Triage", { sessionId: "s" }) });
    trial.start("b", { parent: "a", activity: agent("Billing") });
    expect(trial.told).toContain("run+ run-b Billing under run-a in s");
  });
});

describe("a foreign agent below a run of our API", () => {
  const own = { activity: agent("Support", { convention: "apie", runId: "R" }) };

  test("is part of it", () => {
    const trial = new Trial().start("r", own).start("a", { parent: "r", activity: agent("LangGraph") });
    trial.start("m", { parent: "a", activity: llm() }).end("m").end("a").end("r");
    expect(trial.news()).toEqual(["run+ R Support", "begin m llm in R", "end m ok", "run- R completed"]);
  });

  test("is a run of its own below a tool of ours", () => {
    const trial = new Trial().start("r", own);
    trial.start("t", { parent: "r", activity: tool("delegate", { convention: "apie", runId: "R" }) });
    trial.start("a", { parent: "t", activity: agent("Research") });
    expect(trial.told).toContain("run+ run-a Research under R in session-of-R");
  });

  test("is a run of its own where its name is declared, with the declared key", () => {
    const trial = new Trial({ agents: [{ key: "research", name: "Research" }] }).start("r", own);
    trial.start("a", { parent: "r", activity: agent("Research") });
    expect(trial.run("run-a").agentKey).toBe("research");
  });

  test("has its failure told by the run it is part of", () => {
    const trial = new Trial().start("r", own).start("a", { parent: "r", activity: agent("LangGraph") });
    trial.fail("a").end("r");
    expect(trial.told.at(-1)).toBe("run- R completed");
  });
});

describe("model and tool work with no agent above", () => {
  test("opens a run at its local root, which all of it shares", () => {
    const trial = new Trial().start("http");
    trial.start("m", { parent: "http", activity: llm() }).end("m");
    trial
      .start("t", { parent: "http", activity: tool("search") })
      .end("t")
      .end("http");
    expect(trial.news()).toEqual([
      "run+ run-http ?",
      "begin m llm in run-http",
      "end m ok",
      "begin t tool in run-http",
      "end t ok",
      "run- run-http completed",
    ]);
  });

  test("is a run of its own as a root", () => {
    const trial = new Trial().start("m", { activity: llm() }).end("m");
    expect(trial.news()).toEqual([
      "run+ run-m ?",
      "begin m llm in run-m",
      "end m ok",
      "run- run-m completed",
    ]);
  });

  test("fails its run when the last of it failed", () => {
    const failed = new Trial().start("m", { activity: llm() }).fail("m");
    expect(failed.told.at(-1)).toBe("run- run-m failed");
    const retried = new Trial().start("http").start("m", { parent: "http", activity: llm() }).fail("m");
    retried.start("n", { parent: "http", activity: llm() }).end("n").end("http");
    expect(retried.told.at(-1)).toBe("run- run-http completed");
  });

  test("takes the session from the root, where the work names none", () => {
    const trial = new Trial()
      .start("http", { sessionHint: "s" })
      .start("m", { parent: "http", activity: llm() });
    expect(trial.told).toContain("run+ run-http ? in s");
  });

  test("embeddings and retrieval alone open none", () => {
    const trial = new Trial().start("e", { activity: { kind: "embedding", convention: "foreign" } }).end("e");
    trial.start("r", { trace: "u", activity: { kind: "retrieval", convention: "foreign" } }).end("r");
    expect(trial.news()).toEqual([]);
  });

  test("is dropped with implicitRuns: drop", () => {
    expect(new Trial({ implicitRuns: "drop" }).start("m", { activity: llm() }).end("m").news()).toEqual([]);
  });

  test("joins the only open run of our API with implicitRuns: attach", () => {
    const trial = new Trial({ implicitRuns: "attach" });
    trial.start("r", { activity: agent("Support", { convention: "apie", runId: "R" }) });
    trial.start("m", { trace: "u", activity: llm() }).end("m");
    expect(trial.told).toContain("begin m llm in R");
    trial.start("q", { trace: "v", activity: agent("Support", { convention: "apie", runId: "Q" }) }).news();
    trial.start("n", { trace: "w", activity: llm() }).end("n");
    expect(trial.news()).toEqual([]);
  });
});

describe("the end of a run", () => {
  test("waits for open work, and no longer than the grace", () => {
    const trial = new Trial()
      .start("a", { activity: agent("Trip") })
      .start("m", { parent: "a", activity: llm() })
      .end("a");
    expect(trial.told).not.toContain("run- run-a completed");
    trial.pass(1_000).end("m");
    expect(trial.told.at(-1)).toBe("run- run-a completed");

    const leaking = new Trial()
      .start("a", { activity: agent("Trip") })
      .start("m", { parent: "a", activity: llm() })
      .end("a");
    leaking.news();
    leaking.pass(2_100);
    expect(leaking.news()).toEqual(["end m unfinished", "run- run-a completed by grace"]);
  });

  test("a foreign run that gives no sign is closed after the idle time, ours is not", () => {
    const trial = new Trial().start("a", { activity: agent("Trip") });
    trial.start("m", { parent: "a", activity: llm() }).end("m").news();
    trial.pass(59_000);
    expect(trial.news()).toEqual([]);
    trial.pass(2_000);
    expect(trial.news()).toEqual(["run- run-a failed by idle"]);

    const ours = new Trial()
      .start("r", { activity: agent("Support", { convention: "apie", runId: "R" }) })
      .pass(10 * 60_000);
    expect(ours.told).toEqual(["run+ R Support"]);
  });

  test("idle time does not close a run with a tool at work", () => {
    const trial = new Trial()
      .start("a", { activity: agent("Trip") })
      .start("t", { parent: "a", activity: tool("approve") });
    expect(trial.pass(600_000).told).not.toContain("run- run-a failed by idle");
  });

  test("a model call whose span is never ended does not keep its run open for ever", () => {
    const trial = new Trial().start("m", { activity: llm() });
    trial.news();
    expect(trial.pass(61_000).news()).toEqual(["end m unfinished", "run- run-m failed by idle"]);
  });

  test("work below a run that was closed for want of news is told as a run of its own", () => {
    const trial = new Trial().start("a", { activity: agent("Trip") }).pass(61_000);
    trial.news();
    trial.start("m", { parent: "a", activity: llm() }).end("m");
    expect(trial.news()).toEqual(["run+ run-a#1 ?", "begin m llm in run-a#1", "end m ok"]);
  });

  test("a late span of a closed run is counted and opens nothing", () => {
    const trial = new Trial().start("a", { activity: agent("Trip") }).end("a");
    trial.news();
    trial
      .start("m", { parent: "a", activity: llm() })
      .end("m")
      .start("b", { parent: "a", activity: agent("Other") })
      .end("b");
    expect(trial.news()).toEqual([]);
    expect(trial.tracker.counts.late).toBe(2);
  });

  test("late work below an ended request is a run all the same", () => {
    const trial = new Trial().start("http").end("http");
    trial.start("m", { parent: "http", activity: llm() }).end("m");
    expect(trial.news()).toEqual([
      "run+ run-http ?",
      "begin m llm in run-http",
      "end m ok",
      "run- run-http completed",
    ]);
  });

  test("closeAll ends what is open, children first, runs whose root never ended as failed", () => {
    const trial = new Trial().start("a", { activity: agent("Triage") });
    trial
      .start("b", { parent: "a", activity: agent("Billing") })
      .start("m", { parent: "b", activity: llm() })
      .news();
    trial.tracker.closeAll();
    expect(trial.news()).toEqual([
      "end m unfinished",
      "run- run-b failed by shutdown",
      "run- run-a failed by shutdown",
      "session- session-of-run-a completed",
    ]);
  });
});

describe("one call seen twice", () => {
  test("the inner model call makes no events, and hands its usage on", () => {
    const trial = new Trial().start("a", { activity: agent("Trip") });
    trial
      .start("outer", { parent: "a", activity: llm() })
      .start("inner", { parent: "outer", activity: llm() });
    trial
      .end("inner", llm({ llm: { usage: { input: 5, output: 2 } } }))
      .end("outer")
      .end("a");
    expect(trial.news()).toEqual([
      "run+ run-a Trip",
      "begin outer llm in run-a",
      "end outer ok",
      "run- run-a completed",
    ]);
    expect(trial.run("run-a").usage).toMatchObject({ input: 5, output: 2, total: 7 });
    expect(trial.run("run-a").modelCalls).toBe(1);
  });

  test("the outer's own usage is not added to", () => {
    const trial = new Trial().start("a", { activity: agent("Trip") });
    trial
      .start("outer", { parent: "a", activity: llm() })
      .start("inner", { parent: "outer", activity: llm() });
    trial
      .end("inner", llm({ llm: { usage: { input: 5 } } }))
      .end("outer", llm({ llm: { usage: { input: 6 } } }));
    expect(trial.run("run-a").usage.input).toBe(6);
  });

  test("a model call of a tool of a model call is another call", () => {
    const trial = new Trial()
      .start("a", { activity: agent("Trip") })
      .start("m", { parent: "a", activity: llm() });
    trial.start("t", { parent: "m", activity: tool("ask") }).start("n", { parent: "t", activity: llm() });
    expect(trial.told).toContain("begin n llm in run-a");
  });

  test("a tool within a tool of the same name is the same, of another name is another", () => {
    const trial = new Trial()
      .start("a", { activity: agent("Trip") })
      .start("t", { parent: "a", activity: tool("ask") });
    trial
      .start("u", { parent: "t", activity: tool("ask") })
      .start("v", { parent: "t", activity: tool("other") });
    expect(trial.told).not.toContain("begin u tool in run-a");
    expect(trial.told).toContain("begin v tool in run-a");
  });
});

test("usage repeated on an agent's span is not counted when its model calls are seen", () => {
  const trial = new Trial()
    .start("a", { activity: agent("Trip") })
    .start("m", { parent: "a", activity: llm() });
  trial.end("m", llm({ llm: { usage: { input: 5, output: 1 } } }));
  trial.end("a", agent("Trip", { run: { usage: { input: 500, output: 100 } } }));
  expect(trial.run("run-a").usage).toMatchObject({ input: 5, output: 1 });
});

test("a failure inside is counted", () => {
  const trial = new Trial()
    .start("a", { activity: agent("Trip") })
    .start("t", { parent: "a", activity: tool("x") });
  trial.end("t", tool("x", FAILED)).end("a");
  expect(trial.run("run-a")).toMatchObject({ failures: 1, toolCalls: 1, status: "completed" });
});

test("a tool served over MCP is one tool call", () => {
  const request = {
    kind: "mcp",
    convention: "foreign",
    mcp: { method: "tools/call", alsoTool: true },
  } as const;
  const trial = new Trial()
    .start("a", { activity: agent("Trip") })
    .start("t", { parent: "a", activity: tool("x") });
  trial.start("c", { parent: "t", activity: request }).end("c").end("t");
  expect(trial.run("run-a").toolCalls).toBe(1);
  trial.start("d", { parent: "a", activity: request }).end("d").end("a");
  expect(trial.run("run-a").toolCalls).toBe(2);
});
