/** What goes wrong when Agno's documents are taken at their word: one test for each. */
import { expect, test } from "vitest";
import { agnoRuns, rebuild } from "../../src/imports/index.ts";
import { fixture, type Json, linksOf, ofOperation, runSpan, said, us } from "./support.ts";

const tools = () =>
  fixture<Json & { events: Json[]; tools: Json[]; messages: Json[] }>("agno/agent-run-tools");
const team = () => fixture<Json & { events: Json[]; member_responses: Json[] }>("agno/team-run-members");

const ANALYST = "80fcb396-963d-4a24-8800-b6b7da083cf6";
const DESK = "36f9b164-3d25-43a5-980e-1d9b6f035bf2";
const READER = "24e9c0bb-db6b-453a-9f3c-79d2d0e04a01";

test("1: whole seconds; the order is that of the list, exact times stay as they are", () => {
  const spans = [...agnoRuns(tools())].slice(2);
  const starts = spans.map(({ startTime }) => us(startTime));
  expect(starts).toEqual(starts.toSorted((a, b) => a - b));
  const [first] = ofOperation(spans, "tool_call");
  expect(first?.startTime).toEqual([1_772_442_007, 412_000_000]);
  expect(first?.endTime).toEqual([1_772_442_008, 620_734_000]);
  expect(first && said(first, "agent.source.time_resolution")).toBe("us");
});

test("2: a team's list holds its members' events; they are told by the members", () => {
  const document = { ...team(), member_responses: [] };
  const events = document.events.map(({ member_responses: _, ...event }) => event);
  const spans = [...agnoRuns({ ...document, events })];
  expect(ofOperation(spans, "run")).toHaveLength(4);
  const ofAnalyst = spans.filter((span) => said(span, "agent.run.id") === ANALYST);
  expect(ofOperation(ofAnalyst, "llm_call")).toHaveLength(2);
  expect(ofOperation(ofAnalyst, "tool_call")).toHaveLength(1);
});

test("3: child_run_id is overwritten by later delegations: order, member and task come first", () => {
  for (const events of [team().events, undefined]) {
    const spans = [...agnoRuns({ ...team(), events })];
    const targets = ofOperation(spans, "handoff").map((span) => [
      said(span, "agent.handoff.target.key"),
      said(span, "agent.handoff.target.run.id"),
    ]);
    expect(targets).toEqual([
      ["market-analyst", ANALYST],
      ["compliance-desk", DESK],
      ["policy-reader", READER],
    ]);
    const asked = ofOperation(spans, "handoff")[0]?.spanContext().spanId;
    expect(linksOf(runSpan(spans, ANALYST))).toMatchObject({ handoff_source: asked });
  }
});

test("3: a grandchild that is not in the document is named by the call", () => {
  const spans = [...agnoRuns(fixture("agno/session-runs-team"), { sessionId: "s" })];
  expect(ofOperation(spans, "run")).toHaveLength(3);
  expect(ofOperation(spans, "handoff").map((span) => said(span, "agent.handoff.target.run.id"))).toContain(
    READER,
  );
});

test("4: a run that stands in a document several times is told once", () => {
  const document = [...team().member_responses, team(), team()];
  const spans = [...agnoRuns(document)];
  expect(ofOperation(spans, "run")).toHaveLength(4);
  expect(rebuild(spans)).toEqual(document);
});

test("5: what a forked run copies is not counted again", () => {
  const spans = [...agnoRuns(fixture<Json[]>("agno/session-runs").slice(2), { sessionId: "s" })];
  expect(ofOperation(spans, "llm_call")).toHaveLength(1);
  expect(ofOperation(spans, "tool_call")).toEqual([]);
  expect(said(ofOperation(spans, "llm_call")[0] as never, "gen_ai.usage.input_tokens")).toBe(655);
});

test("6: a cancelled run says it is completed afterwards; without a status the events decide", () => {
  const { status: _, ...document } = tools();
  const last = document.events.at(-1) as Json;
  const cancelled = { ...last, event: "RunCancelled", reason: "stop" };
  const events = [...document.events.slice(0, -1), cancelled, last];
  const [run] = ofOperation([...agnoRuns({ ...document, events })], "run");
  expect(run && said(run, "agent.run.status")).toBe("cancelled");
});

