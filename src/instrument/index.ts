export { CallSpans, type McpCall } from "./calls.ts";
export { idOf, members, signalOf } from "./given.ts";
export { Guarding } from "./guarding.ts";
export { Handoffs } from "./handoffs.ts";
export type { InstrumentHost } from "./host.ts";
export { type Carrier, withRemoteParent } from "./incoming.ts";
export type * from "./inputs.ts";
export { LiveScopes } from "./live.ts";
export type { LlmCall } from "./llm-call.ts";
export { outgoingHeaders } from "./outgoing.ts";
export { Pauses } from "./pauses.ts";
export type { Run } from "./run.ts";
export type { PauseInput, RunHandle } from "./run-handle.ts";
export { type CompleteInput, Runs } from "./runs.ts";
export {
  type ConversationRef,
  type Session,
  type SessionEnd,
  type SessionHandle,
  Sessions,
} from "./sessions.ts";
export { Tracks } from "./tracks.ts";
export { SpanWriter } from "./writer.ts";
