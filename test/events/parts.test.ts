/** What each type of event says of an activity, with and without content. */
import { describe, expect, test } from "vitest";
import {
  categoryOf,
  EVENT_TYPES,
  type EventFacts,
  type EventType,
  errorPart,
  partsOf,
  usagePart,
  validateEvents,
} from "../../src/events/index.ts";
import type { Activity } from "../../src/model/activity.ts";

/** As it is sent: absent members are gone. */
function written(type: string, facts: EventFacts): Record<string, unknown> {
  const event = { type, agent_key: "support", event_category: categoryOf(type), ...partsOf(type, facts) };
  return JSON.parse(JSON.stringify(event));
}

const ERROR = { type: "TimeoutError", message: "said", stack: "TimeoutError: said\n    at main", id: "e1" };

/** Work that says all there is to say. */
const FULL: Activity = {
  kind: "tool",
  convention: "apie",
  tool: { name: "search", provider: "zendesk", type: "function", callId: "call_1", riskLevel: "low" },
  action: { type: "read", name: "find_ticket", riskLevel: "medium", inferred: true },
  resource: { type: "work_item", id: "SUP-1", provider: "zendesk", environment: "staging" },
  llm: {
    operation: "chat",
    provider: "openai",
    requestModel: "gpt-4o",
    responseModel: "gpt-4o-2024",
    responseId: "chatcmpl_1",
    finishReason: "stop",
    stream: true,
    timeToFirstTokenMs: 120,
    purpose: "classify",
    promptHash: "sha256:1",
    costAmount: 0.5,
    costCurrency: "EUR",
    usage: { input: 12, output: 3, total: 15, cacheRead: 4, cacheWrite: 1, reasoning: 2 },
  },
  mcp: {
    method: "tools/call",
    server: "cicd",
    serverVersion: "2",
    toolName: "deploy",
    toolCount: 2,
    toolNames: ["a", "b"],
  },
  step: { key: "triage", name: "Triage", index: 2, type: "planning" },
  handoff: {
    id: "hof_1",
    type: "delegate",
    reason: "knows billing",
    sourceKey: "triage",
    sourceName: "Triage",
    targetKey: "billing",
    targetName: "Billing",
  },
  guardrail: {
    name: "prod-deploys",
    mode: "enforce",
    target: "tool_call",
    policyDecision: "block",
    effectiveDecision: "warn",
    enforcementAction: "proceed",
    triggered: true,
    reason: "production",
    matched: ["prod-deploys"],
    decisionId: "dec_1",
    receiptId: "rcp_1",
  },
  approval: { id: "appr_1", status: "approved", reason: "unknown tool", resolvedBy: "ops@example.com" },
  payloadSummary: { ticket: "SUP-1" },
  metadata: { team: "support" },
  content: { input: { q: "refund" }, output: { found: 1 }, instructions: "be kind" },
};

const on: EventFacts = { activity: FULL, name: "the span", durationMs: 41.5, captureContent: true };
const off: EventFacts = { ...on, captureContent: false };
const failed = (facts: EventFacts): EventFacts => ({
  ...facts,
  activity: { ...facts.activity, error: ERROR },
});

const tool = { name: "search", provider: "zendesk", risk_level: "low" };
const action = { type: "read", name: "find_ticket", risk_level: "medium" };
const resource = { type: "work_item", external_id: "SUP-1", provider: "zendesk", environment: "staging" };
const environment = "staging";
const toolMetadata = {
  team: "support",
  call_id: "call_1",
  tool_type: "function",
  inferred: true,
  duration_ms: 41.5,
};
const target = { tool, action, resource, environment, metadata: toolMetadata };
const model = {
  ticket: "SUP-1",
  provider: "openai",
  model: "gpt-4o",
  operation: "chat",
  stream: true,
  purpose: "classify",
  prompt_hash: "sha256:1",
};
const answer = {
  ...model,
  response_model: "gpt-4o-2024",
  response_id: "chatcmpl_1",
  finish_reason: "stop",
  usage: { input: 12, output: 3, total: 15, cache_read: 4, cache_write: 1, reasoning: 2 },
  ttft_ms: 120,
  duration_ms: 41.5,
  cost: { amount: 0.5, currency: "EUR" },
};
const mcp = {
  ticket: "SUP-1",
  server: "cicd",
  tool: "deploy",
  method: "tools/call",
  action_type: "read",
  resource_type: "work_item",
  inferred: true,
  environment: "staging",
};
const step = { step_key: "triage", step_name: "Triage", step_index: 2 };
const metadata = { team: "support" };
const error = { message: "TimeoutError" };
const handoff = {
  payload_summary: { ticket: "SUP-1", source: "triage", target: "billing", type: "delegate" },
  metadata: {
    ...metadata,
    handoff_id: "hof_1",
    reason: "knows billing",
    source_name: "Triage",
    target_name: "Billing",
  },
};
const decision = {
  policyDecision: "block",
  effectiveDecision: "warn",
  enforcementAction: "proceed",
  mode: "enforce",
  reason: "production",
};