test("6: a failed tool is one call, whose error follows its completion", () => {
  const spans = [...agnoRuns(tools())];
  const failed = ofOperation(spans, "tool_call").filter(({ status }) => status.code === 2);
  expect(failed).toHaveLength(1);
  expect(failed[0]?.attributes).toMatchObject({
    "gen_ai.tool.name": "open_ticket",
    "error.type": "tool_error",
  });
});

test("7: a paused run of the schema has no requirements: the tools' flags say what it waits for", () => {
  const { requirements: _, events: __, ...document } = fixture<Json>("agno/agent-run-paused");
  const spans = [...agnoRuns(document)];
  expect(ofOperation(spans, "approval").map((span) => said(span, "agent.approval.id"))).toEqual([
    "3256de6d-c85a-4681-a21b-eee6ef3498b5",
  ]);
  expect(ofOperation(spans, "action").map((span) => said(span, "agent.action.name"))).toEqual(["user_input"]);
  expect(ofOperation(spans, "tool_call")).toHaveLength(1);
});

test("7: what was decided is told with the decision", () => {
  const document = fixture<Json & { tools: Json[]; events: Json[] }>("agno/agent-run-paused");
  const decided = document.tools.map((tool) =>
    tool.requires_confirmation === true
      ? { ...tool, confirmed: false, result: "rejected" }
      : { ...tool, answered: true, result: "ok" },
  );
  const goesOn = { event: "RunContinued", created_at: 1_772_715_790, run_id: document.run_id };
  const spans = [
    ...agnoRuns({ ...document, status: "COMPLETED", tools: decided, events: [...document.events, goesOn] }),
  ];
  const [approval] = ofOperation(spans, "approval");
  expect(approval && said(approval, "agent.approval.status")).toBe("rejected");
  expect(approval && us(approval.endTime) - us(approval.startTime)).toBeGreaterThan(50e6);
});

test("8: an agent's run in a workflow's session may look like a workflow's", () => {
  const { agent_id: _, ...document } = tools();
  const [run] = ofOperation(
    [...agnoRuns({ ...document, workflow_id: "flow", step_results: [], step_executor_runs: [] })],
    "run",
  );
  expect(run?.attributes).toMatchObject({
    "agent.key": "incident-scout",
    "agent.session.kind": "single_agent",
  });
});

test("9: a StepCompleted without id closes the step of its name and index", () => {
  const document = fixture<Json & { events: Json[] }>("agno/workflow-run-steps");
  const events = document.events.map(({ step_id, ...event }) =>
    event.event === "StepCompleted" ? event : { ...event, step_id },
  );
  const steps = ofOperation([...agnoRuns({ ...document, events })], "workflow_step");
  expect(steps).toHaveLength(7);
  expect(steps.every(({ status }) => status.code === 0)).toBe(true);
});

test("10: REGENERATED is completed, and cost what it cost", () => {
  const [, replaced] = fixture<Json[]>("agno/session-runs");
  const [run] = ofOperation([...agnoRuns(replaced)], "run");
  expect(run?.attributes).toMatchObject({
    "agent.run.status": "completed",
    "agent.source.status": "REGENERATED",
    "agent.run.usage.input_tokens": 1240,
  });
});

test("11: a workflow's own span tells no tokens: its runs do, and containers repeat them", () => {
  const spans = [...agnoRuns(fixture("agno/workflow-run-steps"))];
  const [workflow, ...executors] = ofOperation(spans, "run");
  expect(workflow && said(workflow, "agent.run.usage.input_tokens")).toBeUndefined();
  expect(executors.reduce((sum, run) => sum + Number(said(run, "agent.run.usage.input_tokens")), 0)).toBe(
    2088,
  );
});

test("12: an input that was an object is text in the schema, and stays as it is", () => {
  const run_input = '{"topic": "batteries"}';
  const [run] = ofOperation([...agnoRuns({ ...tools(), run_input })], "run");
  expect(run && said(run, "agent.run.input.value")).toBe(run_input);
});

