import { describe, expect, it } from "vitest";
import { allPages, get, type Json, openRun, openSession, post, sendEvents, startApie } from "./support.ts";

const ids = (page: { items: Json[] }): string[] => page.items.map((item) => item.event_id ?? item.id);

describe("orders", () => {
  it("a run's events come by sequence number, whatever the order of arrival", async () => {
    const apie = await startApie();
    const run_id = await openRun(apie);
    const event = (event_id: string, sequence_number?: number) => ({
      type: "agent.llm.called",
      run_id,
      event_id,
      ...(sequence_number === undefined ? {} : { sequence_number }),
    });
    await sendEvents(apie, event("c", 3), event("a", 1));
    await sendEvents(apie, event("b", 2), event("a-again", 1));
    expect(ids((await get(apie, `/api/runs/${run_id}`)).events)).toEqual(["a", "a-again", "b", "c"]);
  });

  it("an event without a number stands after the highest that had come", async () => {
    const apie = await startApie();
    const run_id = await openRun(apie);
    const send = (event_id: string, fields: object) =>
      sendEvents(apie, { type: "agent.llm.called", run_id, event_id, ...fields });
    await send("first", { sequence_number: 1 });
    await send("tracked", {});
    await send("second", { sequence_number: 2 });
    expect(ids(await get(apie, `/api/runs/${run_id}/events`))).toEqual(["first", "tracked", "second"]);
  });

  it("the processes of a session, each counting on its own, are not mixed: time orders them, and each run its own", async () => {
    const apie = await startApie();
    const session_id = await openSession(apie);
    const runs = [await openRun(apie, {}, session_id), await openRun(apie, {}, session_id)];
    const send = (event_id: string, run: number, number: number, second: number) =>
      sendEvents(apie, {
        type: "agent.llm.called",
        session_id,
        run_id: runs[run],
        event_id,
        sequence_number: number,
        session_sequence_number: number,
        timestamp: `2026-01-01T00:00:0${second}Z`,
      });
    await send("first 1", 0, 1, 1);
    await send("first 2", 0, 2, 2);
    await send("first 3, clock set back", 0, 3, 0);
    await send("second 1", 1, 1, 4);
    await send("second 2", 1, 2, 5);
    expect(ids(await get(apie, `/api/sessions/${session_id}/events`))).toEqual([
      "first 1",
      "first 2",
      "first 3, clock set back",
      "second 1",
      "second 2",
    ]);
  });

  it("a session's events come by time, then session number, then arrival", async () => {
    const apie = await startApie();
    const session_id = await openSession(apie);
    const send = (event_id: string, session_sequence_number: number, timestamp: string) =>
      sendEvents(apie, {
        type: "agent.llm.called",
        session_id,
        event_id,
        session_sequence_number,
        timestamp,
      });
    await send("late", 2, "2026-01-01T00:00:09Z");
    await send("other process", 1, "2026-01-01T00:00:00.000002+00:00");
    await send("this process", 1, "2026-01-01T01:00:00.000001+01:00");
    await send("same moment", 1, "2026-01-01T00:00:00.000002Z");
    expect(ids(await get(apie, `/api/sessions/${session_id}/events`))).toEqual([
      "this process",
      "other process",
      "same moment",
      "late",
    ]);
  });

  it("sessions and runs come newest first, the runs of a session as they were opened", async () => {
    const apie = await startApie();
    const sessions = [await openSession(apie), await openSession(apie)];
    const runs = [
      await openRun(apie, {}, sessions[0]),
      await openRun(apie, {}, sessions[0]),
      await openRun(apie),
    ];
    expect(ids(await get(apie, "/api/sessions"))).toEqual(sessions.toReversed());
    expect(ids(await get(apie, "/api/runs"))).toEqual(runs.toReversed());
    expect(ids(await get(apie, `/api/sessions/${sessions[0]}/runs`))).toEqual(runs.slice(0, 2));
    expect(ids(await get(apie, "/api/runs?session=none"))).toEqual(runs.slice(2));
  });
});

