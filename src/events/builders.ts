/**
 * Builders of events in SDK form, for code that sends events itself.
 *
 * Each takes the agent's key and the members of the event, gives the event an id (UUID v4) and a time (now) where it has none,
 * and checks the whole: a mistake is thrown where it was made, not answered by Apie later.
 */
import { randomUUID } from "node:crypto";
import { ApieError } from "../model/errors.ts";
import { checkEvent } from "./check.ts";
import type { RequiredField } from "./schema.ts";
import { EVENT_TYPES, type EventType } from "./types.ts";
import type { ApieEvent } from "./wire.ts";

type Given = Omit<Partial<ApieEvent>, "type" | "agentKey" | "eventCategory">;

/** Everything of an event of a type but what the builder sets; members the type must have are required. */
export type EventInput<Type extends string = string> = Type extends EventType
  ? Given & Required<Pick<ApieEvent, RequiredField<Type>>>
  : Given;

/** Types of the workflow family carry their family's name. */
const CATEGORIES: readonly (readonly [prefix: string, ApieEvent["eventCategory"]])[] = [
  ["agent.workflow.", "workflow"],
  ["agent.llm.", "llm"],
  ["agent.mcp.", "mcp"],
  ["agent.handoff.", "handoff"],
];

const BY_TYPE: ReadonlyMap<string, ApieEvent["eventCategory"]> = new Map(
  EVENT_TYPES.map((type) => [type, CATEGORIES.find(([prefix]) => type.startsWith(prefix))?.[1]]),
);

export function categoryOf(type: string): ApieEvent["eventCategory"] {
  return BY_TYPE.get(type);
}

/**
 * Builds an event of any type: one of the 23 of the protocol, or a name of your own (which must not begin with `agent.`).
 *
 * @param type e.g. `agent.resource.touched`, or `invoice.sent`.
 * @param agentKey key of the agent it is about.
 * @param input members of the event, camelCase. `metadata` and `payloadSummary` are free objects; the others have the shapes
 *   of `ApieEvent`.
 * @returns the event with `eventId`, `timestamp` and, for the workflow family, `eventCategory`.
 * @throws {ApieError} code `invalid_event`, naming every wrong or missing member.
 * @example
 * buildEvent("invoice.sent", "billing", { runId, metadata: { invoice: "A-17" } });
 */
export function buildEvent<Type extends EventType>(
  type: Type,
  agentKey: string,
  input: EventInput<Type>,
): ApieEvent;
export function buildEvent(type: string, agentKey: string, input?: EventInput): ApieEvent;
export function buildEvent(type: string, agentKey: string, input: EventInput = {}): ApieEvent {
  if (typeof input !== "object" || input === null) throw invalid(type, "expected an object of its members");
  const category = categoryOf(type);
  const event: ApieEvent = {
    ...input,
    type,
    agentKey,
    eventId: input.eventId ?? randomUUID(),
    timestamp: input.timestamp ?? new Date().toISOString(),
    ...(category === undefined ? {} : { eventCategory: category }),
  };
  const issues = checkEvent(event);
  if (issues.length === 0) return event;
  throw invalid(type, issues.map(({ path, message }) => `${path || "event"}: ${message}`).join("; "));
}

const invalid = (type: string, reason: string): ApieError =>
  new ApieError("invalid_event", `Invalid ${type} event: ${reason}`);

/**
 * A tool was called, and is done (`agent.tool.called`).
 *
 * @param input `tool: { name, provider?, riskLevel? }`; usually `runId`, `action`, `resource` and `metadata`.
 * @throws {ApieError} code `invalid_event`.
 * @example
 * buildToolCallEvent("support", { runId, tool: { name: "search", provider: "zendesk" }, metadata: { outcome: "completed" } });
 */
export function buildToolCallEvent(agentKey: string, input: EventInput<"agent.tool.called">): ApieEvent {
  return buildEvent("agent.tool.called", agentKey, input);
}

/**
 * An action is about to be done (`agent.action.requested`).
 *
 * @param input `action: { type, name, riskLevel? }` and `resource: { type, externalId?, provider?, environment? }`.
 * @throws {ApieError} code `invalid_event`.
 */
export function buildActionRequestedEvent(
  agentKey: string,
  input: EventInput<"agent.action.requested">,
): ApieEvent {
  return buildEvent("agent.action.requested", agentKey, input);
}

