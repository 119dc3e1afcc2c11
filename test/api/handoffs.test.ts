/** Hand-offs: around the run of another agent, or told stage by stage. */
import { describe, expect, test } from "vitest";
import { allSaid, apiSetup, delivered, metadataOf, only, runsAt, sessionsAt } from "./support/api.ts";
import { HANDOFF } from "./support/calls.ts";

const parties = { source: "support", target: "refunds", type: "delegate" };
const names = { source_name: "Support", target_name: "Refunds" };

describe("withHandoff", () => {
  test("is asked for in the source's run, accepted and completed in the target's", async () => {
    const { apie, server } = await apiSetup();
    const result = await apie.withSession({ kind: "multi_agent" }, () =>
      apie.withRun({}, () =>
        apie.withHandoff(HANDOFF, (run) => {
          apie.track({ type: "at.work" });
          return run.agentKey;
        }),
      ),
    );
    await delivered(apie);
    expect(result).toBe("refunds");
    const [source, target] = runsAt(server);
    expect(source?.types).toEqual(["agent.handoff.requested"]);
    expect(target?.types).toEqual(["agent.handoff.accepted", "at.work", "agent.handoff.completed"]);
    const id = metadataOf(source?.events[0] ?? {}).handoff_id;
    const common = { event_category: "handoff", agent_key: "support", payload_summary: parties };
    expect(source?.events[0]).toMatchObject({
      ...common,
      payload_summary: { ...parties, order: "O-1" },
      metadata: { ...names, handoff_id: id, reason: "needs a refund", region: "eu" },
    });
    for (const event of [target?.events[0], target?.events[2]]) {
      expect(event).toMatchObject({
        ...common,
        agent_key: "refunds",
        metadata: { ...names, handoff_id: id },
      });
    }
    expect(target?.events[0]?.caused_by_event_id).toBe(source?.events[0]?.event_id);
  });

  test("opens the target's run below the source's, in its session", async () => {
    const { apie, server } = await apiSetup();
    await apie.withSession({}, () => apie.withRun({}, () => apie.withHandoff(HANDOFF, () => 1)));
    await delivered(apie);
    const [source, target] = runsAt(server);
    const session = only(sessionsAt(server));
    expect(target).toMatchObject({
      path: `/v1/sessions/${session.id}/runs`,
      opening: {
        agent_key: "refunds",
        parent_run_id: source?.id,
        role: "worker",
        input_summary: "Refund the order",
        metadata: { trigger: "handoff", region: "eu", payload_summary: { order: "O-1" } },
      },
      completion: { status: "completed" },
    });
    // The registered agent's ids are not another's.
    expect(target?.opening).not.toHaveProperty("agent_id");
    expect(target?.events[0]).not.toHaveProperty("agent_id");
  });

  test("is posted to the session, in its place among the source's events", async () => {
    const { apie, server } = await apiSetup();
    await apie.withSession({}, () => apie.withRun({}, () => apie.withHandoff(HANDOFF, () => 1)));
    await delivered(apie);
    const [source] = runsAt(server);
    const posted = only(server.to(/\/handoffs$/));
    expect(posted.path).toBe(`/v1/sessions/${only(sessionsAt(server)).id}/handoffs`);
    expect(posted.body).toMatchObject({
      status: "requested",
      reason: "needs a refund",
      source_run_id: source?.id,
      source_agent_id: "agt_1",
      payload_summary: { order: "O-1" },
    });
  });

  test("of a run without a session gets one made for it, which names the parent", async () => {
    const { apie, server } = await apiSetup();
    await apie.withRun({}, () => apie.withHandoff(HANDOFF, () => 1));
    await delivered(apie);
    await apie.shutdown();
    const [source, target] = runsAt(server);
    const made = only(sessionsAt(server));
    const sourceId = metadataOf(source?.opening ?? {}).run_id;
    expect(source?.path).toBe("/v1/runs");
    expect(target?.path).toBe(`/v1/sessions/${made.id}/runs`);
    expect(made.opening).toMatchObject({ kind: "multi_agent", metadata: { parent_run: sourceId } });
    expect(metadataOf(target?.opening ?? {}).parent_run).toBe(sourceId);
    expect(made.completion?.status).toBe("completed");
  });

  test("whose work throws has failed there, and tells the error once", async () => {
    const { apie, server } = await apiSetup();
    const error = new RangeError("no");
    const working = apie.withRun({}, () =>
      apie.withHandoff(HANDOFF, () => {
        throw error;
      }),
    );
    await expect(working).rejects.toBe(error);
    await delivered(apie);
    const [source, target] = runsAt(server);
    expect(source?.types).toEqual(["agent.handoff.requested"]);
    expect(target?.types).toEqual(["agent.handoff.accepted", "agent.error", "agent.handoff.failed"]);
    expect(target?.events[2]?.error).toEqual({ message: "RangeError" });
    expect([source, target].map((run) => run?.completion?.status)).toEqual(["failed", "failed"]);
  });

  test("outside of any run is asked for by the client's agent", async () => {
    const { apie, server } = await apiSetup();
    await apie.withHandoff(HANDOFF, () => 1);
    await delivered(apie);
    const run = only(runsAt(server));
    expect(run.types).toEqual(["agent.handoff.accepted", "agent.handoff.completed"]);
    expect(server.eventsOf("agent.handoff.requested")).toMatchObject([
      { agent_key: "support", payload_summary: { source: "support", target: "refunds" } },
    ]);
  });

  test("streams what the target streams, and ends when that does", async () => {
    const { apie, server, seen } = await apiSetup();
    await apie.withRun({}, async () => {
      const stream = await apie.withHandoff(HANDOFF, async function* () {
        yield 1;
        apie.track({ type: "while.streaming" });
      });
      expect(seen.operations).not.toContain("handoff");
      for await (const _piece of stream);
      expect(seen.operations.slice(-2)).toEqual(["run", "handoff"]);
    });
    await delivered(apie);
    expect(runsAt(server)[1]?.types).toEqual([
      "agent.handoff.accepted",
      "while.streaming",
      "agent.handoff.completed",
    ]);
  });

  test("records what the target returns where content is captured", async () => {
    const { apie, server } = await apiSetup({ captureContent: true });
    await apie.withRun({}, async () => {
      await apie.withHandoff(HANDOFF, () => "refunded");
    });
    await delivered(apie);
    expect(metadataOf(runsAt(server)[1]?.completion ?? {}).output).toBe("refunded");
  });
});

