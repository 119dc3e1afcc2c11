export type { QueueDiagnostics } from "./queue.ts";
export { type OnError, Reporter } from "./report.ts";
export { sendTestEvent, type TestEventMode, type TestEventResult } from "./test-event/index.ts";
export { type EventValidation, type RemoteVerdict, validate } from "./validation.ts";
