export { standsForTool } from "./kinds.ts";
export type { SpanNode } from "./node.ts";
export type { TrackerOptions } from "./options.ts";
export type { TrackingCounts, TrackingOutput } from "./output.ts";
export { type RunHandoff, type RunParent, RunState, totalOf } from "./run.ts";
export { SessionState } from "./session.ts";
export type { SpanEnd, SpanStart } from "./span.ts";
export { Tracker } from "./tracker.ts";
