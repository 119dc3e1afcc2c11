/** Runs recorded here, as AgentOS would answer them, and taken again by the importer of its runs. */
import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { agnoRuns } from "../../../src/imports/index.ts";
import { Apie, ApieSpanProcessor } from "../../../src/index.ts";
import type { LocalApie } from "../../../src/local/index.ts";
import { fixture, type Json as ImportJson, summaryOf } from "../../imports/support.ts";
import { cleanup, options } from "../../support/client.ts";
import { startOtel } from "../../support/otel.ts";
import { type ProcessorLike, readSpans, replayLive } from "../../support/recordings.ts";
import {
  call,
  get,
  type Json,
  openRun,
  openSession,
  post,
  rawRequest,
  sendEvents,
  startApie,
} from "../support.ts";
import { agentOsRuns, countsAtApie, imported } from "./support.ts";

const FIXTURES = new URL("../../fixtures/", import.meta.url);
const AGNO = readdirSync(new URL("agno/", FIXTURES)).map((name) => name.replace(".json", ""));

const takenAgain = (runs: readonly Json[]) => summaryOf([...agnoRuns(runs, { sessionId: "again" })]);

describe("steps as other clients tell them", () => {
  const STEP_EVENTS = ["agent.workflow.step.started", "agent.workflow.step.completed"];

  /** The run of a workflow whose steps have these spans. */
  async function workflow(spans: readonly (object | undefined)[]): Promise<Json> {
    const local = await startApie();
    const session = await openSession(local, { kind: "pipeline" });
    const run_id = await openRun(local, { metadata: { run_kind: "workflow" } }, session);
    const steps = spans.flatMap((otel, index) =>
      STEP_EVENTS.map((type) => ({
        type,
        run_id,
        step_key: `s${index}`,
        ...(otel && { metadata: { otel } }),
      })),
    );
    await sendEvents(local, ...steps);
    const [shown] = await agentOsRuns(local, session);
    if (shown === undefined) throw new Error("no run is shown");
    return shown;
  }

  const results = (run: Json) => run.step_results as unknown as Json[];

  it("may have no spans: none of them lies within another", async () => {
    const run = await workflow([undefined, undefined, undefined]);
    expect(results(run).map(({ step_id, steps }) => [step_id, steps])).toEqual([
      ["s0", undefined],
      ["s1", undefined],
      ["s2", undefined],
    ]);
  });

  it("may lie in a circle", async () => {
    const run = await workflow([
      { span_id: "a", parent_span_id: "b" },
      { span_id: "b", parent_span_id: "a" },
      { span_id: "c", parent_span_id: "b" },
    ]);
    expect(results(run)).toEqual([]);
    expect(run.events).toHaveLength(7);
  });

  it("may lie within each other however deep", async () => {
    const spans = Array.from({ length: 300 }, (_, at) => ({
      span_id: `s${at}`,
      parent_span_id: `s${at - 1}`,
    }));
    const run = await workflow(spans);
    expect(results(run)).toHaveLength(1);
    // Each event would bear all that lies below: 13 MB.
    expect(JSON.stringify(run).length).toBeLessThan(4_000_000);
  });
});

