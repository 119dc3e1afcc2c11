/** Imported runs at Apie, over HTTP. */
import { describe, expect, test } from "vitest";
import { agnoRuns, type KnownIds } from "../../src/imports/index.ts";
import type { RecordedRequest } from "../support/recording-apie.ts";
import { continued, fixture, type Json, numbered, toApie } from "./support.ts";

const idIn = (request: RecordedRequest | undefined): string =>
  String((request?.answer as Json | undefined)?.id);
const bodyOf = (request: RecordedRequest | undefined) => request?.body as Json & { metadata: Json };

const TOOLS_RUN = [
  "agent.guardrail.evaluated",
  "agent.llm.called",
  "agent.llm.completed",
  "agent.action.requested",
  "agent.action.requested",
  "agent.tool.called",
  "agent.action.completed",
  "agent.tool.called",
  "agent.action.completed",
  "agent.llm.called",
  "agent.llm.completed",
  "agent.action.requested",
  "agent.tool.called",
  "agent.action.failed",
  "agent.llm.called",
  "agent.llm.completed",
  "agent.action.requested",
  "agent.tool.called",
  "agent.action.completed",
  "agent.llm.called",
  "agent.llm.completed",
  "agent.workflow.step.started",
  "agent.workflow.step.completed",
  "agent.workflow.step.started",
  "agent.workflow.step.completed",
  "agent.workflow.step.started",
  "agent.workflow.step.completed",
  "agent.llm.called",
  "agent.llm.completed",
];

describe("a run", () => {
  test("is opened in its session, told in the order of its source, and completed", async () => {
    const { server, send } = await toApie();
    const report = await send(agnoRuns(fixture("agno/agent-run-tools")));
    expect(report).toMatchObject({ ok: true, stopped: false, spans: 15, runs: 1, sessions: 1 });
    expect(report.events).toEqual({ delivered: TOOLS_RUN.length, rejected: 0, dropped: 0, pending: 0 });
    const [session] = server.to("/v1/sessions");
    const [run] = server.to(/\/runs$/);
    expect(bodyOf(session)).toMatchObject({ kind: "single_agent", orchestrator_agent_key: "incident-scout" });
    expect(run?.path).toBe(`/v1/sessions/${idIn(session)}/runs`);
    expect(bodyOf(run)).toMatchObject({ agent_key: "incident-scout", metadata: { framework: "agno" } });
    expect(numbered(server.events, idIn(run))).toEqual(
      TOOLS_RUN.map((type, index) => `${index + 1} ${type}`),
    );
    const [end] = server.to(`/v1/runs/${idIn(run)}/complete`);
    expect(bodyOf(end)).toMatchObject({
      status: "completed",
      metadata: { usage: { input: 7792, output: 417, total: 8209 }, tool_calls: 4, failures: 1 },
    });
    // A conversation goes on.
    expect(server.to(/sessions\/[^/]+\/complete$/)).toEqual([]);
  });

  test("that failed fails, with its error told once", async () => {
    const { server, send } = await toApie();
    await send(agnoRuns(fixture("agno/agent-run-failed")));
    expect(bodyOf(server.to(/\/runs\/[^/]+\/complete$/)[0])).toMatchObject({
      status: "failed",
      metadata: { error_type: "model_provider_error" },
    });
    expect(server.eventsOf("agent.error")).toHaveLength(1);
  });

  test.each(["PAUSED", "RUNNING", "PENDING"])("that is %s stays open", async (status) => {
    const { server, send } = await toApie();
    const report = await send(agnoRuns({ ...fixture<Json>("agno/agent-run-paused"), status }));
    expect(report.ok).toBe(true);
    expect(server.eventsOf("agent.approval.requested")).toHaveLength(1);
    expect(server.eventsOf("agent.approval.resolved")).toEqual([]);
    expect(server.to(/\/complete$/)).toEqual([]);
  });

  test("that was cancelled is failed, and says so", async () => {
    const { server, send } = await toApie();
    await send(agnoRuns({ ...fixture<Json>("agno/agent-run-tools"), status: "CANCELLED" }));
    expect(bodyOf(server.to(/\/runs\/[^/]+\/complete$/)[0])).toMatchObject({
      status: "failed",
      metadata: { run_status: "cancelled", cancelled: true },
    });
  });
});

