export { CONTEXT_MISSING, CONTEXT_REMEDY, hasContextManager } from "./context-manager.ts";
export {
  type DoctorOptions,
  type DoctorReport,
  examine,
  type Finding,
  type FindingLevel,
  type Refusal,
  type Subject,
} from "./doctor/index.ts";
export { liveProcessors, noteProcessor } from "./live-processors.ts";
export { SelfMetrics } from "./metrics/index.ts";
export {
  apiMismatch,
  apiTaken,
  otelApiState,
  registeredProvider,
} from "./otel-api.ts";
export { processorsOf, samplerOf } from "./provider.ts";
export type { QueueDiagnostics } from "./queue.ts";
export { Reporter } from "./report.ts";
export { sendTestEvent, type TestEventMode, type TestEventResult } from "./test-event/index.ts";
export { UNSEEN, type Unseen } from "./unseen.ts";
export { type EventValidation, type RemoteVerdict, validate } from "./validation.ts";