/** Beyond type, agent and category, without content. */
const OFF: Readonly<Record<EventType, object>> = {
  "agent.tool.called": { ...target, metadata: { ...toolMetadata, outcome: "completed" } },
  "agent.action.requested": target,
  "agent.action.completed": { ...target, metadata: { ...toolMetadata, result: { status: "completed" } } },
  "agent.action.failed": { ...target, error },
  "agent.resource.touched": { resource, action, environment, metadata },
  "agent.guardrail.evaluated": {
    action,
    resource,
    environment,
    decision,
    metadata: {
      ...metadata,
      ...decision,
      guardrail: "prod-deploys",
      target: "tool_call",
      triggered: true,
      decision_id: "dec_1",
      receipt_id: "rcp_1",
      matched: ["prod-deploys"],
    },
  },
  "agent.approval.requested": {
    action,
    resource,
    approval: { approval_id: "appr_1", status: "pending" },
    metadata: { ...metadata, approval_id: "appr_1", reason: "unknown tool" },
  },
  "agent.approval.resolved": {
    approval: { approval_id: "appr_1", status: "approved" },
    metadata: { ...metadata, approval_id: "appr_1", status: "approved", reason: "unknown tool" },
  },
  "agent.workflow.step.started": {
    ...step,
    payload_summary: { kind: "planning", ticket: "SUP-1" },
    metadata,
  },
  "agent.workflow.step.completed": { ...step, metadata: { ...metadata, duration_ms: 41.5 } },
  "agent.workflow.step.failed": { ...step, metadata: { ...metadata, duration_ms: 41.5 }, error },
  "agent.llm.called": { payload_summary: model, metadata },
  "agent.llm.completed": { payload_summary: answer, metadata },
  "agent.llm.failed": { payload_summary: answer, metadata, error },
  "agent.mcp.called": { payload_summary: mcp, metadata },
  "agent.mcp.completed": { payload_summary: { ...mcp, duration_ms: 41.5 }, metadata },
  "agent.mcp.failed": { payload_summary: { ...mcp, duration_ms: 41.5 }, metadata, error },
  "agent.mcp.tools_listed": {
    step_name: "cicd.tools_list",
    payload_summary: { server: "cicd", tool_count: 2, tools: ["a", "b"] },
    metadata: { ...metadata, mcp: { server: "cicd", server_version: "2", tools: ["a", "b"] } },
  },
  "agent.handoff.requested": handoff,
  "agent.handoff.accepted": handoff,
  "agent.handoff.completed": handoff,
  "agent.handoff.failed": { ...handoff, error },
  "agent.error": { error, metadata: { ...metadata, error_type: "TimeoutError" } },
};

const input = { q: "refund" };
const output = { found: 1 };

/** What content capture changes, and nothing else. */
const ON: Partial<Record<EventType, object>> = {
  "agent.action.requested": { metadata: { ...toolMetadata, arguments: input } },
  "agent.action.completed": { metadata: { ...toolMetadata, result: { status: "completed", value: output } } },
  "agent.approval.resolved": {
    approval: { approval_id: "appr_1", status: "approved", resolved_by: "ops@example.com" },
  },
  "agent.llm.completed": { payload_summary: { ...answer, input, output, instructions: "be kind" } },
  "agent.llm.failed": { payload_summary: { ...answer, input, output, instructions: "be kind" } },
  "agent.mcp.completed": { metadata: { ...metadata, arguments: input, result: output } },
  "agent.mcp.failed": { metadata: { ...metadata, arguments: input, result: output } },
};

