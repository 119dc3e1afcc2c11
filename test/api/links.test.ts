/** Runs and sessions are traces of their own, tied together by links that say what they mean. */
import { context, trace } from "@opentelemetry/api";
import { describe, expect, test } from "vitest";
import { apiSetup } from "./support/api.ts";
import type { SeenSpan } from "./support/seen-spans.ts";

const to = (type: string, { traceId, spanId }: { traceId: string; spanId: string }) => ({
  type,
  traceId,
  spanId,
});
const isRoot = ({ parentId }: SeenSpan): boolean => parentId === undefined;

/** Runs `fn` with a span active as an HTTP instrumentation leaves one. */
async function inRequest<T>(fn: () => Promise<T>): Promise<T> {
  const span = trace.getTracer("http").startSpan("GET /", { root: true });
  try {
    return await context.with(trace.setSpan(context.active(), span), fn);
  } finally {
    span.end();
  }
}

describe("a run", () => {
  test("is a root, and in the active trace a marker leads to it as it leads back", async () => {
    const { apie, seen } = await apiSetup();
    const id = await inRequest(() => apie.withRun({}, (run) => run.id));
    const run = seen.one("invoke_agent Support");
    const request = seen.one("GET /");
    const marker = seen.one("start_run Support");
    expect(isRoot(run)).toBe(true);
    expect(run.traceId).not.toBe(request.traceId);
    expect(run.links).toEqual([to("caused_by", request)]);
    expect(marker.parentId).toBe(request.spanId);
    expect(marker.links).toEqual([to("started_run", run)]);
    expect(marker.attributes["agent.run.id"]).toBe(id);
    expect(marker.span.duration).toEqual([0, expect.any(Number)]);
  });

  test("has no link and no marker where nothing is active", async () => {
    const { apie, seen } = await apiSetup();
    await apie.withRun({}, () => 1);
    expect(seen.all.map(({ name, links }) => ({ name, links }))).toEqual([
      { name: "invoke_agent Support", links: [] },
    ]);
  });

  test("of a session links to it, whether or not the session's span is active", async () => {
    const { apie, seen } = await apiSetup();
    await apie.withSession({}, async (session) => {
      await apie.withRun({ inputSummary: "inside" }, () => 1);
      await context.with(trace.deleteSpan(context.active()), () =>
        apie.withRun({ sessionId: session.id, inputSummary: "named" }, () => 1),
      );
    });
    const session = seen.one("session single_agent");
    expect(isRoot(session)).toBe(true);
    const runs = seen.named("invoke_agent Support");
    expect(runs.map(({ links }) => links)).toEqual([[to("session", session)], [to("session", session)]]);
    expect(new Set([session.traceId, ...runs.map(({ traceId }) => traceId)]).size).toBe(3);
    // A marker stands in the session's own trace.
    expect(seen.one("start_run Support").parentId).toBe(session.spanId);
  });

  test("that is a child links to its parent, its session and what caused it", async () => {
    const { apie, seen } = await apiSetup();
    await apie.withSession({}, () =>
      apie.withRun({}, () =>
        apie.withWorkflowStep({ stepName: "Delegate" }, () =>
          apie.withChildRun({ agentKey: "worker" }, () => 1),
        ),
      ),
    );
    const child = seen.one("invoke_agent worker");
    const step = seen.one("workflow_step Delegate");
    expect(isRoot(child)).toBe(true);
    expect(child.links).toEqual([
      to("session", seen.one("session single_agent")),
      to("parent_run", seen.one("invoke_agent Support")),
      to("caused_by", step),
    ]);
    expect(child.attributes["agent.run.parent.id"]).toBe(
      seen.one("invoke_agent Support").attributes["agent.run.id"],
    );
    expect(seen.one("start_run worker").parentId).toBe(step.spanId);
  });

  test("that is handed to links to the hand-off, which is the cause", async () => {
    const { apie, seen } = await apiSetup();
    await apie.withRun({}, () => apie.withHandoff({ target: { key: "refunds", name: "Refunds" } }, () => 1));
    const handoff = seen.one("handoff Refunds");
    const source = seen.one("invoke_agent Support");
    const target = seen.one("invoke_agent Refunds");
    expect(target.links).toEqual([to("parent_run", source), to("handoff_source", handoff)]);
    expect(target.attributes["agent.handoff.id"]).toBe(handoff.attributes["agent.handoff.id"]);
    expect(handoff).toMatchObject({ traceId: source.traceId, parentId: source.spanId });
    expect(handoff.attributes).toMatchObject({
      "agent.handoff.source.run.id": source.attributes["agent.run.id"],
      "agent.handoff.target.run.id": target.attributes["agent.run.id"],
      "agent.handoff.status": "completed",
    });
  });

  test("nested stays in the active trace, below what is active, with no marker", async () => {
    const { apie, seen } = await apiSetup({ runSpans: "nested" });
    await inRequest(() =>
      apie.withRun({}, () => apie.withTool({ tool: { name: "t" } }, () => apie.withChildRun({}, () => 1))),
    );
    const request = seen.one("GET /");
    const [child, run] = seen.named("invoke_agent Support") as [SeenSpan, SeenSpan];
    const tool = seen.one("execute_tool t");
    expect(run).toMatchObject({ traceId: request.traceId, parentId: request.spanId, links: [] });
    expect(tool.parentId).toBe(run.spanId);
    expect(child).toMatchObject({
      traceId: request.traceId,
      parentId: tool.spanId,
      links: [to("parent_run", run)],
    });
    expect(seen.operations).not.toContain("run_start");
  });

  test("without markers is still linked to what caused it", async () => {
    const { apie, seen } = await apiSetup({ runMarker: false });
    await inRequest(() => apie.withRun({}, () => 1));
    expect(seen.operations).toEqual(["run"]);
    expect(seen.one("invoke_agent Support").links).toEqual([to("caused_by", seen.one("GET /"))]);
  });

  test("named by another's work takes that work into its own trace", async () => {
    const { apie, seen } = await apiSetup();
    const run = apie.runs.start();
    await inRequest(() => apie.withTool({ runId: run.id, tool: { name: "t" } }, () => 1));
    apie.runs.complete(run);
    const root = seen.one("invoke_agent Support");
    expect(seen.one("execute_tool t")).toMatchObject({ traceId: root.traceId, parentId: root.spanId });
  });
});