describe("pages", () => {
  it("10,000 events of a session come whole, once each and in order", async () => {
    const apie = await startApie();
    const session_id = await openSession(apie);
    const run_id = await openRun(apie, {}, session_id);
    const total = 10_000;
    const numbers = Array.from({ length: total }, (_, index) => ((index * 7919) % total) + 1);
    for (let start = 0; start < total; start += 2_500) {
      const batch = numbers.slice(start, start + 2_500).map((number) => ({
        type: "agent.llm.called",
        run_id,
        session_id,
        event_id: `e${number}`,
        sequence_number: number,
        session_sequence_number: number,
        timestamp: new Date(1_767_225_600_000 + number).toISOString(),
      }));
      expect((await sendEvents(apie, ...batch)).body.accepted).toBe(2_500);
    }
    const wanted = Array.from({ length: total }, (_, index) => `e${index + 1}`);
    const session = await allPages(apie, `/api/sessions/${session_id}/events?limit=2000`);
    expect(session.pages).toBe(5);
    expect(session.items.map((item) => item.event_id)).toEqual(wanted);
    const run = await allPages(apie, `/api/runs/${run_id}/events?limit=1999`);
    expect(run.items.map((item) => item.event_id)).toEqual(wanted);
  });

  it("every list pages to its end and no further", async () => {
    const apie = await startApie();
    const session_id = await openSession(apie);
    for (let index = 0; index < 5; index++) {
      await openSession(apie);
      const run_id = await openRun(apie, { agent_key: `agent-${index}` }, session_id);
      await sendEvents(apie, { type: "agent.llm.called", run_id });
      await post(apie, `/v1/sessions/${session_id}/handoffs`, { source_run_id: run_id });
    }
    for (const [path, count] of [
      ["/api/sessions?limit=2", 6],
      ["/api/runs?limit=2", 5],
      ["/api/agents?limit=2", 6],
      ["/api/events?limit=2", 5],
      ["/api/events?limit=2&order=newest", 5],
      [`/api/sessions/${session_id}/runs?limit=2`, 5],
      [`/api/sessions/${session_id}/handoffs?limit=2`, 5],
    ] as const) {
      const { items, pages } = await allPages(apie, path);
      expect([path, items.length, pages]).toEqual([path, count, 3]);
      expect(new Set(items.map((item) => item.event_id ?? item.id)).size).toBe(count);
    }
  });

  it("a full last page says that it is the last", async () => {
    const apie = await startApie();
    await openSession(apie);
    await openSession(apie);
    expect((await get(apie, "/api/sessions?limit=2")).next_cursor).toBeNull();
  });
});

