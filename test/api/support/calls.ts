/** One use of each method that writes spans, with every field of its input filled in. */
import type { Apie } from "../../../src/index.ts";

export const TOOL = {
  tool: { name: "search", provider: "zendesk", riskLevel: "low", type: "function", callId: "call_1" },
  action: { type: "read", name: "search_tickets", riskLevel: "low" },
  resource: { type: "work_item", externalId: "T-1", provider: "zendesk", environment: "staging" },
  arguments: { query: "refund" },
  metadata: { region: "eu" },
  payloadSummary: { hits: 3 },
} as const;

export const LLM = {
  model: { provider: "openai", name: "gpt-4o" },
  operation: "chat",
  purpose: "answer",
  inputSummary: "Answer the customer",
  promptHash: "sha256:1",
  input: [{ role: "user", content: "hello" }],
  metadata: { region: "eu" },
  payloadSummary: { messages: 1 },
} as const;

const MCP = {
  server: "files",
  serverVersion: "1.2.0",
  tool: "read_file",
  method: "tools/call",
  arguments: { path: "a.txt" },
  metadata: { region: "eu" },
  payloadSummary: { bytes: 10 },
} as const;

export const MCP_TOOL = {
  server: "files",
  tool: "read_file",
  actionType: "read",
  actionName: "read_file",
  resourceType: "file",
  resourceProvider: "disk",
  environment: "staging",
  riskLevel: "medium",
  resourceId: "a.txt",
  callId: "call_2",
  arguments: { path: "a.txt" },
  metadata: { region: "eu" },
} as const;

export const STEP = {
  stepName: "Gather facts",
  stepKey: "gather",
  stepIndex: 2,
  stepType: "retrieval",
  metadata: { region: "eu" },
  payloadSummary: { sources: 2 },
} as const;

export const HANDOFF = {
  target: { key: "refunds", name: "Refunds" },
  reason: "needs a refund",
  type: "delegate",
  inputSummary: "Refund the order",
  role: "worker",
  metadata: { region: "eu" },
  payloadSummary: { order: "O-1" },
} as const;

export const ACTION = {
  action: { type: "update", name: "close_ticket", riskLevel: "medium" },
  resource: { type: "work_item", externalId: "T-1", provider: "zendesk", environment: "staging" },
  tool: { name: "zendesk", provider: "zendesk", riskLevel: "low", callId: "call_3" },
  metadata: { region: "eu" },
} as const;

export const APPROVAL = {
  approvalId: "appr_1",
  action: { type: "delete", name: "delete_user", riskLevel: "critical" },
  resource: { type: "database_record", externalId: "U-1" },
  reason: "it cannot be undone",
} as const;

/** Calls that run a callback, and the operations of the spans they write. */
export const WORK_CALLS: Readonly<
  Record<string, { operations: string[]; run: <T>(apie: Apie, fn: () => T | Promise<T>) => Promise<T> }>
> = {
  withTool: { operations: ["tool_call"], run: (apie, fn) => apie.withTool(TOOL, fn) },
  withLlmCall: {
    operations: ["llm_call"],
    run: (apie, fn) =>
      apie.withLlmCall(LLM, (call) => {
        call.setUsage({
          inputTokens: 10,
          outputTokens: 5,
          totalTokens: 15,
          cacheReadTokens: 4,
          cacheWriteTokens: 1,
          reasoningTokens: 2,
        });
        call.setResponse({
          model: "gpt-4o-2024",
          id: "resp_1",
          finishReason: "stop",
          output: "hi",
          cost: { amount: 0.01, currency: "EUR" },
        });
        return fn();
      }),
  },
  withMcpCall: { operations: ["mcp_request"], run: (apie, fn) => apie.withMcpCall(MCP, fn) },
  "withMcpCall tools/list": {
    operations: ["mcp_request"],
    run: (apie, fn) =>
      apie.withMcpCall({ server: "files", method: "tools/list" }, (call) => {
        call.setTools(["read_file", "write_file"]);
        return fn();
      }),
  },
  withMcpToolCall: {
    operations: ["mcp_request", "tool_call"],
    run: (apie, fn) => apie.withMcpToolCall(MCP_TOOL, fn),
  },
  withWorkflowStep: { operations: ["workflow_step"], run: (apie, fn) => apie.withWorkflowStep(STEP, fn) },
  withRun: {
    operations: ["run_start", "run"],
    run: (apie, fn) =>
      apie.withRun(
        { inputSummary: "Help", role: "orchestrator", trigger: "webhook", metadata: { a: 1 } },
        fn,
      ),
  },
  wrap: {
    operations: ["run_start", "run"],
    run: (apie, fn) =>
      apie.wrap(fn, { inputSummary: () => "Help" })() as ReturnType<Apie["withRun"]> as never,
  },
  withChildRun: {
    operations: ["run_start", "run"],
    run: (apie, fn) =>
      apie.withChildRun({ agentKey: "refunds", agentName: "Refunds", role: "worker", stepKey: "refund" }, fn),
  },
  withHandoff: {
    operations: ["run_start", "run", "handoff"],
    run: (apie, fn) => apie.withHandoff(HANDOFF, fn),
  },
  withSession: {
    operations: ["session"],
    run: (apie, fn) =>
      apie.withSession({ kind: "pipeline", inputSummary: "A ticket", metadata: { a: 1 } }, (session) => {
        session.setOutputSummary("done");
        return fn();
      }),
  },
};

/** Calls that tell something and are done. */
export const TRACK_CALLS: Readonly<Record<string, { operation: string; tell: (apie: Apie) => void }>> = {
  track: { operation: "event", tell: (apie) => apie.track({ type: "cart.filled", payload: { items: 2 } }) },
  trackToolCall: { operation: "event", tell: (apie) => apie.trackToolCall(TOOL) },
  trackActionRequested: { operation: "action", tell: (apie) => apie.trackActionRequested(ACTION) },
  trackActionCompleted: { operation: "action", tell: (apie) => apie.trackActionCompleted(ACTION) },
  trackActionFailed: {
    operation: "action",
    tell: (apie) => apie.trackActionFailed({ ...ACTION, error: new TypeError("no") }),
  },
  trackResourceTouched: {
    operation: "resource_access",
    tell: (apie) => apie.trackResourceTouched({ resource: ACTION.resource, action: ACTION.action }),
  },
  trackApprovalRequested: { operation: "approval", tell: (apie) => apie.trackApprovalRequested(APPROVAL) },
  trackApprovalResolved: {
    operation: "approval",
    tell: (apie) => apie.trackApprovalResolved({ ...APPROVAL, status: "approved", resolvedBy: "Ada" }),
  },
  trackHandoffRequested: {
    operation: "handoff",
    tell: (apie) =>
      void apie.trackHandoffRequested({ target: HANDOFF.target, reason: "because", type: "transfer" }),
  },
  trackHandoffAccepted: {
    operation: "handoff",
    tell: (apie) => void apie.trackHandoffAccepted({ handoffId: "h-1", source: { key: "support" } }),
  },
  trackHandoffCompleted: {
    operation: "handoff",
    tell: (apie) => void apie.trackHandoffCompleted({ handoffId: "h-1", target: HANDOFF.target }),
  },
  trackHandoffFailed: {
    operation: "handoff",
    tell: (apie) => void apie.trackHandoffFailed({ handoffId: "h-1", error: new RangeError("no") }),
  },
  captureError: { operation: "error", tell: (apie) => apie.captureError({ error: new TypeError("no") }) },
};
