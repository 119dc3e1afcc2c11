/** apie-otel/events: schemas, builders and local validation of Apie events. */
export {
  buildActionCompletedEvent,
  buildActionFailedEvent,
  buildActionRequestedEvent,
  buildApprovalRequestedEvent,
  buildApprovalResolvedEvent,
  buildErrorEvent,
  buildEvent,
  buildGuardrailEvaluatedEvent,
  buildResourceTouchedEvent,
  buildToolCallEvent,
  buildWorkflowEvent,
  type EventInput,
  type WorkflowEventType,
} from "./builders.ts";
export type { EventIssue } from "./check.ts";
export { redactEvent } from "./redact-event.ts";
export { REDACTED, type RedactionOptions } from "./redaction/index.ts";
export { customEventSchema, wireEventSchemas } from "./schema.ts";
export { EVENT_TYPES, type EventType, isEventType } from "./types.ts";
export { type EventVerdict, type LocalValidation, validateEvents } from "./validate.ts";
export { type ApieEvent, fromWire, toWire, type WireDecision, type WireEvent } from "./wire.ts";