test("13: deltas are no events of their own; content may be an object", () => {
  const document = tools();
  const deltas = ["Check", "out"].map((content) => ({
    event: "RunContent",
    created_at: 1_772_442_018,
    content,
  }));
  const events = [...document.events.slice(0, -1), ...deltas, ...document.events.slice(-1)];
  const spans = [
    ...agnoRuns({ ...document, events, content: { cause: "4.18.0" }, run_response_format: "json" }),
  ];
  expect(ofOperation(spans, "event")).toEqual([]);
  expect(ofOperation(spans, "run")[0]?.attributes).toMatchObject({
    "agent.run.output.value": '{"cause":"4.18.0"}',
    "agent.run.output.type": "json",
  });
});

test("14: a run that was paused and is completed has the ids it had", () => {
  const document = tools();
  const early = {
    ...document,
    status: "PAUSED",
    events: document.events.slice(0, 9),
    tools: document.tools.slice(0, 2),
    messages: [],
  };
  const before = [...agnoRuns(early)].map((span) => span.spanContext().spanId);
  const after = new Set([...agnoRuns(document)].map((span) => span.spanContext().spanId));
  expect(before.length).toBeGreaterThan(4);
  expect(before.filter((id) => !after.has(id))).toEqual([]);
});

test("15: a name from an object's prototype is an event nobody knows", () => {
  const document = tools();
  const events = [...document.events, { event: "constructor", created_at: 1_772_442_020 }];
  expect(ofOperation([...agnoRuns({ ...document, events })], "event").map(({ name }) => name)).toEqual([
    "event agno.constructor",
  ]);
});

test("a check that stopped a run is told as the decision it was", () => {
  const document = tools();
  const error = {
    event: "RunError",
    created_at: 1_772_442_005,
    error_type: "InputCheckError",
    error_id: "pii_detected",
    content: "no",
  };
  const spans = [
    ...agnoRuns({
      ...document,
      status: "ERROR",
      events: [...document.events.slice(0, 2), error],
      messages: [],
      tools: [],
    }),
  ];
  expect(ofOperation(spans, "guardrail").map(({ attributes }) => attributes)).toMatchObject([
    { "agent.guardrail.name": "PromptInjectionGuardrail", "agent.guardrail.policy_decision": "block" },
  ]);
  expect(ofOperation(spans, "run")[0]).toMatchObject({
    status: { code: 2 },
    attributes: { "error.type": "InputCheckError" },
  });
});

test("a stream's events alone make the run they tell of", () => {
  const document = tools().events;
  const spans = [...agnoRuns(document)];
  expect(ofOperation(spans, "run")[0]?.attributes).toMatchObject({
    "agent.run.status": "completed",
    "agent.source.shape": "events",
    "agent.key": "incident-scout",
  });
  expect(ofOperation(spans, "tool_call")).toHaveLength(4);
  expect(rebuild(spans)).toEqual(document);
});

test("Agno has no mark for MCP: the application names the server, and the call has a request below it", () => {
  const mcpServerOf = (name: string) => (name === "open_ticket" ? "desk" : undefined);
  const spans = [...agnoRuns(tools(), { mcpServerOf })];
  const requests = ofOperation(spans, "mcp_request");
  expect(requests.map(({ name, kind }) => `${kind} ${name}`)).toEqual(
    Array(2).fill("2 tools/call open_ticket"),
  );
  const calls = ofOperation(spans, "tool_call").filter((span) => said(span, "agent.tool.provider") === "mcp");
  // Each as long as its call, and failed with it.
  expect(requests.map(({ parentSpanId }) => parentSpanId)).toEqual(
    calls.map((span) => span.spanContext().spanId),
  );
  expect(requests.map(({ status, startTime, endTime }) => [status.code, startTime, endTime])).toEqual(
    calls.map(({ status, startTime, endTime }) => [status.code, startTime, endTime]),
  );
  expect(requests.map(({ status }) => status.code)).toEqual([2, 0]);
  expect(said(requests[0] as never, "agent.mcp.server.name")).toBe("desk");
});

test("a model that only the metrics name is the run's, and that of its calls", () => {
  const [first] = fixture<Json[]>("agno/session-runs");
  const { model: _, model_provider: __, ...run } = first ?? {};
  const spans = [...agnoRuns({ ...run, events: [] }, { sessionId: "s" })];
  for (const span of [...ofOperation(spans, "run"), ...ofOperation(spans, "llm_call")])
    expect(span.attributes).toMatchObject({
      "gen_ai.request.model": "mistral-small-latest",
      "gen_ai.provider.name": "mistral",
    });
});
