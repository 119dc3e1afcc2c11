/** Our own convention: what the spans of this package's API say, written here or in another process. */
import { describe, expect, test } from "vitest";
import { ConventionReader } from "../../src/conventions/index.ts";
import type { Activity } from "../../src/model/activity.ts";
import { AGENT_OPERATION_NAME_VALUES } from "../../src/semconv/index.ts";
import { span } from "./recorded.ts";

const reader = new ConventionReader();

function read(operation: string, attributes: Record<string, unknown> = {}): Activity | undefined {
  return reader.read(span({ attributes: { "agent.operation.name": operation, ...attributes } }), "end");
}

/** What was found, without what was looked for in vain. */
const found = (activity: Activity | undefined): unknown =>
  activity === undefined ? undefined : JSON.parse(JSON.stringify(activity));

const KINDS: Readonly<Record<string, string>> = {
  session: "session",
  session_start: "session_start",
  session_end: "session_end",
  run: "run",
  run_start: "none",
  workflow_step: "step",
  plan: "step",
  reasoning: "step",
  memory: "step",
  llm_call: "llm",
  tool_call: "tool",
  mcp_request: "mcp",
  handoff: "handoff",
  guardrail: "guardrail",
  approval: "approval",
  action: "action",
  resource_access: "resource",
  event: "event",
  error: "error",
};

test("every operation of the registry is known, and no other", () => {
  expect(Object.keys(KINDS).sort()).toEqual([...AGENT_OPERATION_NAME_VALUES].sort());
  for (const [operation, kind] of Object.entries(KINDS)) {
    expect(read(operation)).toMatchObject({ kind, convention: "apie" });
  }
  for (const other of ["constructor", "toString", "Run", "", 5])
    expect(read(other as string)).toBeUndefined();
});

test("identity and what the application gave are on every kind", () => {
  const common = {
    "agent.key": "support",
    "agent.name": "Support",
    "agent.version": "1.4",
    "agent.framework.name": "langgraph",
    "agent.run.id": "r1",
    "agent.session.id": "s1",
    "user.id": "u1",
    "agent.operation.stage": "requested",
    "agent.payload.summary": '{"ticket":"SUP-1"}',
    "agent.metadata": '{"team":"a","nested":{"b":[1]}}',
    "agent.step.key": "triage",
    "agent.step.name": "Triage",
    "agent.step.index": 2,
  };
  for (const operation of Object.keys(KINDS)) {
    expect(read(operation, common)).toMatchObject({
      agent: { key: "support", name: "Support", version: "1.4", framework: "langgraph" },
      runId: "r1",
      sessionId: "s1",
      userId: "u1",
      stage: "requested",
      payloadSummary: { ticket: "SUP-1" },
      metadata: { team: "a", nested: { b: [1] } },
      step: { key: "triage", name: "Triage", index: 2 },
    });
  }
});

const action = {
  "agent.action.type": "read",
  "agent.action.name": "search",
  "agent.action.risk_level": "low",
  "agent.action.inferred": true,
  "agent.resource.type": "work_item",
  "agent.resource.id": "SUP-1",
  "agent.resource.provider": "zendesk",
  "agent.resource.environment": "staging",
};
const target = {
  action: { type: "read", name: "search", riskLevel: "low", inferred: true },
  resource: { type: "work_item", id: "SUP-1", provider: "zendesk", environment: "staging" },
};
const tool = {
  "gen_ai.tool.name": "search",
  "gen_ai.tool.type": "function",
  "gen_ai.tool.call.id": "c1",
  "agent.tool.provider": "zendesk",
  "agent.tool.risk_level": "high",
};
const toolFacts = { name: "search", type: "function", callId: "c1", provider: "zendesk", riskLevel: "high" };

