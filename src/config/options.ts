/**
 * The options of `new Apie()` and `new ApieSpanProcessor()`. Names and defaults are the vendor SDK's where it has
 * them (docs.apie.sh, reference/configuration); the others are marked "bridge".
 */
import type { Convention } from "../model/convention.ts";
import type { SpanProcessorLike } from "../model/span.ts";
import type { SessionStore } from "./session-store.ts";

export type RiskLevel = "low" | "medium" | "high" | "critical";
export type Mode = "monitor" | "enforce";
export type GuardFailureMode = "fail_open" | "fail_closed" | "throw";
export type QueueDropPolicy = "drop_oldest" | "drop_newest";
export type RunSpans = "root" | "nested";
export type ImplicitRuns = "run" | "attach" | "drop";

export interface AgentOptions {
  /** Stable machine key of the agent, e.g. `support-orchestrator`. */
  key: string;
  /** Display name, e.g. `Support Orchestrator`. */
  name: string;
  purpose?: string | undefined;
  /** E-mail of the owner; sent as `owner_email`. */
  owner?: string | undefined;
  team?: string | undefined;
  description?: string | undefined;
}

/** An agent that runs in this process beside the default one; a foreign agent span of that name gets its key. */
export interface DeclaredAgent {
  key: string;
  name: string;
}

/** What a tool's name says of what the tool does and to what. */
export interface InferRule {
  /** A word of the name (`deploy`; `pull_request` for two that follow each other), or an expression on the whole name. */
  tool: string | RegExp;
  /** Type of the action: `read`, `create`, `update`, `delete`, `execute`, … */
  action?: string | undefined;
  /** Type of the resource: `work_item`, `code_repository`, … */
  resource?: string | undefined;
  riskLevel?: RiskLevel | undefined;
}

/** Which spans tell that a resource was touched. */
export interface ResourceRule {
  /** An attribute the span must have. */
  attribute: string;
  /** What its value must be. */
  value?: string | RegExp | undefined;
  /** Type of the resource: `work_item`, `code_repository`, … */
  resource: string;
  /** Attributes whose values make its id. */
  id?: readonly string[] | undefined;
  /** Type of the action: `read`, `create`, `update`, `delete`, `execute`, … */
  action?: string | undefined;
}

export interface CapabilityOptions {
  tool: { name: string; provider?: string | undefined };
  /** Action types the agent may do with it: `read`, `create`, `update`, `delete`, `execute`, … */
  actions?: readonly string[] | undefined;
  /** Resource types it may touch: `work_item`, `code_repository`, … */
  resources?: readonly string[] | undefined;
  environments?: readonly string[] | undefined;
  riskLevel?: RiskLevel | undefined;
}

export interface ToolOptions {
  name: string;
  provider?: string | undefined;
  description?: string | undefined;
  /** JSON Schema of the arguments. */
  inputSchema?: unknown;
  actionTypes?: readonly string[] | undefined;
  resourceTypes?: readonly string[] | undefined;
  environments?: readonly string[] | undefined;
  riskLevel?: RiskLevel | undefined;
}

/** An event as hooks see it: SDK form, camelCase keys at the top level, before ids of Apie are bound. */
export type HookEvent = Record<string, unknown>;

/** Why an event, a run or a session was given up. */
export interface DropInfo {
  what: "event" | "run" | "session" | "call";
  /** `dropped`: by our own bounds. `rejected`: Apie refused it. */
  outcome: "dropped" | "rejected";
  /**
   * Stable word, e.g. `queue_full`, `run_not_admitted`, `rejected_422`, `expired`, `shutdown`; of runs and sessions whose
   * span nobody records, `not_sampled`, `provider_missing`, `api_mismatch` or `suppressed`.
   */
  reason: string;
  /** Event type, or the kind of call. */
  type: string;
  runId?: string | undefined;
  sessionId?: string | undefined;
  eventId?: string | undefined;
  /** HTTP status Apie refused it with. */
  status?: number | undefined;
  /** What Apie said, where it said something: one line, secrets replaced. */
  message?: string | undefined;
  /** The event itself in wire form, redacted; given for rejected events so that they can be kept elsewhere. */
  event?: Record<string, unknown> | undefined;
}

/** A problem reported to `onError`. */
export interface ReportedError extends Error {
  readonly code: string;
}