describe.each(EVENT_TYPES)("%s", (type) => {
  const isFailure = type.endsWith(".failed") || type === "agent.error";
  const base = {
    type,
    agent_key: "support",
    ...(categoryOf(type) ? { event_category: categoryOf(type) } : {}),
  };
  const facts = (content: EventFacts): EventFacts => (isFailure ? failed(content) : content);

  test("says what is known", () => {
    expect(written(type, facts(off))).toEqual({ ...base, ...OFF[type] });
  });

  test("says content only where it is captured", () => {
    const withMessage = { message: "TimeoutError: said" };
    const stack = type === "agent.error" ? { stack: ERROR.stack } : {};
    const said = isFailure ? { error: { ...withMessage, ...stack } } : {};
    expect(written(type, facts(on))).toEqual({ ...base, ...OFF[type], ...ON[type], ...said });
  });

  test("is an event Apie takes, also when next to nothing is known", () => {
    const kinds = ["tool", "llm", "mcp", "step", "handoff", "guardrail", "approval", "error"] as const;
    const least = kinds.map(
      (kind): EventFacts => ({
        activity: { kind, convention: "x" },
        name: "",
        durationMs: undefined,
        captureContent: true,
      }),
    );
    const events = [facts(on), facts(off), ...least].map((given) => written(type, given));
    expect(validateEvents(events).results.flatMap(({ issues }) => issues)).toEqual([]);
  });
});

describe("content", () => {
  const canary = "canary-8812";
  const sensitive: Activity = {
    ...FULL,
    userId: canary,
    content: { input: [canary], output: { text: canary }, instructions: canary },
    error: { type: "TimeoutError", message: `it said ${canary}`, stack: `at ${canary}` },
    approval: { ...FULL.approval, resolvedBy: canary },
    resource: undefined,
    mcp: { ...FULL.mcp, method: "resources/read", resourceUri: `file:///home/${canary}` },
  };

  test.each(EVENT_TYPES)("no word of it is in %s while it is not captured", (type) => {
    const event = written(type, { ...off, activity: sensitive });
    expect(JSON.stringify(event)).not.toContain(canary);
    expect(JSON.stringify(written("custom.event", { ...off, activity: sensitive }))).not.toContain(canary);
  });

  test("it is there when it is", () => {
    const telling = EVENT_TYPES.filter((type) =>
      JSON.stringify(written(type, { ...on, activity: sensitive })).includes(canary),
    );
    expect(telling).toEqual(
      expect.arrayContaining([
        "agent.action.completed",
        "agent.llm.completed",
        "agent.mcp.completed",
        "agent.error",
      ]),
    );
  });
});

describe("words the protocol has not", () => {
  test("are left out, or take the nearest meaning", () => {
    const activity: Activity = {
      ...FULL,
      tool: { name: "t", riskLevel: "extreme" },
      action: { type: "read", name: "a", riskLevel: "tiny" },
      guardrail: {
        policyDecision: "deny",
        effectiveDecision: "maybe",
        enforcementAction: "stop",
        mode: "guard",
      },
      approval: { status: "withdrawn" },
    };
    const facts = { ...off, activity };
    expect(written("agent.tool.called", facts)).toMatchObject({
      tool: { name: "t" },
      action: { type: "read", name: "a" },
    });
    expect(written("agent.guardrail.evaluated", facts).decision).toEqual({
      policyDecision: "allow",
      effectiveDecision: "allow",
    });
    expect(written("agent.approval.resolved", facts)).toMatchObject({
      approval: { status: "cancelled" },
      metadata: { status: "withdrawn" },
    });
    const types = ["agent.tool.called", "agent.guardrail.evaluated", "agent.approval.resolved"];
    expect(validateEvents(types.map((type) => written(type, facts))).valid).toBe(true);
  });

  test("an approval nobody answered has timed out", () => {
    const activity: Activity = { kind: "approval", convention: "x", approval: { id: "1" } };
    expect(written("agent.approval.resolved", { ...off, activity }).approval).toEqual({
      approval_id: "1",
      status: "timeout",
    });
  });
});

