/** Runs that are let go of while a human decides, and taken up later, here or in another process. */
import { describe, expect, test } from "vitest";
import {
  Apie,
  ApprovalDeniedError,
  ApprovalPendingError,
  type Run,
  type RunHandle,
} from "../../src/index.ts";
import { delivered, metadataOf, only, runsAt } from "../api/support/api.ts";
import { cleanup, options } from "../support/client.ts";
import { startOtel } from "../support/otel.ts";
import { approvalAnswers, DEPLOY, decided, EVALUATE, type Guarded, guarded } from "./support.ts";

const HOURS_LATER = { guardTimeoutMs: 500 };

/** As it is after it was stored and read again. */
const stored = (handle: RunHandle): RunHandle => JSON.parse(JSON.stringify(handle)) as RunHandle;

/** An agent that deploys once a human lets it, and does not stay for that. */
async function deployOrPause(apie: Apie, run: Run): Promise<RunHandle | undefined> {
  try {
    await apie.withTool({ ...DEPLOY, approval: "throw" }, () => "deployed");
    return undefined;
  } catch (error) {
    if (!(error instanceof ApprovalPendingError)) throw error;
    return run.pause({ approvalId: error.approvalId });
  }
}

async function paused(made: Guarded): Promise<RunHandle> {
  made.server.fail(EVALUATE, decided("require_approval"));
  const handle = await made.apie.withRun({ inputSummary: "Deploy web" }, async (run) => {
    await made.apie.withTool({ tool: { name: "build" }, guard: false }, () => "built");
    return deployOrPause(made.apie, run);
  });
  if (handle === undefined) throw new Error("was not paused");
  await delivered(made.apie);
  return stored(handle);
}

const goOn = (apie: Apie, handle: RunHandle): Promise<string> =>
  apie.runs.resume(handle, () =>
    apie.withTool({ ...DEPLOY, approvalId: handle.approval?.id }, () => "deployed"),
  );

