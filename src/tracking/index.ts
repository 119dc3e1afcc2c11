export { standsForTool } from "./kinds.ts";
export type { SpanNode } from "./node.ts";
export type { TrackerOptions } from "./options.ts";
export type { TrackingOutput } from "./output.ts";
export { RunState } from "./run.ts";
export { SessionState } from "./session.ts";
export type { SpanEnd, SpanStart } from "./span.ts";
export { Tracker } from "./tracker.ts";
