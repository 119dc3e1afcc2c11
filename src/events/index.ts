export { withoutBlobs } from "./base64.ts";
export * from "./builders.ts";
export type { EventIssue } from "./check.ts";
export { CONTENT_LIMITS, CONTENT_NAMES, contentLimits } from "./content.ts";
export { eventIdOf } from "./event-id.ts";
export {
  type FinishedEvent,
  type FinishOptions,
  finishEvent,
  type Hook,
  hooked,
  redactWireEvent,
} from "./finish.ts";
export { nameUuid, runIdOf } from "./ids.ts";
export { type EventFacts, type EventParts, errorPart, partsOf, usagePart } from "./parts/index.ts";
export {
  type PlainLimits,
  part,
  toPlain,
  toPlainObject,
  truncateText,
  truncateWords,
  wordsWithin,
} from "./plain.ts";
export { REDACTED, type RedactionOptions, Redactor } from "./redaction/index.ts";
export { SpanPlace } from "./span-place.ts";
export { spanContent, told, toldOfSpan, withoutKey } from "./told.ts";
export { EVENT_TYPES, type EventType, isEventType } from "./types.ts";
export { type EventVerdict, type LocalValidation, validateEvents } from "./validate.ts";
export { type ApieEvent, fromWire, toWire, type WireDecision, type WireEvent } from "./wire.ts";