describe("a paused run", () => {
  test("stays open at Apie, also when the process ends", async () => {
    const made = await guarded(HOURS_LATER);
    const handle = await paused(made);
    await made.apie.shutdown();
    const run = only(runsAt(made.server));
    expect(run.completion).toBeUndefined();
    expect(handle).toEqual({
      id: expect.stringMatching(/^[\da-f-]{36}$/),
      apieId: run.id,
      agentKey: "support",
      agentName: "Support",
      segments: 1,
      traceparent: expect.stringMatching(/^00-/),
      progress: { sequence: 5, modelCalls: 0, toolCalls: 1, failures: 0 },
      approval: { id: "appr_1", traceparent: expect.stringMatching(/^00-/) },
    });
    expect(run.types).toEqual([
      "agent.action.requested",
      "agent.tool.called",
      "agent.action.completed",
      "agent.guardrail.evaluated",
      "agent.approval.requested",
    ]);
  });

  async function expectOneRun(made: Guarded, spans: ReturnType<Guarded["otel"]["spans"]>): Promise<void> {
    const run = only(runsAt(made.server));
    expect(run.types.slice(5)).toEqual([
      "agent.approval.resolved",
      "agent.action.requested",
      "agent.tool.called",
      "agent.action.completed",
    ]);
    expect(run.events.map((event) => event.sequence_number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(run.completion).toMatchObject({ status: "completed", metadata: { tool_calls: 2 } });
    const segments = spans.filter(({ name }) => name === "invoke_agent Support");
    expect(segments.map(({ attributes }) => attributes["agent.run.status"])).toEqual(["paused", "completed"]);
    expect(segments.map(({ attributes }) => attributes["agent.run.segment.index"])).toEqual([undefined, 1]);
    expect(new Set(segments.map(({ attributes }) => attributes["agent.run.id"])).size).toBe(1);
    const [first, second] = segments;
    const back = second?.links.find(({ attributes }) => attributes?.["agent.link.type"] === "resume_of");
    expect(back?.context.spanId).toBe(first?.spanContext().spanId);
    const [asked, decision] = spans.filter(({ name }) => name === "approval deploy");
    expect(asked?.attributes["agent.approval.status"]).toBe("pending");
    expect(decision?.attributes["agent.approval.status"]).toBe("approved");
    expect(decision?.links[0]?.context.spanId).toBe(asked?.spanContext().spanId);
  }

  test("goes on in the process that paused it", async () => {
    const made = await guarded(HOURS_LATER);
    const handle = await paused(made);
    approvalAnswers(made.server, "approved");
    expect(await goOn(made.apie, handle)).toBe("deployed");
    await delivered(made.apie);
    await expectOneRun(made, made.otel.spans());
  });

  test("goes on in another process, as the same run", async () => {
    const made = await guarded(HOURS_LATER);
    const handle = await paused(made);
    await made.apie.shutdown();
    const before = made.otel.spans();
    await made.otel.close();
    const apie = new Apie(options(made.server, { mode: "enforce" }));
    const otel = startOtel({ processors: [apie.spanProcessor] });
    cleanup(async () => {
      await apie.shutdown();
      await otel.close();
    });
    approvalAnswers(made.server, "approved");
    expect(await goOn(apie, handle)).toBe("deployed");
    await delivered(apie);
    await expectOneRun(made, [...before, ...otel.spans()]);
  });

  test("may be refused, and paused again", async () => {
    const made = await guarded(HOURS_LATER);
    const first = await paused(made);
    const second = await made.apie.runs.resume(first, (run) => run.pause());
    expect(second).toMatchObject({ id: first.id, segments: 2, progress: { sequence: 5 } });
    approvalAnswers(made.server, "rejected");
    await expect(goOn(made.apie, { ...second, approval: first.approval })).rejects.toBeInstanceOf(
      ApprovalDeniedError,
    );
    await delivered(made.apie);
    expect(only(runsAt(made.server)).completion).toMatchObject({ status: "failed" });
  });

  test("does not hold its session open", async () => {
    const made = await guarded(HOURS_LATER);
    await made.apie.withSession({ kind: "pipeline" }, () => made.apie.withRun({}, (run) => run.pause()));
    await delivered(made.apie);
    expect(made.server.to(/^\/v1\/sessions\/[^/]+\/complete$/)).toHaveLength(1);
    expect(only(runsAt(made.server)).completion).toBeUndefined();
  });

  test("keeps its session by the handle", async () => {
    const made = await guarded(HOURS_LATER);
    const session = await made.apie.sessions.start({ kind: "single_agent" });
    const handle = await made.apie.sessions.resume(session, () =>
      made.apie.withRun({}, (run) => run.pause()),
    );
    expect(stored(handle).session).toEqual(session);
    await made.apie.runs.resume(stored(handle), (run) => {
      expect(run.sessionId).toBe(session.id);
    });
    await delivered(made.apie);
    expect(only(runsAt(made.server)).completion).toMatchObject({ status: "completed" });
  });
});

test("a run that has ended cannot be paused, and what is no handle is not resumed", async () => {
  const { apie } = await guarded();
  let ended: Run | undefined;
  await apie.withRun({}, (run) => {
    ended = run;
  });
  await expect(ended?.pause()).rejects.toMatchObject({ code: "run_ended" });
  for (const handle of [undefined, null, "run", {}, { id: 7 }, { id: "" }]) {
    await expect(apie.runs.resume(handle as RunHandle, () => "done")).rejects.toMatchObject({
      code: "invalid_run",
    });
  }
});

test("a handle somebody tampered with costs what it says wrong, and nothing else", async () => {
  const { apie, server } = await guarded();
  const odd = {
    id: "x".repeat(100),
    apieId: "run_1",
    agentKey: 5,
    segments: -1,
    traceparent: "00-zz",
    progress: { sequence: "many", usage: [] },
    approval: { id: null },
  } as unknown as RunHandle;
  expect(await apie.runs.resume(odd, () => "done")).toBe("done");
  await delivered(apie);
  expect(server.to(/^\/v1\/runs\/run_1\/complete$/)).toHaveLength(1);
});

test("in monitor mode nothing waits and nothing is pending", async () => {
  const { apie, server } = await guarded({ mode: "monitor" });
  server.fail(EVALUATE, decided("require_approval", { mode: "monitor", effective_decision: "allow" }));
  expect(await apie.withTool({ ...DEPLOY, approval: "throw", approvalId: "appr_9" }, () => "done")).toBe(
    "done",
  );
  await delivered(apie);
  expect(server.types).not.toContain("agent.approval.requested");
  expect(metadataOf(only(server.eventsOf("agent.guardrail.evaluated"))).decision_id).toBe("dec_1");
});