test("a team's members are child runs, each after the hand-off that asked for it", async () => {
  const { server, send } = await toApie();
  const report = await send(agnoRuns(fixture("agno/team-run-members")));
  expect(report).toMatchObject({ ok: true, runs: 4 });
  const runs = server.to(/\/v1\/sessions\/[^/]+\/runs$/);
  const idOf = (key: string): string => idIn(runs.find((run) => bodyOf(run).agent_key === key));
  const parentOf = (key: string): unknown =>
    bodyOf(runs.find((run) => bodyOf(run).agent_key === key)).parent_run_id;
  expect(runs).toHaveLength(4);
  expect(parentOf("market-analyst")).toBe(idOf("vendor-review"));
  expect(parentOf("compliance-desk")).toBe(idOf("vendor-review"));
  expect(parentOf("policy-reader")).toBe(idOf("compliance-desk"));
  const inSession = server.events.toSorted(
    (a, b) => Number(a.session_sequence_number) - Number(b.session_sequence_number),
  );
  const handoffs = inSession
    .filter(({ type }) => type.startsWith("agent.handoff."))
    .map(({ type, run_id }) => `${type.slice("agent.handoff.".length)} ${String(run_id)}`);
  const [team, analyst, desk, reader] = [
    "vendor-review",
    "market-analyst",
    "compliance-desk",
    "policy-reader",
  ].map(idOf);
  expect(handoffs).toEqual([
    `requested ${team}`,
    `accepted ${analyst}`,
    `completed ${analyst}`,
    `requested ${team}`,
    `accepted ${desk}`,
    `requested ${desk}`,
    `accepted ${reader}`,
    `completed ${reader}`,
    `completed ${desk}`,
  ]);
});

test("a workflow's executors are child runs that name their steps", async () => {
  const { server, send } = await toApie();
  const report = await send(agnoRuns(fixture("agno/workflow-run-steps"), { sessionId: "flow" }));
  expect(report).toMatchObject({ ok: true, runs: 5 });
  const runs = server.to(/\/v1\/sessions\/[^/]+\/runs$/).map(bodyOf);
  expect(runs.map(({ agent_key, step_name }) => [agent_key, step_name])).toEqual(
    expect.arrayContaining([
      ["feed-collector", "Collect"],
      ["fact-checker", "Fact Check"],
      ["style-checker", "Style Check"],
      ["shortener", "Shorten"],
    ]),
  );
  expect(server.eventsOf("agent.workflow.step.started")).toHaveLength(7);
  expect(server.eventsOf("agent.workflow.step.completed")).toHaveLength(7);
});