test.each<[operation: string, attributes: Record<string, unknown>, facts: object]>([
  [
    "run",
    {
      "agent.run.parent.id": "r0",
      "agent.role": "worker",
      "agent.run.trigger": "webhook",
      "agent.run.input.summary": "in",
      "agent.run.output.summary": "out",
      "agent.run.status": "cancelled",
      "agent.run.segment.index": 1,
      "agent.run.attempt": 0,
      "agent.revision.id": "v1",
      "agent.handoff.id": "h1",
      "agent.run.sources": ["https://a.example"],
      "agent.run.usage.input_tokens": 5,
      "agent.run.usage.output_tokens": 2,
      "agent.run.usage.total_tokens": 7,
      "agent.session.kind": "pipeline",
    },
    {
      run: {
        parentId: "r0",
        role: "worker",
        trigger: "webhook",
        inputSummary: "in",
        outputSummary: "out",
        status: "cancelled",
        segmentIndex: 1,
        attempt: 0,
        revisionId: "v1",
        handoffId: "h1",
        sources: ["https://a.example"],
        usage: { input: 5, output: 2, total: 7 },
      },
      session: { kind: "pipeline" },
    },
  ],
  [
    "session_end",
    {
      "agent.session.kind": "pipeline",
      "agent.session.status": "completed",
      "agent.session.input.summary": "in",
      "agent.session.output.summary": "out",
    },
    { session: { kind: "pipeline", status: "completed", inputSummary: "in", outputSummary: "out" } },
  ],
  [
    "llm_call",
    {
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": "gpt-4o",
      "gen_ai.response.model": "gpt-4o-2024",
      "gen_ai.response.id": "id1",
      "gen_ai.response.finish_reasons": ["tool_calls"],
      "gen_ai.request.stream": true,
      "gen_ai.response.time_to_first_chunk": 0.5,
      "agent.llm.purpose": "classify",
      "agent.llm.prompt.hash": "sha256:1",
      "agent.llm.cost.amount": 0.5,
      "agent.llm.cost.currency": "EUR",
      "gen_ai.usage.input_tokens": 90,
      "gen_ai.usage.output_tokens": 2,
      "gen_ai.usage.cache_read.input_tokens": 4,
      "gen_ai.usage.cache_write.input_tokens": 3,
      "gen_ai.usage.reasoning.output_tokens": 1,
    },
    {
      llm: {
        operation: "chat",
        provider: "openai",
        requestModel: "gpt-4o",
        responseModel: "gpt-4o-2024",
        responseId: "id1",
        finishReason: "tool_call",
        stream: true,
        timeToFirstTokenMs: 500,
        purpose: "classify",
        promptHash: "sha256:1",
        costAmount: 0.5,
        costCurrency: "EUR",
        usage: { input: 90, output: 2, cacheRead: 4, cacheWrite: 3, reasoning: 1 },
      },
    },
  ],
  ["tool_call", { ...tool, ...action }, { tool: toolFacts, ...target }],
  ["tool_call", { "gen_ai.tool.type": "function" }, {}],
  ["action", { ...tool, ...action }, { tool: toolFacts, ...target }],
  ["resource_access", action, target],
  [
    "mcp_request",
    {
      "mcp.method.name": "tools/list",
      "agent.mcp.server.name": "cicd",
      "agent.mcp.server.version": "2",
      "gen_ai.tool.name": "deploy",
      "agent.mcp.tool.count": 2,
      "agent.mcp.tool.names": ["a", "b"],
      "mcp.resource.uri": "file:///a",
      "mcp.session.id": "m1",
      ...action,
    },
    {
      mcp: {
        method: "tools/list",
        server: "cicd",
        serverVersion: "2",
        toolName: "deploy",
        toolCount: 2,
        toolNames: ["a", "b"],
        resourceUri: "file:///a",
        sessionId: "m1",
      },
      ...target,
    },
  ],
  [
    "handoff",
    {
      "agent.handoff.id": "h1",
      "agent.handoff.status": "requested",
      "agent.handoff.type": "delegate",
      "agent.handoff.reason": "billing",
      "agent.handoff.source.key": "a",
      "agent.handoff.source.name": "A",
      "agent.handoff.source.run.id": "r1",
      "agent.handoff.target.key": "b",
      "agent.handoff.target.name": "B",
      "agent.handoff.target.run.id": "r2",
    },
    {
      handoff: {
        id: "h1",
        status: "requested",
        type: "delegate",
        reason: "billing",
        sourceKey: "a",
        sourceName: "A",
        sourceRunId: "r1",
        targetKey: "b",
        targetName: "B",
        targetRunId: "r2",
      },
    },
  ],
  [
    "guardrail",
    {
      "agent.guardrail.name": "prod",
      "agent.guardrail.mode": "enforce",
      "agent.guardrail.target": "tool_call",
      "agent.guardrail.policy_decision": "block",
      "agent.guardrail.effective_decision": "allow",
      "agent.guardrail.enforcement_action": "proceed",
      "agent.guardrail.triggered": true,
      "agent.guardrail.reason": "r",
      "agent.guardrail.matched": ["p"],
      "agent.guardrail.decision.id": "d1",
      "agent.guardrail.receipt.id": "c1",
      ...tool,
      ...action,
    },
    {
      guardrail: {
        name: "prod",
        mode: "enforce",
        target: "tool_call",
        policyDecision: "block",
        effectiveDecision: "allow",
        enforcementAction: "proceed",
        triggered: true,
        reason: "r",
        matched: ["p"],
        decisionId: "d1",
        receiptId: "c1",
      },
      tool: toolFacts,
      ...target,
    },
  ],
  [
    "approval",
    {
      "agent.approval.id": "a1",
      "agent.approval.status": "approved",
      "agent.approval.reason": "r",
      "agent.approval.resolved_by": "bob",
      ...action,
    },
    { approval: { id: "a1", status: "approved", reason: "r", resolvedBy: "bob" }, ...target },
  ],
  [
    "workflow_step",
    { "agent.step.key": "k", "agent.step.type": "task" },
    { step: { key: "k", type: "task" } },
  ],
  [
    "event",
    { "agent.event.type": "invoice.sent", "agent.event.payload": '{"id":7}' },
    { event: { type: "invoice.sent", payload: { id: 7 } } },
  ],
  ["event", {}, { event: { type: "custom.event" } }],
])("%s with %o", (operation, attributes, facts) => {
  expect(found(read(operation, attributes))).toEqual({
    kind: KINDS[operation],
    convention: "apie",
    ...facts,
  });
});

