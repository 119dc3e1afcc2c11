export { type EndedSpan, spanBytes, type WalkStep } from "./span.ts";
export { EndOnlyTraces } from "./traces.ts";
