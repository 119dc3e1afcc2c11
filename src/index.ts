/** apie-otel: an OpenTelemetry bridge for AI agents. */
export { Apie } from "./apie.ts";
export type { Registration } from "./apie-api/index.ts";
export type {
  AgentOptions,
  ApieOptions,
  BaggageOptions,
  CapabilityOptions,
  DeclaredAgent,
  DropInfo,
  FetchLike,
  GuardFailureMode,
  HookEvent,
  ImplicitRuns,
  InferRule,
  Mode,
  QueueDropPolicy,
  ReportedError,
  ResourceRule,
  RiskLevel,
  RunSpans,
  SessionStore,
  ToolOptions,
  TracerProviderLike,
  Transport,
  TransportRequest,
  TransportResult,
} from "./config/index.ts";
export { failureOf, type Inferred, inferFromToolName } from "./conventions/index.ts";
export type { EventOutcome, FlushReport, LaneOutcome } from "./delivery/index.ts";
export type {
  DoctorOptions,
  DoctorReport,
  EventValidation,
  Finding,
  FindingLevel,
  QueueDiagnostics,
  RemoteVerdict,
  TestEventMode,
  TestEventResult,
} from "./diagnostics/index.ts";
export type { ApieEvent, EventIssue, EventType, EventVerdict } from "./events/index.ts";
export type {
  ActionCompletedInput,
  ActionFailedInput,
  ActionInput,
  ActionRef,
  AgentRef,
  ApprovalInput,
  ApprovalResolvedInput,
  ApprovalStatus,
  ChildRunInput,
  CommonInput,
  CompleteInput,
  ConversationRef,
  ErrorInput,
  GuardFields,
  GuardInput,
  HandoffInput,
  HandoffStageInput,
  LlmCall,
  LlmInput,
  McpCall,
  McpInput,
  McpToolInput,
  ModelOperation,
  ModelRef,
  PauseInput,
  ResourceInput,
  ResourceRef,
  ResponseInput,
  Run,
  RunHandle,
  RunInput,
  RunOutcome,
  Session,
  SessionEnd,
  SessionHandle,
  SessionInput,
  SessionKind,
  SessionOutcome,
  StepFields,
  StepInput,
  ToolInput,
  ToolRef,
  TrackInput,
  UsageInput,
} from "./instrument/index.ts";
export type { Activity, ActivityKind, ContentFacts } from "./model/activity.ts";
export type { Convention, Phase, SpanView } from "./model/convention.ts";
export { ApieConfigError, ApieError, type ConfigIssue } from "./model/errors.ts";
export type {
  ApprovalOutcome,
  ApprovalState,
  ApprovalWait,
  EnforcementAction,
  GuardDecision,
  GuardMode,
  PolicyDecision,
} from "./model/guard.ts";
export { ApprovalDeniedError, ApprovalPendingError, GuardrailBlockedError } from "./model/guard-errors.ts";
export type { AttributesLike, SpanLike, SpanProcessorLike } from "./model/span.ts";
export { ApieSpanProcessor } from "./processor/index.ts";
export { recordAgentSpans, type SamplerLike, type SamplingResultLike } from "./sampling/index.ts";
export { memorySessionStore } from "./sharing/index.ts";