describe("a second import", () => {
  const through = (known: KnownIds): KnownIds => JSON.parse(JSON.stringify(known)) as KnownIds;

  test("of the same, with the id map: nothing is sent", async () => {
    const { server, send } = await toApie();
    const { known } = await send(agnoRuns(fixture("agno/session-runs")));
    const before = server.requests.length;
    const report = await send(agnoRuns(fixture("agno/session-runs")), { known: through(known) });
    expect(report).toMatchObject({ ok: true, spans: 0, runs: 0, unchanged: 3 });
    expect(report.known).toEqual(known);
    expect(server.requests).toHaveLength(before);
  });

  test("of a grown session, in another process: only what is new is opened, in the same session", async () => {
    const whole = fixture<Json[]>("agno/session-runs");
    const first = await toApie();
    const { known } = await first.send(agnoRuns(whole.slice(0, 1)));
    const [session] = first.server.to("/v1/sessions");
    const second = await toApie();
    const report = await second.send(agnoRuns(whole), { known: through(known) });
    expect(report).toMatchObject({ ok: true, runs: 2, unchanged: 1 });
    expect(second.server.to("/v1/sessions")).toEqual([]);
    const opened = second.server.to(/\/runs$/).map(({ path }) => path);
    expect(opened).toEqual(Array(2).fill(`/v1/sessions/${idIn(session)}/runs`));
  });

  test("of a run that was paused, now completed: it goes on under its id, and only what is new of it is sent", async () => {
    const whole = fixture("agno/agent-run-tools");
    const first = await toApie();
    const events = (whole.events as Json[]).slice(0, 12);
    const { known } = await first.send(
      agnoRuns({ ...whole, status: "PAUSED", events, messages: [], tools: [] }),
    );
    const runId = idIn(first.server.to(/\/runs$/)[0]);
    const second = await toApie();
    const report = await second.send(agnoRuns(whole), { known: through(known) });
    expect(report).toMatchObject({ ok: true, runs: 1 });
    expect(second.server.to(/\/runs$/)).toEqual([]);
    // The numbers go on, and both imports together tell what one would have told.
    const told = first.server.events.length;
    expect(told).toBeGreaterThan(5);
    expect(told).toBeLessThan(TOOLS_RUN.length - 5);
    expect(numbered(second.server.events, runId)).toEqual(
      TOOLS_RUN.slice(told).map((type, index) => `${told + index + 1} ${type}`),
    );
    const ids = [...first.server.events, ...second.server.events].map(({ event_id }) => event_id);
    expect(new Set(ids).size).toBe(TOOLS_RUN.length);
    const [end] = second.server.to(`/v1/runs/${runId}/complete`);
    expect(bodyOf(end).metadata).toMatchObject({
      usage: { input: 7792, output: 417, total: 8209 },
      llm_calls: 5,
      tool_calls: 4,
      failures: 1,
    });
  });

  test("of a run that waited for an approval: the decision is told, and the question not again", async () => {
    const paused = fixture<Json>("agno/agent-run-paused");
    const first = await toApie();
    const { known } = await first.send(agnoRuns(paused));
    expect(first.server.eventsOf("agent.approval.requested")).toHaveLength(1);
    const second = await toApie();
    const report = await second.send(agnoRuns(continued(paused)), { known: through(known) });
    expect(report).toMatchObject({ ok: true, runs: 1 });
    expect(second.server.eventsOf("agent.approval.requested")).toEqual([]);
    expect(second.server.eventsOf("agent.approval.resolved")).toHaveLength(1);
    const ids = [...first.server.events, ...second.server.events].map(({ event_id }) => event_id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("of a run that has changed after its end: told again, and not completed twice", async () => {
    const whole = fixture("agno/agent-run-tools");
    const { server, send } = await toApie();
    const { known } = await send(agnoRuns(whole));
    const report = await send(agnoRuns({ ...whole, status: "REGENERATED" }), { known: through(known) });
    expect(report).toMatchObject({ ok: true, runs: 1, unchanged: 0 });
    expect(server.to(/\/runs$/)).toHaveLength(1);
    expect(server.to(/\/complete$/)).toHaveLength(1);
  });

  test("without the id map: opened anew, with the events' ids as they were", async () => {
    const { server, send } = await toApie();
    await send(agnoRuns(fixture("agno/agent-run-failed")));
    const other = await toApie();
    await other.send(agnoRuns(fixture("agno/agent-run-failed")));
    const ids = server.events.map(({ event_id }) => event_id);
    expect(ids.length).toBeGreaterThan(3);
    expect(other.server.events.map(({ event_id }) => event_id).toSorted()).toEqual(ids.toSorted());
    expect(other.server.to(/\/runs$/)).toHaveLength(1);
  });
});

test("sessions that are over are completed, after their runs", async () => {
  const { server, send } = await toApie();
  const report = await send(agnoRuns(fixture("agno/session-runs"), { sessionsEnded: true }));
  expect(report.ok).toBe(true);
  const ends = server.to(/\/complete$/).map(({ path }) => path.split("/")[2]);
  expect(ends).toEqual(["runs", "runs", "runs", "sessions"]);
});

test("an Apie that takes nothing stops the import, and what did not arrive is not taken for known", async () => {
  const { server, send } = await toApie({ flushTimeoutMs: 50, shutdownTimeoutMs: 50 });
  server.fail("/v1/", { status: 503 });
  const report = await send(agnoRuns(fixture("agno/agent-run-failed")));
  expect(report).toMatchObject({ ok: false, stopped: true });
  expect(report.events.pending).toBeGreaterThan(0);
  expect(report.lastError).toContain("503");
  for (const item of Object.values(report.known.runs)) expect(item.digest).toBeUndefined();
});
