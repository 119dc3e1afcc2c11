/** Imported runs of ag.dev at Apie, over HTTP. */
import { describe, expect, test } from "vitest";
import { agDevRun, type KnownIds } from "../../src/imports/index.ts";
import type { RecordedRequest } from "../support/recording-apie.ts";
import { fixture, type Json, numbered, toApie } from "./support.ts";

type Bundle = Json & { run: Json; events: { data: Json[] } };

const done = () => fixture<Bundle>("agdev/run-document-done");
const failed = () => fixture<Bundle>("agdev/run-json-error");
const idIn = (request: RecordedRequest | undefined): string =>
  String((request?.answer as Json | undefined)?.id);
const bodyOf = (request: RecordedRequest | undefined) => request?.body as Json & { metadata: Json };
const through = (known: KnownIds): KnownIds => JSON.parse(JSON.stringify(known)) as KnownIds;

const DONE = [
  "agent.workflow.step.started", // planning
  "agent.workflow.step.completed",
  "agent.workflow.step.started", // narration
  "agent.workflow.step.completed",
  "agent.action.requested", // searchNews
  "agent.tool.called",
  "agent.action.completed",
  "agent.workflow.step.started", // reasoning
  "agent.workflow.step.completed",
  "agent.action.requested", // browseWebsite
  "agent.resource.touched",
  "agent.tool.called",
  "agent.action.completed",
  "agent.workflow.step.started", // compression
  "agent.workflow.step.completed",
  "agent.action.requested", // crm_create_note
  "agent.mcp.called",
  "agent.mcp.completed",
  "agent.tool.called",
  "agent.action.completed",
  "agent.resource.touched", // sources
  "agent.resource.touched",
];
const asNumbered = (types: readonly string[]) => types.map((type, index) => `${index + 1} ${type}`);

