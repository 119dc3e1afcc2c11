import { describe, expect, it } from "vitest";
import { get, type Json, openRun, openSession, post, sendEvents, startApie } from "./support.ts";

describe("duplicates", () => {
  it("an event id is stored once, within a batch and across batches", async () => {
    const apie = await startApie();
    const run_id = await openRun(apie);
    const event = { type: "agent.llm.called", run_id, event_id: "e1" };
    expect((await sendEvents(apie, event, event, { ...event, event_id: "e2" })).body).toEqual({
      accepted: 2,
      duplicates: 1,
      warnings: [],
    });
    const retry = await sendEvents(apie, { ...event, step_name: "changed" }, { ...event, event_id: "e3" });
    expect(retry.body).toEqual({ accepted: 1, duplicates: 1, warnings: [] });
    const { run, events } = await get(apie, `/api/runs/${run_id}`);
    expect(events.items.map((item: Json) => [item.event_id, item.step_name])).toEqual([
      ["e1", undefined],
      ["e2", undefined],
      ["e3", undefined],
    ]);
    expect(run.counts.events).toBe(3);
  });
});

describe("what is kept", () => {
  it("the event comes back exactly as it was sent, unknown fields too", async () => {
    const apie = await startApie();
    const sent = {
      type: "agent.tool.called",
      agent_key: "tester",
      event_id: "e1",
      tool: { name: "näme \u0000 <script>", provider: null, extra: [null, { deep: null }] },
      metadata: { otel: { trace_id: "a".repeat(32) }, big: 9007199254740991, text: "\ud83d\ude00" },
      future_field: { a: [1] },
    };
    const answer = await sendEvents(apie, sent);
    expect(answer.body.warnings).toEqual(["events[0]: unknown field future_field was kept"]);
    const { event, raw } = await get(apie, "/api/events/e1");
    expect(raw).toEqual(sent);
    expect(event).toMatchObject(sent);
    expect(event.timestamp).toBe(event.received_at);
  });

  it("an event without a session belongs to the session of its run", async () => {
    const apie = await startApie();
    const session = await openSession(apie);
    const run_id = await openRun(apie, {}, session);
    await sendEvents(apie, { type: "agent.llm.called", run_id });
    const { items } = await get(apie, `/api/sessions/${session}/events`);
    expect(items).toMatchObject([{ run_id, session_id: session }]);
    expect((await get(apie, `/api/sessions/${session}`)).session.counts.events).toBe(1);
  });
});

describe("counts", () => {
  it("sums tokens of model calls, errors and failures on run and session", async () => {
    const apie = await startApie();
    const session_id = await openSession(apie);
    const run_id = await openRun(apie, {}, session_id);
    const usage = (input: unknown, output: unknown) => ({
      payload_summary: { usage: { input, output, total: 1 } },
    });
    await sendEvents(
      apie,
      { type: "agent.llm.completed", run_id, session_id, ...usage(100, 20) },
      { type: "agent.llm.failed", run_id, session_id, ...usage(7, 0), error: { message: "429" } },
      { type: "agent.llm.completed", run_id, session_id, ...usage("many", -5) },
      { type: "agent.workflow.step.completed", run_id, session_id, ...usage(1000, 1000) },
      { type: "agent.action.failed", run_id, session_id, action: { type: "read", name: "x" } },
      { type: "agent.error", run_id, session_id, error: { message: "boom" } },
    );
    const counts = { events: 6, errors: 1, failures: 2, tokens: { input: 107, output: 20 } };
    expect((await get(apie, `/api/runs/${run_id}`)).run.counts).toEqual(counts);
    const expected = { runs: 1, running: 1, failed: 0, ...counts };
    expect((await get(apie, `/api/sessions/${session_id}`)).session.counts).toEqual(expected);
    expect((await get(apie, "/api/sessions")).items[0]?.counts).toEqual(expected);
  });
});

describe("warnings", () => {
  it("are given once each, and not without end", async () => {
    const apie = await startApie();
    const same = Array.from({ length: 5 }, () => ({ type: "agent.llm.called", run_id: "run_ghost" }));
    expect((await sendEvents(apie, ...same)).body.warnings).toEqual(["run run_ghost was never opened here"]);
    const many = Array.from({ length: 80 }, (_, i) => ({ type: "agent.llm.called", session_id: `ses_${i}` }));
    const { warnings } = (await sendEvents(apie, ...many)).body;
    expect(warnings).toHaveLength(51);
    expect(warnings[50]).toBe("and 30 more warnings");
  });

  it("name tools outside of what the agent declared, and only when it declared something", async () => {
    const apie = await startApie();
    const event = { type: "agent.tool.called", tool: { name: "rm" } };
    expect((await sendEvents(apie, event)).body.warnings).toEqual([]);
    const { agent_id } = (await post(apie, "/v1/agents/identify", { agent: { key: "tester", name: "T" } }))
      .body;
    await post(apie, `/v1/agents/${agent_id}/capabilities/declare`, {
      capabilities: [{ tool: { name: "ls" } }],
    });
    expect((await sendEvents(apie, event)).body.warnings).toEqual([
      "tool rm is not declared by agent tester",
    ]);
    expect((await sendEvents(apie, { ...event, tool: { name: "ls" } })).body.warnings).toEqual([]);
  });
});
