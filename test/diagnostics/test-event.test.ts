import { describe, expect, test } from "vitest";
import { sendTestEvent, type TestEventMode } from "../../src/diagnostics/index.ts";
import { validateEvents, type WireEvent } from "../../src/events/index.ts";
import { recordingApie, registered } from "./support.ts";

/** Calls without the ids in them. */
const callsOf = (requests: readonly { method: string; path: string }[]): string[] =>
  requests.map(({ method, path }) => `${method} ${path.replace(/(?<=\/(?:runs|sessions)\/)[^/]+/, "{id}")}`);

const SINGLE = ["POST /v1/runs", "POST /v1/events", "POST /v1/runs/{id}/complete"];
const CALLS: Readonly<Record<TestEventMode, readonly string[]>> = {
  single: SINGLE,
  proof: [
    "POST /v1/sessions",
    "POST /v1/sessions/{id}/runs",
    "POST /v1/events",
    "POST /v1/runs/{id}/complete",
    "POST /v1/sessions/{id}/complete",
  ],
  pipeline: [
    "POST /v1/sessions",
    "POST /v1/sessions/{id}/runs",
    "POST /v1/guardrails/evaluate",
    "POST /v1/sessions/{id}/handoffs",
    "POST /v1/sessions/{id}/runs",
    "POST /v1/events",
    "POST /v1/runs/{id}/complete",
    "POST /v1/runs/{id}/complete",
    "POST /v1/sessions/{id}/complete",
  ],
};
const MODES = Object.keys(CALLS) as TestEventMode[];

describe.each(MODES)("%s", (mode) => {
  test("makes the vendor's calls in the vendor's order, without nulls, and every event is valid", async () => {
    const server = await recordingApie();
    const agent = await registered(server);
    server.requests.splice(0);
    const result = await sendTestEvent(agent, mode);
    expect(callsOf(server.requests)).toEqual(CALLS[mode]);
    for (const { text } of server.requests) expect(text).not.toContain("null");
    const events = server.events as unknown as WireEvent[];
    expect(result).toMatchObject({ mode, events: events.length });
    expect(validateEvents(events).results.flatMap(({ issues }) => issues)).toEqual([]);
    for (const event of events) {
      expect(event).toMatchObject({
        agent_key: "support",
        agent_id: agent.agentId,
        agent_version_id: agent.agentVersionId,
        environment: "staging",
        metadata: { test_event: true, capture_source: "otel_bridge" },
      });
      expect(event.session_id).toBe(result.sessionId);
    }
    for (const runId of result.runIds) {
      const numbers = events
        .filter(({ run_id }) => run_id === runId)
        .map(({ sequence_number }) => sequence_number);
      expect(numbers).toEqual(numbers.map((_, index) => index + 1));
    }
    const inSession = events.map(({ session_sequence_number }) => session_sequence_number);
    expect(inSession).toEqual(events.map((_, index) => (mode === "single" ? undefined : index + 1)));
    expect(new Set(events.map(({ event_id }) => event_id)).size).toBe(events.length);
  });
});

describe("pipeline", () => {
  test("tells of two agents: 17 events, the worker a child of the orchestrator", async () => {
    const server = await recordingApie();
    const { runIds } = await sendTestEvent(await registered(server), "pipeline");
    const [orchestrator, worker] = runIds;
    expect(server.types).toEqual([
      "agent.workflow.step.started",
      "agent.llm.called",
      "agent.llm.completed",
      "agent.workflow.step.completed",
      "agent.guardrail.evaluated",
      "agent.action.requested",
      "agent.tool.called",
      "agent.action.completed",
      "agent.handoff.requested",
      "agent.handoff.accepted",
      "agent.workflow.step.started",
      "agent.mcp.tools_listed",
      "agent.mcp.called",
      "agent.mcp.completed",
      "agent.resource.touched",
      "agent.workflow.step.completed",
      "agent.handoff.completed",
    ]);
    expect(server.events.map(({ run_id }) => run_id)).toEqual([
      ...Array(9).fill(orchestrator),
      ...Array(8).fill(worker),
    ]);
    const opened = server.to(/\/v1\/sessions\/[^/]+\/runs$/).map(({ body }) => body);
    expect(opened).toMatchObject([
      { role: "orchestrator", step_index: 0 },
      { role: "worker", step_index: 1, parent_run_id: orchestrator },
    ]);
    const completed = server.to(/\/v1\/runs\/[^/]+\/complete$/).map(({ path }) => path.split("/")[3]);
    expect(completed).toEqual([worker, orchestrator]);
  });

  test("tells what Apie decided, and takes an unknown word for allow", async () => {
    const server = await recordingApie();
    const agent = await registered(server);
    const evaluation = {
      policy_decision: "block",
      effective_decision: "warn",
      enforcement_action: "proceed",
      mode: "enforce",
      reason: "r",
    };
    server.fail("/v1/guardrails/evaluate", { body: evaluation }, 1);
    await sendTestEvent(agent, "pipeline");
    server.fail("/v1/guardrails/evaluate", { body: { policy_decision: "deny", mode: "loud" } }, 1);
    await sendTestEvent(agent, "pipeline");
    expect(server.eventsOf("agent.guardrail.evaluated").map(({ decision }) => decision)).toEqual([
      {
        policyDecision: "block",
        effectiveDecision: "warn",
        enforcementAction: "proceed",
        mode: "enforce",
        reason: "r",
      },
      { policyDecision: "allow", effectiveDecision: "allow", mode: "monitor" },
    ]);
  });
});

