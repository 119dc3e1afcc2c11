/**
 * The neutral model: what a span says about agent work, whatever convention it was written in. Conventions make it,
 * tracking places it, events are written from it. Absent means not known.
 */

export type ActivityKind =
  | "session"
  | "session_start"
  | "session_end"
  /** An agent at work: opens a run, or is part of the run above it. */
  | "run"
  | "step"
  | "llm"
  | "embedding"
  | "retrieval"
  | "tool"
  | "mcp"
  | "handoff"
  | "guardrail"
  | "approval"
  | "action"
  | "resource"
  /** An event of the application's own naming. */
  | "event"
  | "error"
  /** Recognised, and of no interest: its children are placed as if it were not there. */
  | "none";

/** What a span tells of agent work. Identity is enough; every further fact makes the events say more. */
export interface Activity {
  kind: ActivityKind;
  /** Name of the convention that recognised the span. */
  convention: string;
  /**
   * Seen at the start of a span whose attributes come at its end only: it waits for them for a while, and is told as it is
   * when they do not come.
   */
  provisional?: boolean | undefined;
  /** The span tells one stage of the work only, and covers none of it: `requested`, `completed`, `resolved`, … */
  stage?: string | undefined;
  agent?: AgentFacts | undefined;
  /** The application's own id of the session or conversation. */
  sessionId?: string | undefined;
  userId?: string | undefined;
  /** Our id of the run the span belongs to, where the span says so. */
  runId?: string | undefined;
  run?: RunFacts | undefined;
  session?: SessionFacts | undefined;
  step?: StepFacts | undefined;
  llm?: ModelCallFacts | undefined;
  tool?: ToolFacts | undefined;
  action?: ActionFacts | undefined;
  resource?: ResourceFacts | undefined;
  mcp?: McpFacts | undefined;
  /** What of it lies outside the declared boundary; set where that is checked. */
  boundary?: BoundaryFacts | undefined;
  handoff?: HandoffFacts | undefined;
  guardrail?: GuardrailFacts | undefined;
  approval?: ApprovalFacts | undefined;
  event?: { type: string; payload?: Record<string, unknown> | undefined } | undefined;
  /** Set when the span failed. */
  error?: ErrorFacts | undefined;
  /** Small object the application gave to be shown. */
  payloadSummary?: Record<string, unknown> | undefined;
  metadata?: Record<string, unknown> | undefined;
  /** Prompts, answers, arguments, results; read only when content capture is on, bounded. */
  content?: ContentFacts | undefined;
}

export interface AgentFacts {
  key?: string | undefined;
  name?: string | undefined;
  version?: string | undefined;
  framework?: string | undefined;
  /**
   * Whether the span is an agent is not said: it is one where no run is above it, and part of one below. Its name gives way
   * to that of an agent within.
   */
  assumed?: boolean | undefined;
}

export interface RunFacts {
  parentId?: string | undefined;
  /** `orchestrator`, `worker`, or the application's own word. */
  role?: string | undefined;
  trigger?: string | undefined;
  inputSummary?: string | undefined;
  outputSummary?: string | undefined;
  /** How the run says it ended, where that is more than success or error. */
  status?: string | undefined;
  segmentIndex?: number | undefined;
  attempt?: number | undefined;
  revisionId?: string | undefined;
  /** The hand-off that started it. */
  handoffId?: string | undefined;
  sources?: readonly string[] | undefined;
  /** Usage the run reports itself, for runs whose model calls are not seen. */
  usage?: Usage | undefined;
  costUsd?: number | undefined;
  /** Its span ends as if all were well whatever happens: it failed when its last work did. */
  failsWithItsWork?: boolean | undefined;
}

export interface SessionFacts {
  kind?: string | undefined;
  status?: string | undefined;
  inputSummary?: string | undefined;
  outputSummary?: string | undefined;
}