describe("a session", () => {
  test("is a root linked to what it was opened in", async () => {
    const { apie, seen } = await apiSetup();
    await inRequest(() => apie.withSession({}, () => 1));
    const session = seen.one("session single_agent");
    expect(isRoot(session)).toBe(true);
    expect(session.links).toEqual([to("caused_by", seen.one("GET /"))]);
  });

  test("that lives long has an anchor its runs and its end link to", async () => {
    const { apie, seen } = await apiSetup();
    const handle = await inRequest(() => apie.sessions.start({ kind: "pipeline" }));
    await apie.sessions.resume(handle, () => apie.withRun({}, () => 1));
    await inRequest(async () => apie.sessions.complete(handle));
    const anchor = seen.one("session_start pipeline");
    const end = seen.one("session_end pipeline");
    const [opened, closed] = seen.named("GET /") as [SeenSpan, SeenSpan];
    expect([anchor, end].every(isRoot)).toBe(true);
    expect(anchor.links).toEqual([to("caused_by", opened)]);
    expect(seen.one("invoke_agent Support").links).toEqual([to("session", anchor)]);
    expect(end.links).toEqual([to("session", anchor), to("caused_by", closed)]);
    expect(handle.traceparent).toBe(`00-${anchor.traceId}-${anchor.spanId}-01`);
  });
});

describe("things told in stages", () => {
  test("later stages of a hand-off lead back to where it was asked for, and know its agents", async () => {
    const { apie, seen } = await apiSetup();
    await apie.withSession({}, async () => {
      const { handoffId, sourceId } = await apie.withRun({}, (run) => ({
        ...apie.trackHandoffRequested({ target: { key: "refunds", name: "Refunds" } }),
        sourceId: run.id,
      }));
      await apie.withChildRun({ parentRunId: sourceId, agentKey: "refunds", agentName: "Refunds" }, () => {
        apie.trackHandoffAccepted({ handoffId });
        apie.trackHandoffCompleted({ handoffId });
      });
    });
    const [asked, accepted, completed] = seen.named("handoff Refunds") as [SeenSpan, SeenSpan, SeenSpan];
    const parties = {
      "agent.handoff.source.key": "support",
      "agent.handoff.source.name": "Support",
      "agent.handoff.source.run.id": asked.attributes["agent.run.id"],
      "agent.handoff.target.key": "refunds",
      "agent.handoff.target.name": "Refunds",
    };
    expect(asked.links).toEqual([]);
    for (const stage of [accepted, completed]) {
      expect(stage.links).toEqual([to("handoff_source", asked)]);
      expect(stage.attributes).toMatchObject(parties);
    }
  });

  test("a decision leads back to the request for it", async () => {
    const { apie, seen } = await apiSetup();
    await apie.withRun({}, () => {
      apie.trackApprovalRequested({ approvalId: "appr_1" });
      apie.trackApprovalResolved({ approvalId: "appr_1", status: "rejected" });
      apie.trackApprovalResolved({ approvalId: "appr_2", status: "rejected" });
    });
    const [asked, decided, other] = seen.named("approval") as [SeenSpan, SeenSpan, SeenSpan];
    expect(decided.links).toEqual([to("approval_request", asked)]);
    expect([asked.links, other.links]).toEqual([[], []]);
  });
});