/**
 * An action was done (`agent.action.completed`).
 *
 * @param input `action` and `resource`, as when it was requested; by convention `metadata.result: { status: "completed" }`.
 * @throws {ApieError} code `invalid_event`.
 */
export function buildActionCompletedEvent(
  agentKey: string,
  input: EventInput<"agent.action.completed">,
): ApieEvent {
  return buildEvent("agent.action.completed", agentKey, input);
}

/**
 * An action failed (`agent.action.failed`).
 *
 * @param input `action`, `resource` and `error: { message }`.
 * @throws {ApieError} code `invalid_event`.
 */
export function buildActionFailedEvent(
  agentKey: string,
  input: EventInput<"agent.action.failed">,
): ApieEvent {
  return buildEvent("agent.action.failed", agentKey, input);
}

/**
 * Something was read or changed (`agent.resource.touched`).
 *
 * @param input `resource: { type, externalId?, provider?, environment? }`, e.g. `{ type: "work_item", externalId: "T-7" }`.
 * @throws {ApieError} code `invalid_event`.
 */
export function buildResourceTouchedEvent(
  agentKey: string,
  input: EventInput<"agent.resource.touched">,
): ApieEvent {
  return buildEvent("agent.resource.touched", agentKey, input);
}

/**
 * A guardrail decided about an action (`agent.guardrail.evaluated`).
 *
 * @param input `action`, `resource` and `decision: { policyDecision, effectiveDecision, enforcementAction?, mode?, reason? }`;
 *   decisions are `allow`, `warn`, `block` and `require_approval`.
 * @throws {ApieError} code `invalid_event`.
 */
export function buildGuardrailEvaluatedEvent(
  agentKey: string,
  input: EventInput<"agent.guardrail.evaluated">,
): ApieEvent {
  return buildEvent("agent.guardrail.evaluated", agentKey, input);
}

/**
 * A human is asked (`agent.approval.requested`).
 *
 * @param input `approval: { approvalId, status: "pending" }`; usually `action` and `resource`.
 * @throws {ApieError} code `invalid_event`.
 */
export function buildApprovalRequestedEvent(
  agentKey: string,
  input: EventInput<"agent.approval.requested">,
): ApieEvent {
  return buildEvent("agent.approval.requested", agentKey, input);
}

/**
 * A human has answered, or not in time (`agent.approval.resolved`).
 *
 * @param input `approval: { approvalId, status, resolvedBy? }`; status is `approved`, `rejected`, `expired`, `cancelled` or
 *   `timeout`.
 * @throws {ApieError} code `invalid_event`.
 */
export function buildApprovalResolvedEvent(
  agentKey: string,
  input: EventInput<"agent.approval.resolved">,
): ApieEvent {
  return buildEvent("agent.approval.resolved", agentKey, input);
}

/**
 * Something went wrong (`agent.error`).
 *
 * @param input `error: { message, stack? }`.
 * @throws {ApieError} code `invalid_event`.
 */
export function buildErrorEvent(agentKey: string, input: EventInput<"agent.error">): ApieEvent {
  return buildEvent("agent.error", agentKey, input);
}

/** Step, model call, MCP and hand-off events: the family the vendor calls workflow events. */
export type WorkflowEventType = Extract<
  EventType,
  `agent.workflow.${string}` | `agent.llm.${string}` | `agent.mcp.${string}` | `agent.handoff.${string}`
>;

/**
 * An event of the workflow family; `eventCategory` is set.
 *
 * @param input for steps `stepName` (and `stepKey`, `stepIndex`), for failures `error`, for `agent.mcp.tools_listed`
 *   `payloadSummary: { server, tool_count, tools }`; for all, `payloadSummary` with what may be shown.
 * @throws {ApieError} code `invalid_event`.
 * @example
 * buildWorkflowEvent("agent.llm.completed", "support", {
 *   runId,
 *   payloadSummary: { provider: "openai", model: "gpt-5", usage: { input: 812, output: 96, total: 908 } },
 * });
 */
export function buildWorkflowEvent<Type extends WorkflowEventType>(
  type: Type,
  agentKey: string,
  input: EventInput<Type>,
): ApieEvent {
  return buildEvent(type, agentKey, input);
}