describe("stage by stage", () => {
  test("each stage is told in the run it belongs to", async () => {
    const { apie, server } = await apiSetup();
    const ids = await apie.withSession({}, async (session) => {
      const source = apie.runs.start({ sessionId: session.id });
      const { handoffId } = apie.trackHandoffRequested({
        sourceRunId: source.id,
        target: HANDOFF.target,
        reason: "needs a refund",
        payloadSummary: { order: "O-1" },
      });
      const target = await apie.withChildRun(
        { parentRunId: source.id, agentKey: "refunds", agentName: "Refunds" },
        (run) => {
          apie.trackHandoffAccepted({ handoffId });
          apie.trackHandoffCompleted({ handoffId, payloadSummary: { refunded: true } });
          return run.id;
        },
      );
      apie.runs.complete(source);
      return { source: source.id, target };
    });
    await delivered(apie);
    const [source, target] = runsAt(server);
    expect([source, target].map((run) => metadataOf(run?.opening ?? {}).run_id)).toEqual([
      ids.source,
      ids.target,
    ]);
    expect(source?.types).toEqual(["agent.handoff.requested"]);
    expect(target?.types).toEqual(["agent.handoff.accepted", "agent.handoff.completed"]);
    const handoffs = new Set(server.events.map((event) => metadataOf(event).handoff_id));
    expect(handoffs.size).toBe(1);
    expect(target?.events[1]?.payload_summary).toMatchObject({
      refunded: true,
      source: "support",
      target: "refunds",
    });
    expect(only(server.to(/\/handoffs$/)).body).toMatchObject({
      status: "requested",
      source_run_id: source?.id,
      payload_summary: { order: "O-1" },
    });
  });

  test("a later stage told from outside belongs to the receiving run while that is open", async () => {
    const { apie, server } = await apiSetup();
    await apie.withSession({}, (session) =>
      apie.withRun({}, () => {
        const target = apie.runs.start({ sessionId: session.id });
        const { handoffId } = apie.trackHandoffRequested({ target: HANDOFF.target, targetRunId: target.id });
        apie.trackHandoffAccepted({ handoffId, targetRunId: target.id });
        apie.runs.complete(target);
        apie.trackHandoffCompleted({ handoffId, targetRunId: target.id });
      }),
    );
    await delivered(apie);
    const [source, target] = runsAt(server);
    expect(target?.types).toEqual(["agent.handoff.accepted"]);
    expect(source?.types).toEqual(["agent.handoff.requested", "agent.handoff.completed"]);
  });

  test("a later stage of another process's run is told there", async () => {
    const { apie, server } = await apiSetup();
    apie.trackHandoffCompleted({
      handoffId: "h-1",
      targetRunId: "run_elsewhere",
      source: { key: "planner" },
    });
    await delivered(apie);
    expect(only(server.events)).toMatchObject({
      type: "agent.handoff.completed",
      run_id: "run_elsewhere",
      payload_summary: { source: "planner" },
      metadata: { handoff_id: "h-1" },
    });
  });

  test("a failure tells its error", async () => {
    const { apie, server, seen } = await apiSetup();
    await apie.withRun({}, () => {
      const { handoffId } = apie.trackHandoffRequested({ target: { key: "refunds" } });
      apie.trackHandoffFailed({ handoffId, error: new RangeError("no") });
      apie.trackHandoffFailed({ handoffId });
    });
    await delivered(apie);
    expect(server.eventsOf("agent.handoff.failed").map((event) => event.error)).toEqual([
      { message: "RangeError" },
      { message: "Error" },
    ]);
    expect(seen.named("handoff refunds").map(({ span }) => span.status.code)).toEqual([0, 2, 2]);
    expect(only(runsAt(server)).completion?.status).toBe("completed");
  });

  test("an agent of which only Apie's id is known", async () => {
    const { apie, seen, server } = await apiSetup();
    await apie.withRun(
      {},
      () => void apie.trackHandoffRequested({ targetAgentId: "agt_9", inputSummary: "Refund" }),
    );
    await delivered(apie);
    expect(allSaid(server)).toHaveLength(1);
    expect(seen.one("handoff").attributes).toMatchObject({
      "agent.handoff.target.id": "agt_9",
      "agent.handoff.input.summary": "Refund",
    });
  });
});