describe("a call that is not taken", () => {
  test.each<[mode: TestEventMode, path: RegExp, call: string]>([
    ["single", /^\/v1\/runs$/, "POST /v1/runs"],
    ["single", /^\/v1\/events$/, "POST /v1/events"],
    ["single", /\/runs\/[^/]+\/complete$/, "POST /v1/runs/{id}/complete"],
    ["proof", /^\/v1\/sessions$/, "POST /v1/sessions"],
    ["proof", /\/sessions\/[^/]+\/runs$/, "POST /v1/sessions/{id}/runs"],
    ["proof", /\/sessions\/[^/]+\/complete$/, "POST /v1/sessions/{id}/complete"],
    ["pipeline", /\/evaluate$/, "POST /v1/guardrails/evaluate"],
    ["pipeline", /\/handoffs$/, "POST /v1/sessions/{id}/handoffs"],
  ])("in mode %s at %s is named, with what Apie said", async (mode, path, call) => {
    const server = await recordingApie();
    const agent = await registered(server);
    server.fail(path, {
      status: 422,
      body: { error: { message: "not like this" } },
      headers: { "x-request-id": "req_1" },
    });
    await expect(sendTestEvent(agent, mode)).rejects.toMatchObject({
      name: "ApieError",
      code: "http_422",
      status: 422,
      requestId: "req_1",
      message: `${call}: HTTP 422: not like this`,
    });
  });

  test("leaves nothing open at Apie", async () => {
    const server = await recordingApie();
    const agent = await registered(server);
    server.fail("/v1/events", { status: 500 });
    server.requests.splice(0);
    await expect(sendTestEvent(agent, "pipeline")).rejects.toMatchObject({ code: "http_500" });
    const closing = server.requests.slice(6);
    expect(callsOf(closing)).toEqual([
      "POST /v1/runs/{id}/complete",
      "POST /v1/runs/{id}/complete",
      "POST /v1/sessions/{id}/complete",
    ]);
    for (const { body } of closing) expect(body).toMatchObject({ status: "failed" });
  });

  test.each([
    ["reset", "network"],
    ["hang", "timeout"],
  ] as const)("a server that is not there (%s) is not asked further", async (behaviour, code) => {
    const server = await recordingApie();
    const agent = await registered(server, 100);
    server.fail("/v1/events", behaviour);
    server.requests.splice(0);
    await expect(sendTestEvent(agent, "single")).rejects.toMatchObject({
      code,
      message: expect.stringContaining("POST /v1/events: "),
    });
    expect(callsOf(server.requests)).toEqual(SINGLE.slice(0, 2));
  });

  test("an answer without an id is none", async () => {
    const server = await recordingApie();
    const agent = await registered(server);
    server.fail("/v1/sessions", { body: {} });
    await expect(sendTestEvent(agent, "proof")).rejects.toMatchObject({
      code: "answer_without_id",
      message: "POST /v1/sessions: Apie's answer held no id",
    });
  });

  test("an event that is refused alone is named", async () => {
    const server = await recordingApie();
    const agent = await registered(server);
    server.fail("/v1/events", { body: { accepted: 4, errors: [{ index: 2, message: "no such tool" }] } });
    await expect(sendTestEvent(agent, "single")).rejects.toMatchObject({
      code: "event_refused",
      message: "POST /v1/events: event 2 (agent.action.requested) refused: no such tool",
    });
  });
});
