/**
 * What application code hands to the API. All of it is sent, with secrets replaced, but for what is marked as recorded only
 * with `captureContent`.
 */
import type { RiskLevel } from "../config/index.ts";

export type SessionKind = "single_agent" | "multi_agent" | "pipeline";
export type RunOutcome = "completed" | "failed" | "cancelled";
export type SessionOutcome = "completed" | "failed" | "cancelled";

export interface StepFields {
  /** Stable id of the step. */
  stepKey?: string | undefined;
  /** Label of the step. */
  stepName?: string | undefined;
  /** Place of the step in the replay. */
  stepIndex?: number | undefined;
}

export interface CommonInput extends StepFields {
  /** Run the work belongs to: ours, or Apie's. Default: the active run. */
  runId?: string | undefined;
  /** Session the work belongs to: ours, or Apie's. Default: the active session. */
  sessionId?: string | undefined;
  /** Free data to be shown with the work: plain, safe to show, up to 4 KiB of JSON. What is longer loses its largest members. */
  metadata?: Record<string, unknown> | undefined;
  /** The same for what comes in or goes out. */
  payloadSummary?: Record<string, unknown> | undefined;
}

export interface AgentRef {
  /** Stable machine key, e.g. `refunds`. */
  key: string;
  name?: string | undefined;
}

/** Fields of the step the run is in; default: those of the active step. */
export interface RunInput extends StepFields {
  /** One line on what the run is to do. */
  inputSummary?: string | undefined;
  /** Session the run belongs to: ours, or Apie's. Default: the parent's, else the active session. */
  sessionId?: string | undefined;
  /**
   * In place of `sessionId`: the application's own id of the conversation, e.g. of a chat. All runs of it are one session, with
   * a `sessionStore` in all instances of the service. It ends when nothing has happened in it for 30 minutes (`ttlMs` of the
   * store), or by `sessions.complete({ conversationId })`.
   */
  conversationId?: string | undefined;
  /** `orchestrator`, `worker`, or a word of your own. */
  role?: string | undefined;
  /** What started it: `user_message`, `webhook`, `schedule`, … */
  trigger?: string | undefined;
  metadata?: Record<string, unknown> | undefined;
  payloadSummary?: Record<string, unknown> | undefined;
  /** Full input; recorded only with `captureContent`. */
  input?: unknown;
}

export interface ChildRunInput extends RunInput {
  /** Run that delegates: ours, or Apie's. Default: the active run. */
  parentRunId?: string | undefined;
  /** Agent that does the work. Default: the client's own. */
  agentKey?: string | undefined;
  agentName?: string | undefined;
}

export interface SessionInput {
  /** Default `single_agent`: one agent, several steps. `pipeline`: an orchestrator and its workers, in order. */
  kind?: SessionKind | undefined;
  inputSummary?: string | undefined;
  metadata?: Record<string, unknown> | undefined;
}

export interface ToolRef {
  name: string;
  provider?: string | undefined;
  riskLevel?: RiskLevel | undefined;
  /** `function` (default), `extension`, `datastore`. */
  type?: string | undefined;
  /** Id the model gave the call. */
  callId?: string | undefined;
}

export interface ActionRef {
  /** `read`, `create`, `update`, `delete`, `execute`, `communicate`, `merge`, … */
  type: string;
  /** What is done, in few words that repeat: part of the span's name. */
  name: string;
  riskLevel?: RiskLevel | undefined;
}

export interface ResourceRef {
  /** `work_item`, `code_repository`, `secret`, `database_record`, … */
  type: string;
  /** Its id in the system that holds it. */
  externalId?: string | undefined;
  /** The system that holds it. */
  provider?: string | undefined;
  /** Where it is, e.g. `production`; the events' environment, too. */
  environment?: string | undefined;
}

/** What may be said of the guardrail before a piece of work. */
export interface GuardFields {
  /** Ask Apie before the work begins. Default: `true` where the client was given a `mode`. */
  guard?: boolean | undefined;
  /**
   * In enforce mode: gives up the evaluation, which then rejects with the signal's reason, or the wait for a human, which
   * counts as `cancelled`. The work is not begun.
   */
  signal?: AbortSignal | undefined;
  /**
   * In enforce mode, where a human is to be asked: `wait` (default), or `throw` an `ApprovalPendingError` at once, for a run
   * that is then paused.
   */
  approval?: "wait" | "throw" | undefined;
  /**
   * In enforce mode: an approval that was asked for before, e.g. before the run was paused. It is waited for instead of a new
   * evaluation.
   */
  approvalId?: string | undefined;
}

export interface ToolInput extends CommonInput, GuardFields {
  tool: ToolRef;
  /** Default: `execute`, named as the tool. */
  action?: ActionRef | undefined;
  /** Default: of a type that is not known. */
  resource?: ResourceRef | undefined;
  /** Recorded only with `captureContent`. */
  arguments?: unknown;
}

export interface GuardInput extends CommonInput, Omit<GuardFields, "guard"> {
  action: ActionRef;
  resource: ResourceRef;
  tool?: ToolRef | undefined;
  /** Risk of the action, where `action` does not say it. */
  riskLevel?: RiskLevel | undefined;
}

export interface ModelRef {
  /** As OTel GenAI names them: `openai`, `anthropic`, `aws.bedrock`, … */
  provider: string;
  name: string;
}

export type ModelOperation = "chat" | "text_completion" | "generate_content" | "embeddings";

