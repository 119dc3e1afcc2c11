/** One event of each type as the vendor's clients send it, in wire form. */
import type { EventType, WireEvent } from "../../src/events/index.ts";

const envelope = {
  agent_key: "support-ops",
  agent_id: "agt_1",
  agent_version_id: "ver_1",
  run_id: "run_mcp_0a1b2c3d4e5f",
  session_id: "ses_1",
  event_id: "3f8f4b1e-9a51-4e6f-8f0a-0f6f3a1f2b3c",
  sequence_number: 1,
  session_sequence_number: 4,
  timestamp: "2026-07-02T10:11:12.123456+00:00",
  environment: "production",
};
const tool = { name: "search", provider: "zendesk", risk_level: "low" } as const;
const action = { type: "read", name: "search", risk_level: "low" } as const;
const resource = {
  type: "work_item",
  external_id: "SUP-123",
  provider: "zendesk",
  environment: "production",
} as const;
const decision = {
  policyDecision: "require_approval",
  effectiveDecision: "allow",
  enforcementAction: "wait_for_approval",
  mode: "monitor",
  reason: "Production deploys need approval",
} as const;
const error = { message: "TimeoutError" };
const step = { step_key: "triage", step_name: "Triage ticket", step_index: 1 };
const target = { action, resource, tool };

function example(type: EventType, members: Partial<WireEvent>): WireEvent {
  return { type, ...envelope, ...members };
}

const family = (
  type: EventType,
  event_category: WireEvent["event_category"],
  members: Partial<WireEvent> = {},
) => example(type, { event_category, ...members });

export const EXAMPLES: Readonly<Record<EventType, WireEvent>> = {
  "agent.tool.called": example("agent.tool.called", { ...target, metadata: { arguments: { q: "refund" } } }),
  "agent.action.requested": example("agent.action.requested", target),
  "agent.action.completed": example("agent.action.completed", {
    ...target,
    metadata: { result: { status: "completed" } },
  }),
  "agent.action.failed": example("agent.action.failed", { ...target, error }),
  "agent.resource.touched": example("agent.resource.touched", { resource, action }),
  "agent.guardrail.evaluated": example("agent.guardrail.evaluated", {
    action,
    resource,
    decision,
    metadata: { ...decision },
  }),
  "agent.approval.requested": example("agent.approval.requested", {
    action,
    resource,
    approval: { approval_id: "appr_1", status: "pending" },
    metadata: { approval_id: "appr_1", reason: "Unknown tool" },
  }),
  "agent.approval.resolved": example("agent.approval.resolved", {
    approval: { approval_id: "appr_1", status: "approved", resolved_by: "ops@example.com" },
    metadata: { approval_id: "appr_1", status: "approved" },
  }),
  "agent.workflow.step.started": family("agent.workflow.step.started", "workflow", {
    ...step,
    payload_summary: { ticket: "SUP-123" },
  }),
  "agent.workflow.step.completed": family("agent.workflow.step.completed", "workflow", step),
  "agent.workflow.step.failed": family("agent.workflow.step.failed", "workflow", { ...step, error }),
  "agent.llm.called": family("agent.llm.called", "llm", {
    step_name: "classify",
    payload_summary: { model: "gpt-4o", purpose: "classify_ticket" },
  }),
  "agent.llm.completed": family("agent.llm.completed", "llm", { step_name: "classify" }),
  "agent.llm.failed": family("agent.llm.failed", "llm", { error }),
  "agent.mcp.called": family("agent.mcp.called", "mcp", {
    payload_summary: { server: "cicd", tool: "deploy", action_type: "execute" },
  }),
  "agent.mcp.completed": family("agent.mcp.completed", "mcp"),
  "agent.mcp.failed": family("agent.mcp.failed", "mcp", { error }),
  "agent.mcp.tools_listed": family("agent.mcp.tools_listed", "mcp", {
    step_name: "cicd.tools_list",
    payload_summary: { server: "cicd", tool_count: 2, tools: ["deploy", "status"] },
    metadata: { capture_source: "mcp_proxy", mcp: { server: "cicd", tools: ["deploy", "status"] } },
  }),
  "agent.handoff.requested": family("agent.handoff.requested", "handoff", {
    payload_summary: { ticket: "SUP-123" },
    metadata: { reason: "Delegate", target_run_id: "run_2", target_agent_id: "agt_2" },
  }),
  "agent.handoff.accepted": family("agent.handoff.accepted", "handoff"),
  "agent.handoff.completed": family("agent.handoff.completed", "handoff"),
  "agent.handoff.failed": family("agent.handoff.failed", "handoff", { error }),
  "agent.error": example("agent.error", { error: { message: "TimeoutError: slow", stack: "at main" } }),
};
