/** What the fixtures of Agno hold, counted over the spans made of them. */
import { expect, test } from "vitest";
import { agnoRuns } from "../../src/imports/index.ts";
import { fixture, linksOf, ofOperation, operationOf, runSpan, said, summaryOf, us } from "./support.ts";

const spansOf = (name: string) => [...agnoRuns(fixture(`agno/${name}`), { sessionId: "given" })];

test.each([
  [
    "agent-run-tools",
    { runs: 1, statuses: ["completed"], requests: 4, tools: 4, failedTools: 1, input: 7792, output: 417 },
  ],
  [
    "agent-run-failed",
    { runs: 1, statuses: ["failed"], requests: 1, tools: 1, failedTools: 0, input: 905, output: 33 },
  ],
  [
    "agent-run-paused",
    { runs: 1, statuses: ["paused"], requests: 2, tools: 1, failedTools: 0, input: 1473, output: 89 },
  ],
  [
    "agent-run-legacy",
    { runs: 1, statuses: ["completed"], requests: 1, tools: 0, failedTools: 0, input: 214, output: 22 },
  ],
  [
    "team-run-members",
    {
      runs: 4,
      statuses: Array(4).fill("completed"),
      requests: 9,
      tools: 5,
      failedTools: 0,
      input: 5705,
      output: 434,
    },
  ],
  [
    "session-runs-team",
    {
      runs: 3,
      statuses: Array(3).fill("completed"),
      requests: 7,
      tools: 4,
      failedTools: 0,
      input: 5065,
      output: 379,
    },
  ],
  [
    "session-runs",
    {
      runs: 3,
      statuses: Array(3).fill("completed"),
      requests: 4,
      tools: 1,
      failedTools: 0,
      input: 2297,
      output: 189,
    },
  ],
  [
    "workflow-run-steps",
    {
      runs: 5,
      statuses: Array(5).fill("completed"),
      requests: 5,
      tools: 1,
      failedTools: 0,
      input: 2088,
      output: 112,
    },
  ],
])("%s", (name, counts) => {
  expect(summaryOf(spansOf(name))).toEqual(counts);
});

test("every run is the root of a trace of its own, with the work below it in its trace", () => {
  for (const name of ["team-run-members", "workflow-run-steps"]) {
    const spans = spansOf(name);
    const runs = ofOperation(spans, "run");
    expect(new Set(runs.map((span) => span.spanContext().traceId)).size).toBe(runs.length);
    for (const span of spans) {
      const isRoot = ["run", "session_start"].includes(operationOf(span));
      expect(span.parentSpanContext === undefined).toBe(isRoot);
      if (isRoot) continue;
      expect(span.parentSpanContext?.traceId).toBe(span.spanContext().traceId);
      const parent = spans.find((other) => other.spanContext().spanId === span.parentSpanId);
      expect(parent, span.name).toBeDefined();
      if (parent !== undefined) expect(us(span.startTime)).toBeGreaterThanOrEqual(us(parent.startTime));
    }
  }
});

test("names, kinds and identity are those of the convention", () => {
  const spans = spansOf("agent-run-tools");
  const [run] = ofOperation(spans, "run");
  expect(run).toMatchObject({ name: "invoke_agent Incident Scout", kind: 0, status: { code: 0 } });
  expect(run?.attributes).toMatchObject({
    "agent.key": "incident-scout",
    "agent.framework.name": "agno",
    "agent.source.system": "agno",
    "agent.source.shape": "schema",
    "agent.source.status": "COMPLETED",
    "agent.session.kind": "single_agent",
    "gen_ai.request.model": "claude-sonnet-4-5",
    "agent.run.usage.total_tokens": 8209,
    "user.id": "oncall-417",
  });
  const names = spans.map(({ name, kind }) => `${kind} ${name}`);
  expect(names).toContain("2 chat claude-sonnet-4-5");
  expect(names).toContain("0 execute_tool query_metrics");
  expect(names).toContain("0 guardrail PromptInjectionGuardrail");
  expect(names).toContain("0 upsert_memory");
});

test("a workflow: the step a Completed without id belongs to is closed, containers hold their steps", () => {
  const spans = spansOf("workflow-run-steps");
  const steps = ofOperation(spans, "workflow_step");
  const step = (name: string) => steps.find((span) => said(span, "agent.step.name") === name);
  const parentOf = (name: string): unknown => step(name)?.parentSpanId;
  const idOf = (name: string): unknown => step(name)?.spanContext().spanId;
  expect(steps.map((span) => said(span, "agent.step.name")).toSorted()).toEqual([
    "Collect",
    "Fact Check",
    "Needs Short Version",
    "Publish",
    "Shorten",
    "Style Check",
    "Verify",
  ]);
  expect([parentOf("Fact Check"), parentOf("Style Check")]).toEqual([idOf("Verify"), idOf("Verify")]);
  expect(parentOf("Shorten")).toBe(idOf("Needs Short Version"));
  expect(steps.every(({ status }) => status.code === 0)).toBe(true);
  // The step has a run of its own that names it.
  const checker = ofOperation(spans, "run").find((span) => said(span, "agent.key") === "fact-checker");
  expect(checker && linksOf(checker)).toMatchObject({ caused_by: idOf("Fact Check") });
});

test("a forked run links to what it goes on from, and the run before it", () => {
  const spans = spansOf("session-runs");
  const source = runSpan(spans, "54278eec-be53-4358-bb31-4a5f9b913cff");
  const successor = runSpan(spans, "633df5f1-c8ae-4ccf-925c-8130bcf6935b");
  const at = source.spanContext().spanId;
  expect(linksOf(successor)).toMatchObject({ forked_from: at, regenerated_from: at, previous_run: at });
  expect(JSON.parse(String(said(source, "agent.metadata")))).toMatchObject({
    superseded: true,
    superseded_by: "633df5f1-c8ae-4ccf-925c-8130bcf6935b",
  });
});