describe("what was imported from AgentOS", () => {
  it.each(AGNO.flatMap((name) => [true, false].map((capture) => [name, capture] as const)))(
    "%s comes back with its counts (content captured: %s)",
    async (name, captureContent) => {
      const spans = [...agnoRuns(fixture<ImportJson>(`agno/${name}`), { sessionId: "source-session" })];
      const { local, sessions } = await imported(spans, { captureContent });
      const answers = await Promise.all(sessions.toReversed().map(({ id }) => agentOsRuns(local, id)));
      expect(takenAgain(answers.flat())).toEqual(summaryOf(spans));
    },
  );

  it("comes back with its words where content was captured, and without where not", async () => {
    const source = fixture("agno/agent-run-tools");
    for (const captureContent of [true, false]) {
      const { local, sessions } = await imported(agnoRuns(source), { captureContent });
      const [run] = await agentOsRuns(local, sessions[0]?.id ?? "");
      const words = { run_input: source.run_input, content: source.content, user_id: source.user_id };
      expect(run).toMatchObject(captureContent ? words : { run_input: "", content: "", user_id: "" });
      const [first] = run?.tools ?? [];
      const [expected] = source.tools as ImportJson[];
      expect(first).toMatchObject({
        tool_call_id: expected?.tool_call_id,
        tool_name: "query_metrics",
        tool_args: captureContent ? expected?.tool_args : null,
      });
      expect((run?.messages as unknown as Json[] | undefined)?.map(({ role }) => role)).toEqual(
        captureContent
          ? ["user", "assistant", "tool", "tool", "assistant", "tool", "assistant", "tool", "assistant"]
          : undefined,
      );
    }
  });

  it("a run has the members of its schema, with what is not known absent or empty", async () => {
    const { local, sessions } = await imported(agnoRuns(fixture("agno/agent-run-tools")));
    const [run] = await agentOsRuns(local, sessions[0]?.id ?? "");
    const { session_state: _, followups: __, messages: ___, ...served } = fixture("agno/agent-run-tools");
    expect(Object.keys(run ?? {}).toSorted()).toEqual(Object.keys(served).toSorted());
    expect(run).toMatchObject({
      agent_id: "incident-scout",
      parent_run_id: "",
      status: "COMPLETED",
      run_response_format: "text",
      created_at: "2026-03-02T09:00:04Z",
      references: [],
      metrics: { input_tokens: 7792, output_tokens: 417, total_tokens: 8209, cache_read_tokens: 4224 },
    });
    const metrics = run?.metrics as Json;
    const details = (served.metrics as Json).details as Json;
    expect(Object.keys(metrics.details as Json)).toEqual(Object.keys(details));
    const events = run?.events as unknown as Json[] | undefined;
    expect(events?.map(({ event }) => event).slice(0, 6)).toEqual([
      "RunStarted",
      "PreHookStarted",
      "PreHookCompleted",
      "ModelRequestStarted",
      "ModelRequestCompleted",
      "ToolCallStarted",
    ]);
  });

  it("a team's members follow it, each below its parent; their calls name them", async () => {
    const { local, sessions } = await imported(agnoRuns(fixture("agno/team-run-members")));
    const runs = await agentOsRuns(local, sessions[0]?.id ?? "");
    const idOf = (key: string) => runs.find((run) => run.agent_id === key || run.team_id === key)?.run_id;
    expect(runs.map(({ team_id, agent_id, parent_run_id }) => [team_id ?? agent_id, parent_run_id])).toEqual([
      ["vendor-review", ""],
      ["market-analyst", idOf("vendor-review")],
      ["compliance-desk", idOf("vendor-review")],
      ["policy-reader", idOf("compliance-desk")],
    ]);
    expect(runs[0]?.tools.map(({ child_run_id }) => child_run_id)).toEqual([
      idOf("market-analyst"),
      idOf("compliance-desk"),
    ]);
    expect(runs[0]).not.toHaveProperty("user_id");
  });

  it("a workflow's executors stand in its run, by its steps", async () => {
    const { local, sessions } = await imported(agnoRuns(fixture("agno/workflow-run-steps")));
    const [run, ...others] = await agentOsRuns(local, sessions[0]?.id ?? "");
    expect(others).toEqual([]);
    const source = fixture("agno/workflow-run-steps");
    const shape = (steps: unknown): unknown[] =>
      (steps as Json[]).map((step) => [
        step.step_name,
        step.step_type,
        step.executor_name,
        ...(step.steps === undefined ? [] : [shape(step.steps)]),
      ]);
    const inner = (step: unknown): unknown => (Array.isArray(step) ? step.slice(0, 2) : step);
    expect(shape(run?.step_results).map(inner)).toEqual(
      shape(source.step_results)
        .map(inner)
        .map((step) => (step as unknown[]).map((word) => (word === "Function" ? "Step" : word))),
    );
    const executors = (of: unknown): unknown[] =>
      (of as Json[]).map(({ agent_id, workflow_step_id }) => [agent_id, workflow_step_id]);
    expect(executors(run?.step_executor_runs)).toEqual(executors(source.step_executor_runs));
  });
});

