/**
 * Events as they come over the wire: snake_case, absent fields left out, nulls only inside of objects. Lenient where
 * clients differ: any `type`, no `event_id`, further fields, and the objects of a known type may be missing (clients
 * take them out of events that grew too large). Those are warned of; what no client sends is refused.
 */
import { z } from "zod";
import { EVENT_TYPES, isEventType } from "../../events/index.ts";
import type { RefusalIssue } from "../http/refusal.ts";
import { check, issuesOf, unknownFields } from "../http/validate.ts";
import { entryOf } from "../members.ts";
import { name, object, text } from "./fields.ts";

const ISO = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** Microseconds since the epoch of an ISO 8601 time with zone; undefined when it is none. */
export function microsecondsOf(timestamp: string): number | undefined {
  const [, second, fraction = "", zone] = ISO.exec(timestamp) ?? [];
  const milliseconds = Date.parse(`${second}${zone}`);
  const microseconds = milliseconds * 1000 + Number(fraction.padEnd(6, "0").slice(0, 6));
  return Number.isSafeInteger(microseconds) ? microseconds : undefined;
}

const timestamp = z
  .string()
  .refine((value) => microsecondsOf(value) !== undefined, "must be an ISO 8601 date and time with its zone");

const optionalName = name.optional();
const sequence = z.int().min(0).optional();

export const EVENT = z.looseObject({
  type: name,
  agent_key: name,
  agent_id: optionalName,
  agent_version_id: optionalName,
  run_id: optionalName,
  session_id: optionalName,
  event_id: optionalName,
  sequence_number: sequence,
  session_sequence_number: sequence,
  timestamp: timestamp.optional(),
  environment: z.string().optional(),
  step_key: z.string().optional(),
  step_name: z.string().optional(),
  step_index: z.int().min(0).optional(),
  payload_summary: object.optional(),
  parent_event_id: optionalName,
  caused_by_event_id: optionalName,
  trigger_kind: z.string().optional(),
  event_category: z.string().optional(),
  metadata: object.optional(),
  tool: z.looseObject({ name: text, provider: text, risk_level: text }).optional(),
  action: z.looseObject({ type: text, name: text, risk_level: text }).optional(),
  resource: z.looseObject({ type: text, external_id: text, provider: text, environment: text }).optional(),
  decision: object.optional(),
  approval: z.looseObject({ approval_id: text, status: text, resolved_by: text }).optional(),
  error: z.looseObject({ message: text, stack: text }).optional(),
});

export type WireEvent = z.output<typeof EVENT>;

export const EVENTS = z.object({ events: z.array(z.unknown()) });

/** The object that makes an event of this type worth having. */
const TELLING_FIELD: Readonly<
  Record<string, "tool" | "action" | "resource" | "decision" | "approval" | "error">
> = {
  "agent.tool.called": "tool",
  "agent.action.requested": "action",
  "agent.action.completed": "action",
  "agent.action.failed": "action",
  "agent.resource.touched": "resource",
  "agent.guardrail.evaluated": "decision",
  "agent.approval.requested": "approval",
  "agent.approval.resolved": "approval",
  "agent.error": "error",
};

export type CheckedEvent =
  | { readonly ok: true; readonly event: WireEvent; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly issues: readonly RefusalIssue[] };

/** One event by itself; paths of issues begin at the event. */
export function checkEvent(value: unknown): CheckedEvent {
  const result = check(EVENT, value);
  if (!result.ok) return { ok: false, issues: issuesOf(result.error, "event") };
  const event = result.value;
  const warnings = unknownFields(EVENT, event, "kept");
  if (!isEventType(event.type)) {
    warnings.push(
      `type ${event.type} is none of the ${EVENT_TYPES.length} known ones; kept as a custom event`,
    );
  }
  const telling = entryOf(TELLING_FIELD, event.type);
  if (telling !== undefined && event[telling] === undefined) warnings.push(`${event.type} has no ${telling}`);
  return { ok: true, event, warnings };
}