describe("errors", () => {
  const failed = (attributes: Record<string, unknown>, phase: "start" | "end" = "end") =>
    reader.read(
      span({
        attributes: { "agent.operation.name": "error", ...attributes },
        status: { code: 2, message: "m" },
      }),
      phase,
    )?.error;

  test("have a class, an identity, and whether the run went on", () => {
    expect(
      failed({ "error.type": "TimeoutError", "agent.error.id": "e1", "agent.error.handled": true }),
    ).toEqual({
      type: "TimeoutError",
      message: "m",
      id: "e1",
      handled: true,
    });
    expect(failed({ "error.type": "TimeoutError" }, "start")).toBeUndefined();
  });
});

describe("data from other processes", () => {
  test.each(["not json", "[1]", '"text"', "{broken", "5", "null", ""])(
    "that is no object, %j, is none",
    (text) => {
      const activity = read("event", {
        "agent.metadata": text,
        "agent.payload.summary": text,
        "agent.event.payload": text,
      });
      expect(activity?.metadata).toBeUndefined();
      expect(activity?.payloadSummary).toBeUndefined();
      expect(activity?.event?.payload).toBeUndefined();
    },
  );

  test("may be an object where the SDK keeps it one", () => {
    expect(read("run", { "agent.metadata": { a: 1 } })?.metadata).toEqual({ a: 1 });
  });

  test("is bounded in depth, width and length", () => {
    const deep = `${'{"a":'.repeat(30_000)}1${"}".repeat(30_000)}`;
    expect(JSON.stringify(read("run", { "agent.metadata": deep })?.metadata)).toContain("[Too deep]");
    const wide = JSON.stringify(
      Object.fromEntries(Array.from({ length: 5_000 }, (_, index) => [`k${index}`, 1])),
    );
    expect(Object.keys(read("run", { "agent.metadata": wide })?.metadata ?? {})).toHaveLength(201);
    expect(read("run", { "agent.metadata": `{"a":"${"x".repeat(300_000)}"}` })?.metadata).toBeUndefined();
  });

  test("cannot set a prototype", () => {
    const metadata = read("run", { "agent.metadata": '{"__proto__":{"polluted":true}}' })?.metadata;
    expect(Object.keys(metadata ?? {})).toEqual(["__proto__"]);
    expect((metadata as { polluted?: boolean }).polluted).toBeUndefined();
  });
});

describe("content", () => {
  const contentOf = (operation: string, attributes: Record<string, unknown>) => {
    const one = span({ attributes: { "agent.operation.name": operation, ...attributes } });
    const activity = reader.read(one, "end");
    expect(JSON.stringify(activity)).not.toContain("canary");
    return activity && reader.content(one, "end", activity);
  };

  test("of a run, a model call and a tool", () => {
    expect(
      contentOf("run", { "agent.run.input.value": '{"q":"canary"}', "agent.run.output.value": "canary" }),
    ).toEqual({
      input: { q: "canary" },
      output: "canary",
    });
    expect(
      contentOf("llm_call", {
        "gen_ai.system_instructions": "canary",
        "gen_ai.input.messages": '[{"role":"user","content":"canary"}]',
        "gen_ai.output.messages": "[]",
      }),
    ).toEqual({ instructions: "canary", input: [{ role: "user", content: "canary" }], output: [] });
    expect(
      contentOf("tool_call", { "gen_ai.tool.call.arguments": '["canary"]', "gen_ai.tool.call.result": "5" }),
    ).toEqual({
      input: ["canary"],
      output: "5",
    });
  });

  test("there is none where the span has none", () => {
    expect(contentOf("run", {})).toBeUndefined();
  });
});