describe("a run", () => {
  test("that is done is told in its order and completed, in no session", async () => {
    const { server, send } = await toApie();
    const report = await send(agDevRun(done()));
    expect(report).toMatchObject({ ok: true, stopped: false, spans: 12, runs: 1, sessions: 0 });
    expect(report.events).toEqual({ delivered: DONE.length, rejected: 0, dropped: 0, pending: 0 });
    expect(server.to("/v1/sessions")).toEqual([]);
    const [run] = server.to("/v1/runs");
    expect(bodyOf(run)).toMatchObject({
      agent_key: "9104923a-3107-4fbc-8cc6-1bc0276dfd76",
      metadata: {
        framework: "ag.dev",
        run_id: "5726bd56-4ead-41e0-94ca-38f7c099d3d1",
        started_at: "2026-02-17T11:05:00.000Z",
        revision_id: "a47d1cf4-2c90-4e4d-b457-09eda6f073a7",
        revision_status: "published",
        model_stack: "anthropic/default",
        queue_ms: 1_204,
      },
    });
    expect(numbered(server.events, idIn(run))).toEqual(asNumbered(DONE));
    expect(bodyOf(server.to(`/v1/runs/${idIn(run)}/complete`)[0])).toMatchObject({
      status: "completed",
      metadata: { ended_at: "2026-02-17T11:05:31.402Z", tool_calls: 3, failures: 0 },
    });
    const steps = server.eventsOf("agent.workflow.step.started");
    expect(steps.map(({ step_name, step_index }) => [step_index, step_name])).toEqual([
      [0, "planning"],
      [1, "narration"],
      [2, "reasoning"],
      [3, "compression"],
    ]);
    expect(server.eventsOf("agent.mcp.called")[0]).toMatchObject({
      payload_summary: { server: "crm-server", tool: "crm_create_note" },
    });
    expect(server.eventsOf("agent.resource.touched").map(({ resource }) => (resource as Json).type)).toEqual([
      "web_page",
      "source",
      "source",
    ]);
  });

  test("with content capture: what was planned, thought and told, what pages are called, what calls were given", async () => {
    const { server, send } = await toApie({ captureContent: true });
    await send(agDevRun(done()));
    const metadata = (type: string) => server.eventsOf(type).map((event) => event.metadata as Json);
    expect(metadata("agent.workflow.step.completed").map(({ text }) => text)).toEqual([
      expect.stringMatching(/^1\. Find heat-pump/),
      "I start with a news search.",
      expect.stringMatching(/^The budget figure/),
      undefined,
    ]);
    expect(metadata("agent.resource.touched").map(({ title }) => title)).toEqual([
      undefined,
      "Subsidy budget for heat pumps raised",
      "Installers report full order books",
    ]);
    expect(metadata("agent.action.requested").map((said) => said.arguments)).toMatchObject([
      { query: "heat pump subsidy 2026 Netherlands" },
      { url: "https://energy-news.example.test/isde-2026" },
      { account: "Warmtehuis BV" },
    ]);
    expect(bodyOf(server.to(/\/complete$/)[0]).metadata.output).toMatch(/^# Heat-pump subsidies/);
  });

  test("that failed fails, with its error told once, and the call it was waiting for", async () => {
    const { server, send } = await toApie();
    await send(agDevRun(failed()));
    expect(server.events.map(({ type }) => type).slice(-6)).toEqual([
      "agent.action.requested",
      "agent.mcp.called",
      "agent.mcp.failed",
      "agent.tool.called",
      "agent.action.failed",
      "agent.error",
    ]);
    expect(bodyOf(server.to(/\/complete$/)[0])).toMatchObject({
      status: "failed",
      metadata: { error_type: "TOOL_TIMEOUT", revision_status: "draft" },
    });
  });

  test("that a webhook tells of is the same run, without its work", async () => {
    const { server, send } = await toApie();
    const report = await send(agDevRun(done().run));
    expect(report).toMatchObject({ ok: true, spans: 3, runs: 1 });
    expect(server.events.map(({ type }) => type)).toEqual(Array(2).fill("agent.resource.touched"));
    expect(server.to(/\/complete$/)).toHaveLength(1);
    // What was not told is not none.
    expect(bodyOf(server.to(/\/complete$/)[0]).metadata).not.toHaveProperty("events_total");
    const whole = [...agDevRun(done())];
    const alone = [...agDevRun(done().run)];
    const idsOf = (spans: typeof whole) => spans.map((span) => span.spanContext().spanId);
    expect(idsOf(whole)).toEqual(expect.arrayContaining(idsOf(alone)));
  });

  test.each(["pending", "running"])("that is %s stays open", async (status) => {
    const { server, send } = await toApie();
    const { completedAt: _, ...run } = done().run;
    const report = await send(agDevRun({ run: { ...run, status, resultData: null } }));
    expect(report).toMatchObject({ ok: true, runs: 1 });
    expect(server.to("/v1/runs")).toHaveLength(1);
    expect(server.to(/\/complete$/)).toEqual([]);
  });
});

describe("a run that goes on", () => {
  /** As `GET run` and `GET events` show it when `count` events have begun, the last of which has not ended. */
  const after = (count: number): Bundle => {
    const { completedAt: _, resultType: __, ...run } = done().run;
    const data = done()
      .events.data.slice(0, count)
      .map((event, index) => (index === count - 1 ? { ...event, finishedAt: null } : event));
    return { ...done(), run: { ...run, status: "running", resultData: null }, events: { data } };
  };

  test("is told bit by bit, in processes that know of each other: each event once, with the number it keeps", async () => {
    const told: string[] = [];
    let known: KnownIds = { runs: {}, sessions: {} };
    let runId = "";
    const numbers = new Map<unknown, unknown>();
    for (const bundle of [...[1, 2, 4, 6, 7].map(after), done(), done()]) {
      const { server, send } = await toApie();
      const report = await send(agDevRun(bundle), { known: through(known) });
      expect(report.ok).toBe(true);
      known = report.known;
      runId ||= idIn(server.to("/v1/runs")[0]);
      const events = server.events.filter(({ event_id }) => !numbers.has(event_id));
      for (const { event_id, sequence_number } of server.events) {
        expect(numbers.get(event_id) ?? sequence_number).toBe(sequence_number);
        numbers.set(event_id, sequence_number);
      }
      told.push(...numbered(events, runId));
    }
    expect(told).toEqual(asNumbered(DONE));
  });

  test("is the last time completed under its id, and after that nothing is sent", async () => {
    const first = await toApie();
    const { known } = await first.send(agDevRun(after(4)));
    const runId = idIn(first.server.to("/v1/runs")[0]);
    const second = await toApie();
    const report = await second.send(agDevRun(done()), { known: through(known) });
    expect(second.server.to("/v1/runs")).toEqual([]);
    expect(second.server.to(`/v1/runs/${runId}/complete`)).toHaveLength(1);
    const before = second.server.requests.length;
    const third = await second.send(agDevRun(done()), { known: through(report.known) });
    expect(third).toMatchObject({ ok: true, spans: 0, runs: 0, unchanged: 1 });
    expect(second.server.requests).toHaveLength(before);
  });
});

describe("a session that the application names", () => {
  test("holds the runs of the flow, and is completed with the last", async () => {
    const { server, send } = await toApie();
    const flow = { sessionId: "flow-7", sessionKind: "pipeline" } as const;
    const report = await send([
      ...agDevRun(done(), { ...flow, agentKey: "briefs", agentName: "Brief Writer" }),
      ...agDevRun(failed(), { ...flow, sessionEnded: true }),
    ]);
    expect(report).toMatchObject({ ok: true, runs: 2 });
    const sessions = server.to("/v1/sessions");
    expect(sessions.map(bodyOf)).toMatchObject([{ kind: "pipeline", orchestrator_agent_key: "briefs" }]);
    const runs = server.to(/\/v1\/sessions\/[^/]+\/runs$/);
    expect(runs.map(({ path }) => path)).toEqual(Array(2).fill(`/v1/sessions/${idIn(sessions[0])}/runs`));
    expect(runs.map((run) => bodyOf(run).agent_key)).toEqual([
      "briefs",
      "5e4bca7e-aa13-4c90-9126-5a34ecd15133",
    ]);
    expect(server.to(/\/complete$/).map(({ path }) => path.split("/")[2])).toEqual([
      "runs",
      "runs",
      "sessions",
    ]);
  });

  test("is the same session for runs that come later", async () => {
    const first = await toApie();
    const { known } = await first.send(agDevRun(done(), { sessionId: "flow-7" }));
    const second = await toApie();
    await second.send(agDevRun(failed(), { sessionId: "flow-7" }), { known: through(known) });
    expect(second.server.to("/v1/sessions")).toEqual([]);
    const [session] = first.server.to("/v1/sessions");
    expect(second.server.to(`/v1/sessions/${idIn(session)}/runs`)).toHaveLength(1);
  });
});