describe("what our own API recorded", () => {
  async function recorded(): Promise<{ local: LocalApie; sessionId: string }> {
    const local = await startApie();
    const apie = new Apie(options(local, { captureContent: true }));
    const otel = startOtel({ processors: [apie.spanProcessor] });
    cleanup(() => otel.close());
    await apie.withSession({ kind: "pipeline", inputSummary: "Newsletter" }, async () => {
      await apie.withRun({ inputSummary: "Make it" }, async () => {
        await apie.withWorkflowStep({ stepName: "Research", stepIndex: 0 }, () =>
          apie.withChildRun({ agentKey: "researcher", inputSummary: "rail" }, () =>
            apie.withLlmCall({ model: { provider: "openai", name: "gpt-4.1" } }, (call) => {
              call.setUsage({ inputTokens: 31, outputTokens: 9, cacheReadTokens: 4 });
              return "Trains are late";
            }),
          ),
        );
        await apie
          .withTool({ tool: { name: "send" } }, () => Promise.reject(new TypeError("No mail")))
          .catch(() => undefined);
        await apie.withTool({ tool: { name: "archive" } }, () => ({ kept: true }));
        await apie.withHandoff({ target: { key: "writer", name: "Writer" } }, () => "text");
      });
      await apie
        .withRun({ inputSummary: "Count it" }, () => Promise.reject(new RangeError("Too many")))
        .catch(() => undefined);
    });
    await apie.shutdown();
    const [session] = (await get(local, "/api/sessions")).items;
    return { local, sessionId: session?.id ?? "" };
  }

  it("is taken with the same runs, calls, requests, tokens and statuses", async () => {
    const { local, sessionId } = await recorded();
    const runs = await agentOsRuns(local, sessionId);
    const expected = await countsAtApie(local, sessionId);
    expect(expected).toMatchObject({ runs: 4, requests: 1, tools: 2, failedTools: 1, input: 31, output: 9 });
    expect({ ...takenAgain(runs), statuses: takenAgain(runs).statuses.toSorted() }).toEqual({
      ...expected,
      statuses: expected.statuses.toSorted(),
    });
    const told = (input: string) => runs.find(({ run_input }) => run_input === input) as Json;
    expect(runs.map((run) => [run.agent_id, run.run_input, run.status]).toSorted()).toEqual([
      ["researcher", "rail", "COMPLETED"],
      ["support", "Count it", "ERROR"],
      ["support", "Make it", "COMPLETED"],
      ["writer", "", "COMPLETED"],
    ]);
    expect(told("Count it").content).toContain("Too many");
    expect(told("rail").parent_run_id).toBe(told("Make it").run_id);
    expect(
      told("Make it").tools.map(({ tool_name, tool_call_error }) => [tool_name, tool_call_error]),
    ).toEqual([
      ["send", true],
      ["archive", false],
    ]);
    expect((told("Make it").events as unknown as Json[]).map(({ event }) => event)).toEqual([
      "RunStarted",
      "StepStarted",
      "StepCompleted",
      "ToolCallStarted",
      "ToolCallCompleted",
      "ToolCallError",
      "ToolCallStarted",
      "ToolCallCompleted",
      "CustomEvent",
      "RunCompleted",
    ]);
  });

  it("a run that waits for an approval is paused, and one that goes on is running", async () => {
    const local = await startApie();
    const session = await openSession(local, { kind: "single_agent" });
    const [waits, works] = [await openRun(local, {}, session), await openRun(local, {}, session)];
    const approval = { approval_id: "appr-1", status: "pending" };
    const action = { type: "update", name: "transfer" };
    await sendEvents(local, { type: "agent.approval.requested", run_id: waits, approval, action });
    const statuses = async () => (await agentOsRuns(local, session)).map(({ status }) => status);
    expect(await statuses()).toEqual(["PAUSED", "RUNNING"]);
    const [paused] = await agentOsRuns(local, session);
    expect(paused?.tools).toMatchObject([
      {
        tool_name: "transfer",
        requires_confirmation: true,
        confirmed: null,
        approval_id: "appr-1",
        result: null,
      },
    ]);
    expect(takenAgain(await agentOsRuns(local, session)).statuses).toEqual(["paused", "running"]);
    await sendEvents(local, {
      type: "agent.approval.resolved",
      run_id: waits,
      approval: { ...approval, status: "approved" },
      action,
    });
    await sendEvents(local, {
      type: "agent.tool.called",
      run_id: waits,
      tool: { name: "transfer" },
      metadata: { call_id: "c1" },
    });
    await post(local, `/v1/runs/${works}/complete`, { status: "cancelled" });
    expect(await statuses()).toEqual(["RUNNING", "CANCELLED"]);
    expect((await agentOsRuns(local, session))[0]?.tools).toMatchObject([
      {
        tool_call_id: "c1",
        tool_name: "transfer",
        requires_confirmation: true,
        confirmed: true,
        approval_id: "appr-1",
      },
    ]);
  });
});

const RECORDED = readdirSync(new URL("spans/", FIXTURES), { recursive: true, encoding: "utf8" })
  .filter((name) => /(two_turns_same_session|concurrent_sessions_interleaved)\.readable\.json$/.test(name))
  // Of version 7 no span says which session it is of.
  .filter((name) => !name.startsWith("ai-sdk-v7"))
  .toSorted();

describe("what other libraries recorded", () => {
  it.each(RECORDED)("%s is taken with the same counts", async (name) => {
    const local = await startApie();
    const processor = new ApieSpanProcessor(options(local, { captureContent: true }));
    await replayLive(readSpans(new URL(`spans/${name}`, FIXTURES)), processor as unknown as ProcessorLike);
    await processor.shutdown();
    const sessions = (await get(local, "/api/sessions")).items;
    expect(sessions.length).toBeGreaterThan(0);
    for (const { id } of sessions) {
      const counts = await countsAtApie(local, id);
      expect(counts.requests).toBeGreaterThan(0);
      expect(takenAgain(await agentOsRuns(local, id))).toEqual(counts);
    }
  });
});

