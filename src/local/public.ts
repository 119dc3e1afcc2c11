/** `apie-otel/local`: an Apie of one's own, in this process, for development and tests; and reading one. */
export {
  type EventFilter,
  type EventRecord,
  type HandoffRecord,
  LocalReader,
  parentRunOf,
  type Replay,
  type RunRecord,
  readReplay,
  renderTimeline,
  type SessionRecord,
} from "./client/index.ts";
export { LocalApieError, type LocalApieErrorCode } from "./errors.ts";
export type { LocalApieOptions } from "./options.ts";
export { type LocalApie, startLocalApie } from "./start.ts";
export type { StoredSpan as SpanRecord } from "./store/spans.ts";
export type { PolicyBody as LocalPolicy } from "./wire/policies.ts";