/** One HTTP exchange with Apie; give your own to use another client. */
export interface TransportRequest {
  method: "GET" | "POST";
  url: string;
  headers: Record<string, string>;
  body?: string | undefined;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

export type TransportResult =
  /** `truncated`: the status line came, the body did not come whole. Header names are lower case. */
  | { kind: "response"; status: number; headers: Record<string, string>; body: string; truncated?: boolean }
  /**
   * `notSent`: the server cannot have seen the request (refused, unknown host). `unknown`: it may have (timeout,
   * reset): only calls that are safe to repeat are repeated without a mark.
   */
  | { kind: "failure"; sent: "notSent" | "unknown"; message: string; code?: string | undefined };

export type Transport = (request: TransportRequest) => Promise<TransportResult>;

/** `fetch` as far as it is used. */
export type FetchLike = (
  url: string,
  init: {
    method: string;
    headers: Record<string, string>;
    body?: string;
    signal: AbortSignal;
  },
) => Promise<{
  status: number;
  headers: { forEach(callback: (value: string, key: string) => void): void };
  text(): Promise<string>;
}>;

/** What of the active run and session goes into W3C baggage, and to whom. Off by default. */
export interface BaggageOptions {
  /** Read ids that arrive in baggage (as untrusted text). Default `false`. */
  read?: boolean | undefined;
  /**
   * Hosts (exact, or `*.example.com`) and names of MCP servers that may receive the ids; `true`: every callee. Default, and an
   * empty list: nobody.
   */
  write?: readonly string[] | boolean | undefined;
}

export interface ApieOptions {
  /** API key. Default: environment `APIE_API_KEY`. Required while `enabled`. */
  apiKey?: string | undefined;
  /** Address of Apie, e.g. `https://api.apie.sh`. Default: environment `APIE_BASE_URL`. Required while `enabled`. */
  baseUrl?: string | undefined;
  /** `false`: callbacks run, spans still go to OTLP, nothing goes to Apie and no key is needed. Default `true`. */
  enabled?: boolean | undefined;
  /** The agent this service is. Default: key and name from `OTEL_SERVICE_NAME` when that is set. */
  agent?: AgentOptions | undefined;
  runtime?:
    | {
        environment?: string | undefined;
        framework?: string | undefined;
        language?: string | undefined;
        sdkVersion?: string | undefined;
      }
    | undefined;
  model?: { provider?: string | undefined; name?: string | undefined } | undefined;
  version?:
    | {
        version?: string | undefined;
        framework?: string | undefined;
        modelProvider?: string | undefined;
        modelName?: string | undefined;
      }
    | undefined;
  source?: { gitSha?: string | undefined; deploymentId?: string | undefined } | undefined;
  promptHash?: string | undefined;
  /** Whether guardrail decisions stop actions (`enforce`) or only inform. Default `monitor`. */
  mode?: Mode | undefined;
  /** What an evaluation that fails means in enforce mode. Default `fail_open`. */
  guardFailureMode?: GuardFailureMode | undefined;
  /** Longest wait for a human, in ms. Default 300,000. */
  approvalTimeoutMs?: number | undefined;
  capabilities?: readonly CapabilityOptions[] | undefined;
  tools?: readonly ToolOptions[] | undefined;
  boundary?:
    | {
        /** Tells of tools that neither `capabilities` nor `tools` name, once each, and marks their events. Default `false`. */
        warnOnUndeclaredTools?: boolean | undefined;
        /** The same for types of resource that neither Apie's documentation nor `capabilities` or `tools` name. */
        warnOnUnknownResourceTypes?: boolean | undefined;
        /** Infer action and resource of our own API's tool calls as well, see `inferRules`. */
        autoInferFromToolNames?: boolean | undefined;
      }
    | undefined;

  /** Longest time an event waits for its batch, in ms. Default 2,000. */
  flushIntervalMs?: number | undefined;
  /** Events per POST. Default 25. */
  maxBatchSize?: number | undefined;
  /** Events, opens and completions held in memory. Default 100,000 (bridge; the vendor's 5,000 would lose a burst). */
  maxQueueSize?: number | undefined;
  /** Attempts one `flush()` makes for a failing batch or call. Default 3. */
  retryAttempts?: number | undefined;
  /** First retry delay in ms, doubled each time, with full jitter. Default 250. */
  retryBaseDelayMs?: number | undefined;
  /**
   * Keeps what waits on disk as well, so that it survives the end of the process; docs/durable-queue.md says what of it and how. A
   * file, which one process at a time may use, or a folder (one that exists, or with a `/` at the end), in which each process
   * has a file of its own. Needs `node:sqlite`: Node 22.13 or newer. Default: none, the queue is in memory.
   */
  queueStoragePath?: string | undefined;
  /** Which events of the longest run give way when the queue is full. Default `drop_oldest`. */
  queueDropPolicy?: QueueDropPolicy | undefined;
  /** Events for which this gives the same text while one is queued are sent once. */
  queueIdempotencyKey?: ((event: HookEvent) => string | undefined) | undefined;
  /**
   * What to do with problems of our own. `warn` (default) prints one line, `silent` nothing, `throw` makes `flush()` and
   * `shutdown()` reject; a function gets the error. Your agent code never sees them.
   */
  onError?: "silent" | "warn" | "throw" | ((error: ReportedError) => void) | undefined;
  /**
   * Called with a copy of each event before it is stored or sent; returns the event to use, or `undefined` to drop it. It
   * cannot be async, and cannot change type, agent, ids, numbers and time. When it throws, no text of the event goes out but
   * words of the protocol. Secrets are replaced in what it returns.
   *
   * What opens and completes runs and sessions, and hand-offs, comes by as events of the types `run.started`,
   * `run.completed`, `session.started`, `session.completed` and `handoff.requested`, with summaries in `payloadSummary`;
   * where it drops one, the call is made without what the application said. More: docs/privacy.md.
   */
  redact?: ((event: HookEvent) => HookEvent | undefined) | undefined;
  /** Further names of members whose values become `[REDACTED]`, also within longer names: `ssn` is in `customer_ssn`. */
  redactKeys?: readonly string[] | undefined;
  /** Dot paths that are never redacted, in either spelling, e.g. `metadata.allowed.token`, `payloadSummary.pageToken`. */
  redactAllowPaths?: readonly string[] | undefined;
  /**
   * Regular expressions: what they match in a text is replaced, a member whose name they match loses its value. Text of the
   * form `/x/i` is understood; other text is taken without regard to case.
   */
  redactDenyPatterns?: readonly (string | RegExp)[] | undefined;
  /** Largest event in bytes of JSON; larger ones lose payload and metadata, marked. Default: `maxBatchBytes`. */
  maxEventPayloadBytes?: number | undefined;
  /** HTTP timeout in ms. Default 10,000. */
  timeout?: number | undefined;
  /** Further request headers. `Authorization` and `Content-Type` are always ours. */
  headers?: Readonly<Record<string, string>> | undefined;
  /** Use this `fetch` instead of the built-in HTTP client. */
  fetch?: FetchLike | undefined;

