export { detailOf, shortType, styleOf } from "./detail.ts";
export { type EventFilter, LocalReader } from "./reader.ts";
export type { EventRecord, HandoffRecord, RunRecord, SessionRecord } from "./records.ts";
export { parentRunOf, type Replay, readReplay } from "./replay.ts";
export { counted, paint, printable, type Style } from "./text.ts";
export { renderTimeline } from "./timeline.ts";