export interface LlmInput extends CommonInput {
  model: ModelRef;
  /** Default `chat`. */
  operation?: ModelOperation | undefined;
  /** Why the model is called, in few words that repeat. */
  purpose?: string | undefined;
  inputSummary?: string | undefined;
  /** Hash of the prompt's template. */
  promptHash?: string | undefined;
  stream?: boolean | undefined;
  /** Messages sent; recorded only with `captureContent`. */
  input?: unknown;
}

/** Whole numbers from 0; others are left out. */
export interface UsageInput {
  /** Tokens in, cached ones included. */
  inputTokens?: number | undefined;
  /** Tokens out, reasoning included. */
  outputTokens?: number | undefined;
  /** Default: in plus out. */
  totalTokens?: number | undefined;
  /** Of the tokens in: read from the provider's cache. */
  cacheReadTokens?: number | undefined;
  /** Of the tokens in: written to it. */
  cacheWriteTokens?: number | undefined;
  /** Of the tokens out: spent on reasoning. */
  reasoningTokens?: number | undefined;
}

export interface ResponseInput {
  model?: string | undefined;
  id?: string | undefined;
  finishReason?: string | undefined;
  /** Recorded only with `captureContent`. */
  output?: unknown;
  /** Currency by ISO 4217; default `USD`. */
  cost?: { amount: number; currency?: string | undefined } | undefined;
}

export interface McpInput extends CommonInput {
  /** Name of the MCP server, as configured in the client. */
  server: string;
  serverVersion?: string | undefined;
  tool?: string | undefined;
  /** Default `tools/call`. */
  method?: string | undefined;
  /** Recorded only with `captureContent`. */
  arguments?: unknown;
  action?: ActionRef | undefined;
  resource?: ResourceRef | undefined;
}

export interface McpToolInput extends CommonInput, GuardFields {
  /** Name of the MCP server, as configured in the client. */
  server: string;
  serverVersion?: string | undefined;
  /** Name of the tool there; the tool's name at Apie is `server.tool`. */
  tool: string;
  /** Default `execute`. */
  actionType?: string | undefined;
  /** Default `server.tool`. */
  actionName?: string | undefined;
  /** Default `internal_api`. */
  resourceType?: string | undefined;
  resourceProvider?: string | undefined;
  /** Environment of the resource. */
  environment?: string | undefined;
  /** Default `medium`. */
  riskLevel?: RiskLevel | undefined;
  /** The resource's id; `resourceId` wins. */
  resourceTarget?: string | undefined;
  resourceId?: string | undefined;
  /** Id the model gave the call. */
  callId?: string | undefined;
  /** Recorded only with `captureContent`. */
  arguments?: unknown;
}

export interface StepInput extends CommonInput {
  stepName: string;
  /** Default: made of `stepName`. */
  stepKey?: string | undefined;
  /** `task` (default), `planning`, `reasoning`, `memory`, `retrieval`, `hook`, `other`. */
  stepType?: "task" | "planning" | "reasoning" | "memory" | "retrieval" | "hook" | "other" | undefined;
}

export interface HandoffInput extends CommonInput {
  target: AgentRef;
  reason?: string | undefined;
  /** `delegate` (default of `withHandoff`): control comes back. `transfer`: it does not. `return`: it goes back. */
  type?: "transfer" | "delegate" | "return" | undefined;
  inputSummary?: string | undefined;
  /** Role of the receiving run. Default `worker`. */
  role?: string | undefined;
}

/** One stage of a hand-off. */
export interface HandoffStageInput extends CommonInput {
  /** Joins the stages; given by `trackHandoffRequested`. */
  handoffId?: string | undefined;
  /** Giving run. Default for `requested`: the active run; for later stages: the one that asked. */
  sourceRunId?: string | undefined;
  /** Default: the agent of the giving run. */
  source?: AgentRef | undefined;
  /** Default for later stages: the one that was asked for. */
  target?: AgentRef | undefined;
  /** Apie's id of the receiving agent, where its key is not known. */
  targetAgentId?: string | undefined;
  /** Receiving run, to which later stages then belong. */
  targetRunId?: string | undefined;
  reason?: string | undefined;
  inputSummary?: string | undefined;
  type?: "transfer" | "delegate" | "return" | undefined;
  error?: unknown;
}

export interface ActionInput extends CommonInput {
  action: ActionRef;
  resource: ResourceRef;
  tool?: ToolRef | undefined;
  /** Risk of the action, where `action` does not say it. */
  riskLevel?: RiskLevel | undefined;
}

export interface ActionCompletedInput extends ActionInput {
  /** What the action gave back; recorded only with `captureContent`. */
  result?: unknown;
}

export interface ActionFailedInput extends ActionInput {
  error: unknown;
}

export interface ResourceInput extends CommonInput {
  resource: ResourceRef;
  action?: ActionRef | undefined;
}

export interface ApprovalInput extends CommonInput {
  approvalId: string;
  action?: ActionRef | undefined;
  resource?: ResourceRef | undefined;
  reason?: string | undefined;
}

export type ApprovalStatus = "approved" | "rejected" | "expired" | "cancelled" | "timeout";

export interface ApprovalResolvedInput extends ApprovalInput {
  status: ApprovalStatus;
  /** Who decided; recorded only with `captureContent`. */
  resolvedBy?: string | undefined;
}

export interface TrackInput extends CommonInput {
  /** A name of your own, e.g. `custom.event`, in few words that repeat: part of the span's name. */
  type: string;
  /** Plain, safe to show, up to 4 KiB of JSON. */
  payload?: Record<string, unknown> | undefined;
}

export interface ErrorInput extends CommonInput {
  error: unknown;
  /** The run goes on. Default `true`: an error that ends the run is told by the run itself. */
  handled?: boolean | undefined;
}
