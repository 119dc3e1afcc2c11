/** The 23 event types of the Apie protocol, by name (https://docs.apie.sh, reference/events). */
export const EVENT_TYPES = [
  "agent.tool.called",
  "agent.action.requested",
  "agent.action.completed",
  "agent.action.failed",
  "agent.resource.touched",
  "agent.guardrail.evaluated",
  "agent.approval.requested",
  "agent.approval.resolved",
  "agent.workflow.step.started",
  "agent.workflow.step.completed",
  "agent.workflow.step.failed",
  "agent.llm.called",
  "agent.llm.completed",
  "agent.llm.failed",
  "agent.mcp.called",
  "agent.mcp.completed",
  "agent.mcp.failed",
  "agent.mcp.tools_listed",
  "agent.handoff.requested",
  "agent.handoff.accepted",
  "agent.handoff.completed",
  "agent.handoff.failed",
  "agent.error",
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

const KNOWN: ReadonlySet<string> = new Set(EVENT_TYPES);

export function isEventType(value: unknown): value is EventType {
  return typeof value === "string" && KNOWN.has(value);
}
