/** Sessions: around a callback, or long-lived and resumed by a handle that is plain JSON. */
import { describe, expect, test, vi } from "vitest";
import { Apie, type FlushReport, type SessionHandle } from "../../src/index.ts";
import { meanwhile, stopClock } from "../delivery/support.ts";
import { cleanup, options } from "../support/client.ts";
import { apiSetup, delivered, metadataOf, only, runsAt, sessionsAt, turns } from "./support/api.ts";
import { runChild } from "./support/child.ts";

describe("withSession", () => {
  test("opens at its start and completes after its runs", async () => {
    const { apie, server, seen } = await apiSetup({ runtime: { environment: "prod" } });
    const id = await apie.withSession(
      { kind: "pipeline", inputSummary: "A ticket", metadata: { workflow: "triage" } },
      async (session) => {
        expect(session.kind).toBe("pipeline");
        expect(await session.apieId()).toMatch(/^ses_/);
        session.setOutputSummary("solved");
        await apie.withRun({}, () => apie.track({ type: "at.work" }));
        return session.id;
      },
    );
    await delivered(apie);
    const session = only(sessionsAt(server));
    const root = seen.one("session pipeline");
    expect(session.opening).toEqual({
      kind: "pipeline",
      orchestrator_agent_key: "support",
      orchestrator_agent_id: "agt_1",
      environment: "prod",
      input_summary: "A ticket",
      metadata: {
        workflow: "triage",
        session_id: id,
        started_at: expect.any(String),
        otel: { trace_id: root.traceId, span_id: root.spanId },
        capture_source: "otel_bridge",
      },
    });
    expect(session.completion).toMatchObject({ status: "completed", output_summary: "solved" });
    const paths = server.requests.map(({ path }) => path);
    expect(paths.indexOf(`/v1/sessions/${session.id}/complete`)).toBeGreaterThan(
      paths.indexOf(`/v1/runs/${only(runsAt(server)).id}/complete`),
    );
  });

  test("in another session is a session of its own", async () => {
    const { apie, server } = await apiSetup();
    await apie.withSession({}, () =>
      apie.withRun({}, () => apie.withSession({ kind: "multi_agent" }, () => apie.withRun({}, () => 1))),
    );
    await delivered(apie);
    const [outer, inner] = sessionsAt(server);
    expect(runsAt(server).map(({ path }) => path)).toEqual([
      `/v1/sessions/${outer?.id}/runs`,
      `/v1/sessions/${inner?.id}/runs`,
    ]);
  });

  test("left open is cancelled at shutdown", async () => {
    const { apie, server } = await apiSetup();
    void apie.withSession({}, () => new Promise(() => undefined));
    await apie.shutdown();
    expect(only(sessionsAt(server)).completion?.status).toBe("cancelled");
  });

  test("many at once never mix", async () => {
    const { apie, server } = await apiSetup();
    const random = seeded(7);
    const pause = (): Promise<void> =>
      random() < 0.5
        ? turns(Math.floor(random() * 3))
        : new Promise((resolve) => setTimeout(resolve, random() * 4));
    const session = async (number: number): Promise<void> => {
      await pause();
      await apie.withSession({ metadata: { number } }, async () => {
        const run = async (nth: number): Promise<void> => {
          await pause();
          await apie.withRun({ metadata: { number, nth } }, async () => {
            await pause();
            await apie.withTool({ tool: { name: `tool-${number}-${nth}` } }, pause);
            apie.track({ type: "mark", payload: { number, nth } });
            await pause();
          });
        };
        await Promise.all(Array.from({ length: 10 }, (_, nth) => run(nth)));
      });
    };
    await Promise.all(Array.from({ length: 50 }, (_, number) => session(number)));
    await delivered(apie);
    const sessions = new Map(sessionsAt(server).map(({ id, opening }) => [id, metadataOf(opening).number]));
    expect(sessions.size).toBe(50);
    const runs = runsAt(server);
    expect(runs).toHaveLength(500);
    for (const run of runs) {
      const { number, nth } = metadataOf(run.opening);
      expect(sessions.get(run.path.split("/")[3] ?? "")).toBe(number);
      expect(run.types).toEqual([
        "agent.action.requested",
        "agent.tool.called",
        "agent.action.completed",
        "mark",
      ]);
      for (const event of run.events) expect(sessions.get(String(event.session_id))).toBe(number);
      expect(run.events[1]?.tool).toEqual({ name: `tool-${number}-${nth}` });
      expect(metadataOf(run.events[3] ?? {})).toMatchObject({ number, nth });
    }
  });
});

