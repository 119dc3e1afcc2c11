/** The events of the protocol as zod schemas: envelope, sub-objects, and what each of the 23 types requires. */
import { z } from "zod";
import { EVENT_TYPES, type EventType } from "./types.ts";
import type { ApieEvent, WireEvent } from "./wire.ts";

const text = z.string({ error: "expected text" }).min(1, "expected text that is not empty");
const count = z.int({ error: "expected a whole number" }).min(0, "expected a whole number from 0");
const members = z.record(z.string(), z.unknown(), { error: "expected an object" });
const oneOf = <const Words extends readonly string[]>(...words: Words) =>
  z.enum(words, { error: `expected ${words.slice(0, -1).join(", ")} or ${words.at(-1)}` });
const anyText = z.string({ error: "expected text" });
const risk = oneOf("low", "medium", "high", "critical");
const decision = oneOf("allow", "warn", "block", "require_approval");
/** An object with these members and no others. */
const parts = <const Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) => (issue.code === "invalid_type" ? "expected an object" : undefined),
  });

const tool = parts({ name: text, provider: text.optional(), risk_level: risk.optional() });
const action = parts({ type: text, name: text, risk_level: risk.optional() });
const resource = parts({
  type: text,
  external_id: text.optional(),
  provider: text.optional(),
  environment: text.optional(),
});
const decided = parts({
  policyDecision: decision,
  effectiveDecision: decision,
  enforcementAction: oneOf("proceed", "warn", "block", "wait_for_approval").optional(),
  mode: oneOf("monitor", "enforce").optional(),
  reason: anyText.optional(),
});
const approval = parts({
  approval_id: text.optional(),
  status: oneOf("pending", "approved", "rejected", "expired", "cancelled", "timeout"),
  resolved_by: text.optional(),
});
const error = parts({ message: anyText, stack: anyText.optional() });
const category = oneOf("workflow", "llm", "mcp", "handoff");

/** Every member an event may have, in wire form. */
export const ENVELOPE = {
  type: text,
  agent_key: text,
  agent_id: text.optional(),
  agent_version_id: text.optional(),
  run_id: text.optional(),
  session_id: text.optional(),
  event_id: z.guid({ error: "expected a UUID" }).optional(),
  sequence_number: count.min(1, "expected a whole number from 1").optional(),
  session_sequence_number: count.min(1, "expected a whole number from 1").optional(),
  timestamp: z.iso.datetime({ offset: true, error: "expected an ISO 8601 time" }).optional(),
  environment: text.optional(),
  step_key: text.optional(),
  step_name: text.optional(),
  step_index: count.optional(),
  payload_summary: members.optional(),
  parent_event_id: text.optional(),
  caused_by_event_id: text.optional(),
  trigger_kind: text.optional(),
  event_category: category.optional(),
  metadata: members.optional(),
  tool: tool.optional(),
  action: action.optional(),
  resource: resource.optional(),
  decision: decided.optional(),
  approval: approval.optional(),
  error: error.optional(),
} satisfies Record<keyof WireEvent, z.ZodType>;

const only = <const Word extends string>(word: Word) => z.literal(word, { error: `expected "${word}"` });

/** What a type requires beyond the envelope. */
const REQUIRED = {
  "agent.tool.called": { tool },
  "agent.action.requested": { action, resource },
  "agent.action.completed": { action, resource },
  "agent.action.failed": { action, resource, error },
  "agent.resource.touched": { resource },
  "agent.guardrail.evaluated": { action, resource, decision: decided },
  "agent.approval.requested": { approval },
  "agent.approval.resolved": { approval },
  "agent.workflow.step.started": { event_category: only("workflow"), step_name: text },
  "agent.workflow.step.completed": { event_category: only("workflow"), step_name: text },
  "agent.workflow.step.failed": { event_category: only("workflow"), step_name: text, error },
  "agent.llm.called": { event_category: only("llm") },
  "agent.llm.completed": { event_category: only("llm") },
  "agent.llm.failed": { event_category: only("llm"), error },
  "agent.mcp.called": { event_category: only("mcp") },
  "agent.mcp.completed": { event_category: only("mcp") },
  "agent.mcp.failed": { event_category: only("mcp"), error },
  "agent.mcp.tools_listed": { event_category: only("mcp"), payload_summary: members },
  "agent.handoff.requested": { event_category: only("handoff") },
  "agent.handoff.accepted": { event_category: only("handoff") },
  "agent.handoff.completed": { event_category: only("handoff") },
  "agent.handoff.failed": { event_category: only("handoff") },
  "agent.error": { error },
} satisfies Record<EventType, Record<string, z.ZodType>>;

/** Schema of each known type, wire form. */
export const wireEventSchemas = Object.fromEntries(
  EVENT_TYPES.map((type) => [type, parts({ ...ENVELOPE, ...REQUIRED[type], type: z.literal(type) })]),
) as unknown as Record<EventType, z.ZodType<WireEvent>>;

/** Types of the application's own naming carry their payload in `metadata`. */
export const customEventSchema: z.ZodType<WireEvent> = parts(ENVELOPE);

type Camel<Name extends string> = Name extends `${infer First}_${infer Rest}`
  ? `${First}${Capitalize<Camel<Rest>>}`
  : Name;

/** Members an event of this type must have, in the SDK's spelling, beside those every builder sets. */
export type RequiredField<Type extends EventType> = Camel<
  Exclude<keyof (typeof REQUIRED)[Type] & string, "event_category">
> &
  keyof ApieEvent;