describe("MCP", () => {
  const listed = (toolNames?: readonly string[], toolCount?: number): unknown =>
    written("agent.mcp.tools_listed", {
      ...off,
      activity: { kind: "mcp", convention: "x", mcp: { server: "s", toolNames, toolCount } },
    }).payload_summary;

  test("a list of tools that is not known is not an empty one", () => {
    expect(listed()).toEqual({ server: "s" });
    expect(listed([])).toEqual({ server: "s", tool_count: 0, tools: [] });
    expect(listed(["a"])).toEqual({ server: "s", tool_count: 1, tools: ["a"] });
    expect(listed(["a"], 300)).toEqual({ server: "s", tool_count: 300, tools: ["a"] });
  });

  test.each([
    ["file:///etc/hosts", "file"],
    ["postgres://db/table", "mcp_resource"],
  ])("what is read at %s is a %s; where it is, is content", (resourceUri, type) => {
    const activity: Activity = {
      kind: "mcp",
      convention: "x",
      mcp: { method: "resources/read", resourceUri },
    };
    expect(written("agent.resource.touched", { ...off, activity }).resource).toEqual({ type });
    expect(written("agent.resource.touched", { ...on, activity }).resource).toEqual({
      type,
      external_id: resourceUri,
    });
  });
});

describe("events of the application's own", () => {
  const told = (type: string, payload?: Record<string, unknown>): Record<string, unknown> =>
    written(type, {
      ...off,
      activity: { kind: "event", convention: "apie", event: { type, payload }, metadata: { a: 1, b: 1 } },
    });

  test.each(["invoice.sent", "constructor", "toString", "__proto__", "hasOwnProperty"])(
    "%s carries its payload as metadata, and nothing else",
    (type) => {
      expect(told(type, { b: 2, c: 3 })).toEqual({
        type,
        agent_key: "support",
        metadata: { a: 1, b: 2, c: 3 },
      });
      expect(told(type)).toEqual({ type, agent_key: "support", metadata: { a: 1, b: 1 } });
    },
  );

  test("a name of the protocol's has that type's members and the payload", () => {
    const event = told("agent.resource.touched", { c: 3 });
    expect(event).toMatchObject({ resource: { type: "unknown" }, metadata: { a: 1, b: 1, c: 3 } });
    expect(validateEvents(event).valid).toBe(true);
  });
});

describe("usage", () => {
  test.each([
    [undefined, undefined],
    [{}, undefined],
    [
      { input: 5, output: 2 },
      { input: 5, output: 2, total: 7 },
    ],
    [{ input: 5 }, { input: 5, total: 5 }],
    [
      { input: 5, output: 2, total: 9 },
      { input: 5, output: 2, total: 9 },
    ],
    [{ cacheRead: 0 }, { cache_read: 0 }],
    [
      { input: 0, output: 0, reasoning: 0 },
      { input: 0, output: 0, total: 0, reasoning: 0 },
    ],
  ])("%j is written as %j", (usage, part) => {
    const written = usagePart(usage);
    expect(written === undefined ? undefined : JSON.parse(JSON.stringify(written))).toEqual(part);
  });
});

describe("errors", () => {
  test("are their class, with a message only where content is captured", () => {
    expect(errorPart(ERROR, false, true)).toEqual({ message: "TimeoutError" });
    expect(errorPart(ERROR, true)).toEqual({ message: "TimeoutError: said" });
    expect(errorPart(ERROR, true, true)).toEqual({ message: "TimeoutError: said", stack: ERROR.stack });
    expect(errorPart({ type: "E" }, true, true)).toEqual({ message: "E" });
    expect(errorPart(undefined, true)).toEqual({ message: "Error" });
  });

  test("have stacks of bounded length", () => {
    const stack = errorPart({ ...ERROR, stack: "x".repeat(100_000) }, true, true)?.stack ?? "";
    expect(stack).toMatch(/^x{4096}…\[95904 more characters\]$/);
  });
});
