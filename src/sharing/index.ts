export { memorySessionStore } from "./memory-store.ts";
export type { SharedSession } from "./shared-session.ts";
export { type SharedEnd, SharedSessions } from "./shared-sessions.ts";