  /** Bridge: send prompts, answers, tool arguments and results, redacted and bounded. Default `false`. */
  captureContent?: boolean | undefined;
  /** Bridge: `root` (default) gives each run its own trace, tied by links; `nested` keeps it in the active trace. */
  runSpans?: RunSpans | undefined;
  /** Bridge: write a short `start_run` span with a link to the run into the trace that was active. Default `true`. */
  runMarker?: boolean | undefined;
  /** Bridge: conventions of your own, asked before the built-in ones; docs/conventions.md has one to copy. */
  conventions?: readonly Convention[] | undefined;
  /** Bridge: further agents of this process. */
  agents?: readonly DeclaredAgent[] | undefined;
  /** Bridge: what a model or tool span with no agent above it becomes. Default `run`. */
  implicitRuns?: ImplicitRuns | undefined;
  /**
   * Bridge: rules that infer action and resource of a tool call from the tool's name where its span does not say them, asked
   * before the built-in ones; each says what it knows. `false`: nothing is inferred. Calls of our own API are left as they
   * are, unless `boundary.autoInferFromToolNames` is set.
   */
  inferRules?: readonly InferRule[] | false | undefined;
  /**
   * Bridge: spans inside a run that become `agent.resource.touched`: `http` (outgoing requests, but for those of model calls
   * and MCP), `database`, or rules of your own. None unless named here.
   */
  touchedResources?: readonly ("http" | "database" | ResourceRule)[] | undefined;
  /**
   * Bridge: a run of a foreign library is closed when nothing was seen of it for this time and no tool of it is at work, in ms.
   * Default 300,000.
   */
  idleTimeoutMs?: number | undefined;
  /** Bridge: bytes per POST. Default 524,288. */
  maxBatchBytes?: number | undefined;
  /** Bridge: bytes held in memory, estimated. Default 67,108,864. */
  maxQueueBytes?: number | undefined;
  /** Bridge: bytes the durable queue keeps on disk; beyond it `queueDropPolicy` says what gives way. Default 536,870,912. */
  queueStorageMaxBytes?: number | undefined;
  /** Bridge: POSTs of events under way at once. Default 4. */
  maxConcurrentBatches?: number | undefined;
  /** Bridge: longest `flush()`, in ms. Default 10,000. */
  flushTimeoutMs?: number | undefined;
  /** Bridge: longest `shutdown()`, in ms. Default 10,000. */
  shutdownTimeoutMs?: number | undefined;
  /** Bridge: longest wait for one guardrail evaluation, in ms. Default 2,000. */
  guardTimeoutMs?: number | undefined;
  /** Bridge: where instances of one service agree on the sessions of conversations. Default: memory of this process. */
  sessionStore?: SessionStore | undefined;
  /** Bridge: carry run and session ids in W3C baggage. Default: neither read nor written. */
  baggage?: BaggageOptions | undefined;
  /** Bridge: called for everything given up, with the reason. */
  onDrop?: ((info: DropInfo) => void) | undefined;
  /** Bridge: the provider our API writes spans with. Default: the global one, looked up at each span. */
  tracerProvider?: TracerProviderLike | undefined;
  /** Bridge: an HTTP transport of your own. */
  transport?: Transport | undefined;
  /** Bridge: another span processor to call first; a failure of ours never reaches it. */
  forwardTo?: SpanProcessorLike | undefined;
  /**
   * Bridge: the `waitUntil` of a serverless platform. It is called as each root span starts, in its context, with a promise
   * that is settled once the work of that span has reached Apie or was given up, and never rejects.
   */
  waitUntil?: ((promise: Promise<void>) => void) | undefined;
  /** Bridge: write `apie.run.id`, `apie.session.id` on our own run and session spans once known. Default `false`. */
  apieIdsOnSpans?: boolean | undefined;
}

/** The part of the OTel API's `TracerProvider` that is used. */
export interface TracerProviderLike {
  getTracer(name: string, version?: string, options?: { schemaUrl?: string }): unknown;
}
