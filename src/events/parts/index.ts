/** What each type of event says, from the neutral model. Content is added only where it is captured. */
import { type EventType, isEventType } from "../types.ts";
import { approvalRequested, approvalResolved, guardrail } from "./decisions.ts";
import { contentOf, type EventFacts, type EventParts, type Parts, UNKNOWN } from "./facts.ts";
import { errorPart, failed } from "./failure.ts";
import { mcpCall, mcpEnd, toolsListed } from "./mcp.ts";
import { modelAnswer, modelCall } from "./model-call.ts";
import { actionFields, actionPart, boundaryMark, resourcePart, toolMetadata, toolPart } from "./target.ts";
import { handoff, stepEnded, stepStarted } from "./workflow.ts";

export type { EventFacts, EventParts } from "./facts.ts";
export { errorPart } from "./failure.ts";
export { usagePart } from "./model-call.ts";

/** Payload of each type. */
const PARTS: Readonly<Record<EventType, Parts>> = {
  "agent.tool.called": (facts) => ({
    ...actionFields(facts),
    tool: toolPart(facts) ?? { name: facts.name || UNKNOWN },
    metadata: {
      ...toolMetadata(facts),
      outcome: facts.activity.error === undefined ? "completed" : "failed",
    },
  }),
  "agent.action.requested": (facts) => ({
    ...actionFields(facts),
    metadata: { ...toolMetadata(facts), arguments: contentOf(facts)?.input },
  }),
  "agent.action.completed": (facts) => ({
    ...actionFields(facts),
    metadata: { ...toolMetadata(facts), result: { status: "completed", value: contentOf(facts)?.output } },
  }),
  "agent.action.failed": failed(actionFields),
  "agent.resource.touched": (facts) => ({
    resource: resourcePart(facts),
    environment: facts.activity.resource?.environment,
    ...(facts.activity.action === undefined ? {} : { action: actionPart(facts) }),
    metadata: {
      ...facts.activity.metadata,
      boundary: boundaryMark(facts.activity),
      title: contentOf(facts)?.text,
    },
  }),
  "agent.guardrail.evaluated": guardrail,
  "agent.approval.requested": approvalRequested,
  "agent.approval.resolved": approvalResolved,
  "agent.workflow.step.started": stepStarted,
  "agent.workflow.step.completed": stepEnded,
  "agent.workflow.step.failed": failed(stepEnded),
  "agent.llm.called": (facts) => ({ payload_summary: modelCall(facts), metadata: facts.activity.metadata }),
  "agent.llm.completed": (facts) => ({
    payload_summary: modelAnswer(facts),
    metadata: facts.activity.metadata,
  }),
  "agent.llm.failed": failed((facts) => ({
    payload_summary: modelAnswer(facts),
    metadata: facts.activity.metadata,
  })),
  "agent.mcp.called": (facts) => ({ payload_summary: mcpCall(facts), metadata: facts.activity.metadata }),
  "agent.mcp.completed": mcpEnd,
  "agent.mcp.failed": failed(mcpEnd),
  "agent.mcp.tools_listed": toolsListed,
  "agent.handoff.requested": handoff,
  "agent.handoff.accepted": handoff,
  "agent.handoff.completed": handoff,
  "agent.handoff.failed": failed(handoff),
  "agent.error": (facts) => ({
    error: errorPart(facts.activity.error, facts.captureContent, true),
    metadata: {
      ...facts.activity.metadata,
      error_type: facts.activity.error?.type,
      handled: facts.activity.error?.handled,
    },
  }),
};

/** @param type one of the protocol, or a name of the application's own, which says all it has in metadata. */
export function partsOf(type: string, facts: EventFacts): EventParts {
  const { event, metadata } = facts.activity;
  const parts: EventParts = isEventType(type) ? PARTS[type](facts) : { metadata };
  // What the application told in an event of its own.
  return event?.payload === undefined
    ? parts
    : { ...parts, metadata: { ...parts.metadata, ...event.payload } };
}