export interface StepFacts {
  key?: string | undefined;
  name?: string | undefined;
  index?: number | undefined;
  /** `task`, `planning`, `reasoning`, `memory`, … */
  type?: string | undefined;
}

/** Tokens. `input` includes cached ones, `reasoning` is part of `output`. */
export interface Usage {
  input?: number | undefined;
  output?: number | undefined;
  total?: number | undefined;
  cacheRead?: number | undefined;
  cacheWrite?: number | undefined;
  reasoning?: number | undefined;
}

export interface ModelCallFacts {
  /** `chat`, `text_completion`, `generate_content`, `embeddings`. */
  operation?: string | undefined;
  provider?: string | undefined;
  requestModel?: string | undefined;
  responseModel?: string | undefined;
  responseId?: string | undefined;
  finishReason?: string | undefined;
  stream?: boolean | undefined;
  timeToFirstTokenMs?: number | undefined;
  purpose?: string | undefined;
  promptHash?: string | undefined;
  costAmount?: number | undefined;
  costCurrency?: string | undefined;
  usage?: Usage | undefined;
}

export interface ToolFacts {
  name: string;
  provider?: string | undefined;
  /** `function`, `extension`, `datastore`. */
  type?: string | undefined;
  callId?: string | undefined;
  riskLevel?: string | undefined;
}

export interface ActionFacts {
  type?: string | undefined;
  name?: string | undefined;
  riskLevel?: string | undefined;
  /** Guessed from the tool's name. */
  inferred?: boolean | undefined;
}

export interface ResourceFacts {
  type?: string | undefined;
  id?: string | undefined;
  provider?: string | undefined;
  environment?: string | undefined;
}

export interface BoundaryFacts {
  undeclaredTool?: true | undefined;
  unknownResourceType?: true | undefined;
}

export interface McpFacts {
  /** `tools/call`, `tools/list`, `resources/read`, … */
  method?: string | undefined;
  server?: string | undefined;
  serverVersion?: string | undefined;
  toolName?: string | undefined;
  toolCount?: number | undefined;
  toolNames?: readonly string[] | undefined;
  resourceUri?: string | undefined;
  sessionId?: string | undefined;
  /** The span itself also stands for the tool call: no tool span is above it in its convention. */
  alsoTool?: boolean | undefined;
}

export interface HandoffFacts {
  id?: string | undefined;
  /** `requested`, `accepted`, `completed`, `failed`. */
  status?: string | undefined;
  /** `transfer`, `delegate`, `return`. */
  type?: string | undefined;
  reason?: string | undefined;
  sourceKey?: string | undefined;
  sourceName?: string | undefined;
  sourceRunId?: string | undefined;
  targetKey?: string | undefined;
  targetName?: string | undefined;
  targetRunId?: string | undefined;
}

export interface GuardrailFacts {
  name?: string | undefined;
  mode?: string | undefined;
  target?: string | undefined;
  policyDecision?: string | undefined;
  effectiveDecision?: string | undefined;
  enforcementAction?: string | undefined;
  triggered?: boolean | undefined;
  reason?: string | undefined;
  matched?: readonly string[] | undefined;
  decisionId?: string | undefined;
  receiptId?: string | undefined;
}

export interface ApprovalFacts {
  id?: string | undefined;
  status?: string | undefined;
  reason?: string | undefined;
  resolvedBy?: string | undefined;
}

export interface ErrorFacts {
  /** Class or code; safe to show. */
  type: string;
  /** Content: sent only with content capture on. */
  message?: string | undefined;
  stack?: string | undefined;
  handled?: boolean | undefined;
  /** The same for every span that failed because of one error object. */
  id?: string | undefined;
}

export interface ContentFacts {
  /** Messages or text the model, tool or run got. */
  input?: unknown;
  output?: unknown;
  instructions?: unknown;
  /** What a step says: a plan, reasoning, what the agent tells its user meanwhile; the title of a resource. */
  text?: unknown;
}