describe("filters", () => {
  it("find sessions by status, kind, agent and text", async () => {
    const apie = await startApie();
    const refund = await openSession(apie, { kind: "multi_agent", input_summary: "Refund 100% of order_7" });
    const other = await openSession(apie, { input_summary: "Something else" });
    await openRun(apie, { agent_key: "billing", step_name: "Look up invoice" }, refund);
    await openRun(apie, { agent_key: "support" }, other);
    await post(apie, `/v1/sessions/${other}/complete`, { status: "failed", output_summary: "Gave up" });
    const found = async (query: string) => ids(await get(apie, `/api/sessions?${query}`));
    expect(await found("status=failed")).toEqual([other]);
    expect(await found("kind=multi_agent")).toEqual([refund]);
    expect(await found("agent=billing")).toEqual([refund]);
    expect(await found("text=REFUND")).toEqual([refund]);
    expect(await found("text=invoice")).toEqual([refund]);
    expect(await found("text=gave%20up")).toEqual([other]);
    expect(await found(`text=${other}`)).toEqual([other]);
    expect(await found("text=100%25%20of")).toEqual([refund]);
    expect(await found("text=order%257")).toEqual([]);
    expect(await found("text=order-7")).toEqual([]);
    expect(await found("status=failed&agent=billing")).toEqual([]);
  });

  it("find events by type, agent, run, session and tool", async () => {
    const apie = await startApie();
    const session_id = await openSession(apie);
    const run_id = await openRun(apie, {}, session_id);
    await sendEvents(
      apie,
      { type: "agent.tool.called", event_id: "tool", run_id, tool: { name: "search" } },
      { type: "agent.error", event_id: "error", agent_key: "other", error: { message: "x" } },
      { type: "agent.llm.called", event_id: "llm", session_id },
    );
    const found = async (query: string) => ids(await get(apie, `/api/events?${query}`));
    expect(await found("type=agent.error")).toEqual(["error"]);
    expect(await found("type=agent.error,agent.llm.called")).toEqual(["error", "llm"]);
    expect(await found("agent=other")).toEqual(["error"]);
    expect(await found(`run=${run_id}`)).toEqual(["tool"]);
    expect(await found(`session=${session_id}`)).toEqual(["tool", "llm"]);
    expect(await found("tool=search")).toEqual(["tool"]);
    expect(await found("order=newest&limit=1")).toEqual(["llm"]);
  });

  it("follow new events from where the last answer ended", async () => {
    const apie = await startApie();
    await sendEvents(apie, { type: "agent.llm.called", event_id: "one" });
    const first = await get(apie, "/api/events");
    expect(first).toMatchObject({ next_cursor: null });
    const nothing = await get(apie, `/api/events?cursor=${first.last_cursor}`);
    expect(nothing).toEqual({ items: [], next_cursor: null, last_cursor: first.last_cursor });
    await sendEvents(apie, { type: "agent.llm.called", event_id: "two" });
    expect(ids(await get(apie, `/api/events?cursor=${nothing.last_cursor}`))).toEqual(["two"]);
  });

  it("find the runs of a trace and of a parent", async () => {
    const apie = await startApie();
    const session = await openSession(apie);
    const trace_id = "0af7651916cd43dd8448eb211c80319c";
    const metadata = { otel: { trace_id, span_id: "b7ad6b7169203331" } };
    const parent = await openRun(apie, { metadata }, session);
    const child = await openRun(
      apie,
      { parent_run_id: parent, metadata: { otel: { trace_id: "short" } } },
      session,
    );
    expect(ids(await get(apie, `/api/runs?trace_id=${trace_id.toUpperCase()}`))).toEqual([parent]);
    expect(ids(await get(apie, `/api/runs?parent=${parent}`))).toEqual([child]);
    expect((await get(apie, `/api/runs/${parent}`)).run).toMatchObject({
      trace_id,
      span_id: "b7ad6b7169203331",
    });
    expect((await get(apie, `/api/runs/${child}`)).run.trace_id).toBeNull();
  });
});

describe("times", () => {
  it("are the server's own clock", async () => {
    let now = Date.parse("2026-05-01T12:00:00Z");
    const apie = await startApie({ now: () => now });
    const session = await openSession(apie);
    const run = await openRun(apie, { metadata: { otel: { start: "2020-01-01T00:00:00Z" } } }, session);
    now += 1_500;
    await post(apie, `/v1/runs/${run}/complete`, {
      status: "completed",
      metadata: { outputSummary: "done" },
    });
    now += 500;
    await post(apie, `/v1/sessions/${session}/complete`, { status: "completed", output_summary: "all done" });
    expect((await get(apie, `/api/runs/${run}`)).run).toMatchObject({
      started_at: "2026-05-01T12:00:00.000Z",
      completed_at: "2026-05-01T12:00:01.500Z",
      duration_ms: 1_500,
      completion_metadata: { outputSummary: "done" },
    });
    expect((await get(apie, `/api/sessions/${session}`)).session).toMatchObject({
      duration_ms: 2_000,
      output_summary: "all done",
    });
  });
});

describe("the list of routes", () => {
  it("tells method, path and summary of each, and each answers", async () => {
    const apie = await startApie();
    const { routes } = await get(apie, "/api");
    expect(routes.length).toBeGreaterThan(30);
    for (const route of routes) {
      expect(route).toMatchObject({
        method: expect.any(String),
        path: expect.any(String),
        summary: expect.any(String),
      });
      if (route.path === "/api/stream") continue;
      const path = route.path.replace(/:\w+/g, "x");
      const answer = await fetch(apie.url + path, { method: route.method });
      expect([route.path, answer.status]).not.toEqual([route.path, 405]);
      expect([route.path, answer.status < 500]).toEqual([route.path, true]);
      await answer.body?.cancel();
    }
  });
});
