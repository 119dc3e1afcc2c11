/** `view=lines` of the lists of events: what a line of the replay shows, and no more. */
import { describe, expect, test } from "vitest";
import { get, openRun, openSession, sendEvents, startApie } from "../local/support.ts";

const EVENT = {
  type: "agent.action.failed",
  event_id: "e1",
  sequence_number: 3,
  timestamp: "2026-01-01T00:00:01.5Z",
  step_name: "Look up",
  tool: { name: "lookup", provider: "shop" },
  action: { type: "read", name: "lookup" },
  resource: { type: "order", external_id: "7", environment: "production" },
  error: { message: `TypeError ${"x".repeat(500)}` },
  metadata: {
    duration_ms: 12,
    secretly: "large".repeat(1_000),
    otel: { trace_id: "0af7651916cd43dd8448eb211c80319c", span_id: "b7ad6b7169203331" },
  },
};

describe("lines of events", () => {
  test("are the same in every list, short, and say where their span is", async () => {
    const apie = await startApie();
    const session = await openSession(apie);
    const run = await openRun(apie, {}, session);
    await sendEvents(apie, { ...EVENT, run_id: run });
    const expected = {
      event_id: "e1",
      seq: 1,
      replay_us: 1_767_225_601_500_000,
      occurred_us: 1_767_225_601_500_000,
      run_order: 3,
      type: "agent.action.failed",
      agent_key: "tester",
      run_id: run,
      session_id: session,
      step: "Look up",
      tool: "lookup",
      tool_provider: "shop",
      action: "read",
      resource: "order",
      resource_id: "7",
      environment: "production",
      trace_id: "0af7651916cd43dd8448eb211c80319c",
      span_id: "b7ad6b7169203331",
      duration_ms: 12,
      error: `TypeError ${"x".repeat(189)}…`,
    };
    for (const list of ["/api/events?", `/api/runs/${run}/events?`, `/api/sessions/${session}/events?`]) {
      expect((await get(apie, `${list}view=lines`)).items).toEqual([expected]);
      expect((await get(apie, list)).items[0]).toMatchObject(EVENT);
    }
    await expect(get(apie, "/api/events?view=short")).rejects.toThrow("invalid_query");
  });

  test("bring what models, guardrails, approvals and hand-offs say", async () => {
    const apie = await startApie();
    await sendEvents(
      apie,
      {
        type: "agent.llm.completed",
        payload_summary: { model: "m", duration_ms: 5, usage: { input: 3, output: 4 } },
      },
      {
        type: "agent.guardrail.evaluated",
        decision: { policyDecision: "block", enforcementAction: "block", reason: "no" },
      },
      {
        type: "agent.approval.resolved",
        approval: { approval_id: "a", status: "rejected", resolved_by: "Ann" },
      },
      {
        type: "agent.handoff.requested",
        payload_summary: { source: "a", target: "b" },
        metadata: { handoff_id: "h", reason: "r", target_name: "B", target_run_id: "run_b" },
      },
      { type: "agent.llm.called", payload_summary: { model: 7, usage: "much" }, metadata: { otel: "no" } },
    );
    const { items } = await get(apie, "/api/events?view=lines");
    expect(items).toMatchObject([
      { model: "m", duration_ms: 5, tokens_in: 3, tokens_out: 4 },
      { decision: "block", enforcement: "block", reason: "no" },
      { approval_id: "a", approval_status: "rejected", resolved_by: "Ann" },
      { handoff_id: "h", reason: "r", source: "a", target: "B", target_run_id: "run_b" },
      { type: "agent.llm.called" },
    ]);
    expect(items[4]?.model).toBeUndefined();
  });

  test("are found by action, resource and any text in them", async () => {
    const apie = await startApie();
    await sendEvents(
      apie,
      { ...EVENT },
      {
        type: "agent.resource.touched",
        event_id: "e2",
        resource: { type: "ticket" },
        metadata: { note: "50%_x" },
      },
    );
    const found = async (query: string) =>
      (await get(apie, `/api/events?${query}`)).items.map(({ event_id }) => event_id);
    expect(await found("action=read")).toEqual(["e1"]);
    expect(await found("resource=ticket")).toEqual(["e2"]);
    expect(await found(`text=${encodeURIComponent("50%_X")}`)).toEqual(["e2"]);
    expect(await found("text=lookup&resource=ticket")).toEqual([]);
  });
});