/** The same numbers each time, so that a failure can be seen again (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

describe("a long-lived session", () => {
  test("has a handle that is plain JSON", async () => {
    const { apie, server } = await apiSetup();
    const handle = await apie.sessions.start({ kind: "multi_agent", inputSummary: "A chat" });
    expect(JSON.parse(JSON.stringify(handle))).toStrictEqual(handle);
    expect(handle).toStrictEqual({
      id: expect.stringMatching(/^[\da-f-]{36}$/),
      kind: "multi_agent",
      apieId: only(sessionsAt(server)).id,
      traceparent: expect.stringMatching(/^00-[\da-f]{32}-[\da-f]{16}-01$/),
    });
    expect(only(sessionsAt(server)).opening).toMatchObject({ kind: "multi_agent", input_summary: "A chat" });
  });

  test("is resumed again and again, and completed once", async () => {
    const { apie, server } = await apiSetup();
    const handle = await apie.sessions.start();
    for (const turn of [1, 2]) {
      await apie.sessions.resume(handle, () => apie.withRun({ metadata: { turn } }, () => 1));
    }
    apie.sessions.complete(handle, { status: "failed", outputSummary: "gave up", metadata: { cost: 2 } });
    apie.sessions.complete(handle);
    await delivered(apie);
    const session = only(sessionsAt(server));
    expect(runsAt(server).map(({ path }) => path)).toEqual(
      new Array(2).fill(`/v1/sessions/${session.id}/runs`),
    );
    expect(session.completion).toMatchObject({
      status: "failed",
      output_summary: "gave up",
      metadata: { cost: 2 },
    });
    expect(server.to(`/v1/sessions/${session.id}/complete`)).toHaveLength(1);
  });

  test("survives the end of the process that started it", async () => {
    const { apie, server } = await apiSetup();
    await apie.sessions.start();
    await apie.shutdown();
    expect(only(sessionsAt(server)).completion).toBeUndefined();
  });

  test("is resumed and completed in another process that has only the handle", async () => {
    const { apie, server, seen } = await apiSetup();
    const handle = await apie.sessions.start({ kind: "pipeline" });
    const child = (await runChild(new URL("./support/resume-session.ts", import.meta.url), {
      url: server.url,
      handle,
    })) as { report: FlushReport; links: unknown };
    expect(child.report).toMatchObject({ ok: true, events: { delivered: 1 }, runs: { completed: 1 } });
    const session = only(sessionsAt(server));
    expect(only(runsAt(server))).toMatchObject({
      path: `/v1/sessions/${session.id}/runs`,
      opening: { agent_key: "worker", input_summary: "Go on" },
      events: [{ type: "went.on", session_id: session.id, agent_key: "worker" }],
    });
    expect(session.completion).toMatchObject({ status: "cancelled", output_summary: "done elsewhere" });
    const link = ["session", seen.one("session_start pipeline").traceId];
    expect(child.links).toEqual([
      { name: "event went.on", links: [] },
      { name: "invoke_agent Worker", links: [link] },
      { name: "session_end pipeline", links: [link] },
    ]);
  });

  test("starts without Apie's id when an attempt fails, and is delivered once one works", async () => {
    const { apie, server } = await apiSetup({ flushTimeoutMs: 600_000 });
    const mend = server.fail("/v1/sessions", { status: 503 });
    const before = performance.now();
    const handle = await apie.sessions.start();
    expect(performance.now() - before).toBeLessThan(1_000);
    expect(handle).toEqual({ id: expect.any(String), kind: "single_agent", traceparent: expect.any(String) });
    await apie.sessions.resume(handle, () => apie.withRun({}, () => 1));
    apie.sessions.complete(handle);
    mend();
    await server.received(/\/v1\/sessions\/[^/]+\/complete$/);
    const session = only(sessionsAt(server));
    expect(only(runsAt(server)).path).toBe(`/v1/sessions/${session.id}/runs`);
    expect(session.completion?.status).toBe("completed");
  });

  test("starts at once where nobody answers at Apie's address", async () => {
    const { apie, server } = await apiSetup({ flushTimeoutMs: 600_000 });
    await server.close();
    const before = performance.now();
    expect(await apie.sessions.start()).not.toHaveProperty("apieId");
    expect(performance.now() - before).toBeLessThan(1_000);
  });

  test("starts at once while Apie is known to refuse sessions", async () => {
    const { apie, server } = await apiSetup({ flushTimeoutMs: 600_000 });
    server.fail("/v1/sessions", { status: 402, body: { error: "not in your plan" } });
    const before = performance.now();
    for (const _ of [1, 2, 3]) expect(await apie.sessions.start()).not.toHaveProperty("apieId");
    expect(performance.now() - before).toBeLessThan(1_000);
    expect(server.to("/v1/sessions")).toHaveLength(1);
  });

  test.each([
    ["2 s", 600_000, 2_000],
    ["flushTimeoutMs, where that is less", 300, 300],
  ])("that Apie does not answer for starts after %s", async (_what, flushTimeoutMs, waitMs) => {
    const { apie, server } = await apiSetup({ flushTimeoutMs });
    await apie.ready();
    stopClock();
    const mend = server.fail("/v1/sessions", "hang");
    let handle: SessionHandle | undefined;
    void apie.sessions.start().then((started) => {
      handle = started;
    });
    await meanwhile("asked", () => server.to("/v1/sessions").length === 1);
    vi.advanceTimersByTime(waitMs - 1);
    await turns(5);
    expect(handle).toBeUndefined();
    vi.advanceTimersByTime(1);
    await meanwhile("started", () => handle !== undefined);
    expect(handle).not.toHaveProperty("apieId");
    mend();
    server.dropConnections();
  });

  test("resumed inside a run of its own leaves that run active", async () => {
    const { apie, server } = await apiSetup();
    const handle = await apie.sessions.start();
    await apie.sessions.resume(handle, () =>
      apie.withRun({}, () => apie.sessions.resume(handle, () => apie.track({ type: "in.run" }))),
    );
    await delivered(apie);
    expect(only(server.eventsOf("in.run")).run_id).toBe(only(runsAt(server)).id);
  });

  test("resume gives what its callback gives, and throws what it throws", async () => {
    const { apie } = await apiSetup();
    const handle = await apie.sessions.start();
    const error = new Error("no");
    expect(apie.sessions.resume(handle, () => 42)).toBe(42);
    await expect(apie.sessions.resume(handle, () => Promise.resolve(42))).resolves.toBe(42);
    expect(() =>
      apie.sessions.resume(handle, () => {
        throw error;
      }),
    ).toThrow(error);
  });
});

describe("handles from elsewhere", () => {
  const bad: readonly unknown[] = [
    undefined,
    null,
    5,
    "ses_1",
    {},
    { id: 5 },
    { id: "" },
    { kind: "pipeline" },
    [],
  ];

  test.each(bad.map((handle) => [handle]))("%j is refused with what is wrong", async (handle) => {
    const { apie, seen } = await apiSetup();
    const error = {
      name: "ApieError",
      code: "invalid_session",
      message: expect.stringContaining("id: expected"),
    };
    expect(() => apie.sessions.resume(handle as SessionHandle, () => 1)).toThrow(
      expect.objectContaining(error),
    );
    expect(() => apie.sessions.complete(handle as SessionHandle)).toThrow(expect.objectContaining(error));
    expect(seen.all).toEqual([]);
  });

  test.each([
    ["a kind nobody knows", { kind: "party" }],
    ["a kind that is none", { kind: 5 }],
    ["no kind", {}],
    ["a traceparent that is none", { traceparent: "00-xyz" }],
    ["a traceparent of zeros", { traceparent: `00-${"0".repeat(32)}-${"0".repeat(16)}-01` }],
    ["a traceparent of a forbidden version", { traceparent: `ff-${"1".repeat(32)}-${"1".repeat(16)}-01` }],
    ["a traceparent of another type", { traceparent: 5 }],
    ["members nobody knows", { more: true }],
  ])("%s is left out", async (_what, members) => {
    const { apie, server, seen } = await apiSetup();
    const handle = { id: "own-id", apieId: "ses_9", ...members } as SessionHandle;
    await apie.sessions.resume(handle, () => apie.withRun({}, () => apie.track({ type: "at.work" })));
    apie.sessions.complete(handle);
    await delivered(apie);
    expect(only(server.events)).toMatchObject({ session_id: "ses_9" });
    expect(server.to("/v1/sessions/ses_9/complete")).toHaveLength(1);
    expect(seen.one("session_end").links).toEqual([]);
    expect(seen.one("invoke_agent Support").links).toEqual([]);
  });

  test("a traceparent of a version to come is read as far as it is known", async () => {
    const { apie, seen } = await apiSetup();
    const traceId = "1".repeat(32);
    const handle = { id: "own-id", apieId: "ses_9", traceparent: `01-${traceId}-${"2".repeat(16)}-01-more` };
    await apie.sessions.resume(handle, () => apie.withRun({}, () => 1));
    expect(seen.one("invoke_agent Support").links).toMatchObject([{ type: "session", traceId }]);
  });

  test("of a session started here, what is known here counts", async () => {
    const { apie, server, seen } = await apiSetup();
    const { id } = await apie.sessions.start();
    const tampered = { id, apieId: "ses_9", traceparent: `00-${"1".repeat(32)}-${"2".repeat(16)}-01` };
    await apie.sessions.resume(tampered, () => apie.withRun({}, () => 1));
    await delivered(apie);
    expect(only(runsAt(server)).path).toBe(`/v1/sessions/${only(sessionsAt(server)).id}/runs`);
    expect(seen.one("invoke_agent Support").links[0]?.spanId).toBe(
      seen.one("session_start single_agent").spanId,
    );
  });

  test("a handle of Apie's id alone is enough", async () => {
    const { apie, server } = await apiSetup();
    await apie.sessions.resume({ id: "ses_9" }, () => apie.withRun({}, () => 1));
    await delivered(apie);
    expect(only(runsAt(server)).path).toBe("/v1/sessions/ses_9/runs");
  });
});

test("another client's session is none of ours", async () => {
  const { apie, server, seen } = await apiSetup();
  const other = new Apie(options(server, { agent: { key: "other", name: "Other" } }));
  cleanup(() => other.shutdown());
  await other.withSession({}, () => apie.track({ type: "ours" }));
  expect(seen.one("event ours").attributes).not.toHaveProperty("agent.session.id");
});