describe("parameters", () => {
  async function three(): Promise<{ local: LocalApie; session: string }> {
    const local = await startApie();
    const session = await openSession(local, { kind: "multi_agent", metadata: { session_id: "chat/7" } });
    for (const second of [10, 20, 30])
      await openRun(
        local,
        {
          metadata: {
            run_id: `run-${second}`,
            started_at: new Date(second * 1_000).toISOString(),
            user_id: "ada",
          },
        },
        session,
      );
    return { local, session };
  }

  it("created_after and created_before are seconds, both included; the order is that of opening", async () => {
    const { local, session } = await three();
    const times = async (query: string) =>
      (await agentOsRuns(local, session, query)).map(
        ({ created_at }) => Date.parse(String(created_at)) / 1_000,
      );
    expect(await times("")).toEqual([10, 20, 30]);
    expect(await times("?created_after=20")).toEqual([20, 30]);
    expect(await times("?created_before=20")).toEqual([10, 20]);
    expect(await times("?created_after=11&created_before=29")).toEqual([20]);
    expect(await times("?created_after=31")).toEqual([]);
    expect(await times("?db_id=main&table=sessions")).toEqual([10, 20, 30]);
  });

  it("user_id finds the sessions of a user only, and type chooses the schemas", async () => {
    const { local, session } = await three();
    expect(await agentOsRuns(local, session, "?user_id=ada")).toHaveLength(3);
    expect((await call(local, "GET", `/sessions/${session}/runs?user_id=bob`)).status).toBe(404);
    const { local: other, sessions } = await imported(agnoRuns(fixture("agno/team-run-members")));
    const id = sessions[0]?.id ?? "";
    expect((await agentOsRuns(other, id, "?type=team"))[0]).toHaveProperty("team_id", "vendor-review");
    expect((await agentOsRuns(other, id, "?type=agent"))[0]).toMatchObject({ agent_id: "" });
  });

  it("a session and a run are found by the ids of whoever recorded them, too", async () => {
    const { local, session } = await three();
    expect(await agentOsRuns(local, "chat/7")).toEqual(
      JSON.parse(JSON.stringify(await agentOsRuns(local, session)).replaceAll(session, "chat/7")),
    );
    const runs = await agentOsRuns(local, session);
    for (const id of [runs[1]?.run_id, "run-20"])
      expect(await get(local, `/sessions/${session}/runs/${String(id)}`)).toEqual(runs[1]);
  });

  it("a session without runs has none, and one that there is not is not found, in AgentOS's words", async () => {
    const { local, session } = await three();
    const empty = await openSession(local);
    expect(await agentOsRuns(local, empty)).toEqual([]);
    for (const path of [
      "/sessions/nothing/runs",
      "/sessions/nothing/runs/r",
      `/sessions/${session}/runs/nothing`,
    ]) {
      const { status, body } = await call(local, "GET", path);
      expect([status, body]).toEqual([404, { detail: expect.stringContaining("nothing") }]);
    }
    const wrong = await call(local, "GET", `/sessions/${session}/runs?created_after=yesterday`);
    expect([wrong.status, wrong.body]).toEqual([400, { detail: expect.stringContaining("created_after") }]);
  });
});

describe("access", () => {
  it("needs the key as a bearer token, as Agno's tools send it", async () => {
    const local = await startApie({ key: "secret" });
    const bearer = { authorization: "Bearer secret" };
    const session = (await post(local, "/v1/sessions", {}, bearer)).body.id;
    for (const path of [
      `/sessions/${session}/runs`,
      `/sessions/${session}/runs/x`,
      "/sessions/%E2%80%A6/runs",
    ])
      for (const headers of [{}, { authorization: "Bearer wrong" }, { "x-api-key": "secret" }])
        expect((await call(local, "GET", path, undefined, headers as Record<string, string>)).status).toBe(
          401,
        );
    expect((await call(local, "GET", `/sessions/${session}/runs`, undefined, bearer)).body).toEqual([]);
  });

  it("is refused to pages of other sites and to other hosts", async () => {
    const local = await startApie();
    const session = await openSession(local);
    for (const headers of [
      { host: "evil.example" },
      { origin: "https://evil.example" },
      { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" },
    ] as Record<string, string>[]) {
      const answer = await rawRequest(local, { path: `/sessions/${session}/runs`, headers });
      expect([answer.status, Object.keys(JSON.parse(answer.body.toString()))]).toEqual([403, ["detail"]]);
    }
    const post = await rawRequest(local, {
      method: "POST",
      path: `/sessions/${session}/runs`,
      headers: { "content-length": "0" },
    });
    expect(post.status).toBe(405);
  });
});
