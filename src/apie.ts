/** The client: the one place where processor and API are put together. */
import { configured, isClient, markAsClient } from "./apie/configured.ts";
import type { CallGroups } from "./apie/groups.ts";
import { type ClientParts, partsOf } from "./apie/parts.ts";
import type { Registration } from "./apie-api/index.ts";
import type { ApieOptions } from "./config/index.ts";
import type { FlushReport } from "./delivery/index.ts";
import type {
  DoctorOptions,
  DoctorReport,
  EventValidation,
  QueueDiagnostics,
  TestEventMode,
  TestEventResult,
} from "./diagnostics/index.ts";
import type {
  ActionCompletedInput,
  ActionFailedInput,
  ActionInput,
  ApprovalInput,
  ApprovalResolvedInput,
  ChildRunInput,
  ErrorInput,
  GuardInput,
  HandoffInput,
  HandoffStageInput,
  LlmCall,
  LlmInput,
  McpCall,
  McpInput,
  McpToolInput,
  ResourceInput,
  Run,
  RunInput,
  Session,
  SessionInput,
  StepInput,
  ToolInput,
  TrackInput,
} from "./instrument/index.ts";
import type { GuardDecision } from "./model/guard.ts";
import { ApieSpanProcessor, NOTHING_SENT, queueState } from "./processor/index.ts";

/** Work to be wrapped: a plain or an async function. */
type Callback<T> = () => T | PromiseLike<T>;

/**
 * Writes agent work as OpenTelemetry spans and sends the same work to Apie.
 *
 * Add `apie.spanProcessor` to the span processors of your provider. Then:
 *
 * - Callbacks run at once and never wait for Apie. What they return or throw is handed on unchanged, except that returned
 *   streams (async iterables, ReadableStreams, streaming Responses) are wrapped so that their work ends when they do.
 * - Nothing here throws for what it is told: bad input is left out and told to `onError` once per field. The one exception
 *   is a missing callback, an `ApieError` with code `invalid_argument`.
 * - Run and session come from the code around; `runId` and `sessionId`, ours or Apie's, name others.
 *
 * @example
 * const apie = new Apie({ apiKey, baseUrl, agent: { key: "support", name: "Support" } });
 * await apie.withRun({ inputSummary: "Refund order 7" }, () =>
 *   apie.withTool({ tool: { name: "search" } }, () => search("order 7")));
 *
 * @throws {ApieConfigError} at construction, naming every bad option.
 */
export class Apie {
  /** To be added to the span processors of your tracer provider. */
  readonly spanProcessor: ApieSpanProcessor;

  readonly runs: CallGroups["runs"];
  readonly sessions: CallGroups["sessions"];
  readonly propagation: CallGroups["propagation"];
  readonly approvals: CallGroups["approvals"];
  readonly capabilities: CallGroups["capabilities"];
  readonly tools: CallGroups["tools"];
  readonly #parts: ClientParts;

  constructor(options: ApieOptions = {}) {
    markAsClient(this);
    this.spanProcessor = new ApieSpanProcessor(options, { owner: this });
    this.#parts = partsOf(this, this.spanProcessor);
    const { groups } = this.#parts;
    this.runs = groups.runs;
    this.sessions = groups.sessions;
    this.propagation = groups.propagation;
    this.approvals = groups.approvals;
    this.capabilities = groups.capabilities;
    this.tools = groups.tools;
  }

  /**
   * Reads `apie.config.*` of the working directory (or `configFile`), lets `options` override it, and makes a client. A
   * file that exports a ready client gives that one, as it is.
   *
   * @throws {ApieConfigError} when the file or an option is wrong.
   */
  static async create(options: ApieOptions = {}, configFile?: string): Promise<Apie> {
    const found = await configured(options, configFile);
    return isClient(found) ? found : new Apie(found);
  }

  // ---- registration --------------------------------------------------------------------------------------------

  /** Apie's id of the agent, once registered. */
  get agentId(): string | undefined {
    return this.#parts.agent.registration.agentId;
  }

  /** Apie's id of the agent's version, once registered. */
  get agentVersionId(): string | undefined {
    return this.#parts.agent.registration.agentVersionId;
  }

  /**
   * Resolves with the registration, `{}` while the client is disabled. Nothing waits for it: spans and events are taken before.
   * @throws {ApieError} when the present attempt fails; registration goes on in the background.
   */
  ready(): Promise<Registration> {
    return this.#parts.agent.ready();
  }

  /** Registers again. @throws {ApieError} as `ready`. */
  identify(): Promise<Registration> {
    return this.#parts.agent.identify();
  }

  // ---- runs and sessions ---------------------------------------------------------------------------------------

  /**
   * Runs `fn` as one run: a root span, opened at Apie at once and completed when `fn`, or the stream it returns, is done.
   * When it throws, the run has failed and the error is told, by its class unless `captureContent` is on.
   */
  withRun<T>(input: RunInput, fn: (run: Run) => T | PromiseLike<T>): Promise<T> {
    return this.#parts.runs.withRun(input, fn);
  }

  /**
   * Makes of `fn` a function each call of which is a run, with the same receiver, arguments and result.
   * @param input as for `withRun`; `inputSummary` may be made of the arguments.
   */
  wrap<Args extends unknown[], R>(
    fn: (...args: Args) => R,
    input?: Omit<RunInput, "inputSummary"> & {
      inputSummary?: string | ((...args: Args) => string) | undefined;
    },
  ): (...args: Args) => Promise<Awaited<R>> {
    return this.#parts.runs.wrap(fn, input);
  }

  /** Runs `fn` inside a session: a root span that is open as long; runs within link to it. */
  withSession<T>(input: SessionInput, fn: (session: Session) => T | PromiseLike<T>): Promise<T> {
    return this.#parts.sessions.withSession(input, fn);
  }

  /**
   * Runs `fn` as a run another run delegates to: the active one, or `parentRunId`. Apie knows child runs only in sessions;
   * for a parent without one, a session is made that names it.
   */
  withChildRun<T>(input: ChildRunInput, fn: (run: Run) => T | PromiseLike<T>): Promise<T> {
    return this.#parts.runs.withChildRun(input, fn);
  }

  // ---- work ----------------------------------------------------------------------------------------------------

  /**
   * Runs `fn` as a tool call: `agent.action.requested` at its start, `agent.tool.called` and `agent.action.completed` or
   * `.failed` at its end. Without `action` and `resource` it executes the tool on something unknown. Guarded as `withGuard`
   * where a `mode` was given, or `guard: true` is.
   */
  withTool<T>(input: ToolInput, fn: Callback<T>): Promise<T> {
    return this.#parts.calls.withTool(input, fn);
  }

  /**
   * Runs `fn` as an action of the agent's, once the guardrails let it: `agent.guardrail.evaluated`,
   * `agent.action.requested`, then `agent.action.completed` or `.failed`.
   *
   * In monitor mode `fn` runs at once. In enforce mode it runs when Apie allows it, or a human does; until then nothing of it
   * is begun, and where it must not, it never is.
   * @throws {GuardrailBlockedError} {ApprovalDeniedError} in enforce mode; an `ApieError` where an evaluation fails and
   * `guardFailureMode` is `throw`.
   */
  withGuard<T>(input: GuardInput, fn: Callback<T>): Promise<T> {
    return this.#parts.calls.withGuard(input, fn);
  }

  /**
   * Asks whether an action may be taken, at most `guardTimeoutMs`, and tells of it in a span; what to do with the answer is
   * up to the caller. Never rejects in monitor mode.
   * @throws {ApieError} in enforce mode, where the evaluation fails and `guardFailureMode` is `throw`.
   */
  guard(input: GuardInput): Promise<GuardDecision> {
    return this.#parts.calls.guard(input);
  }

  /**
   * Runs `fn` as one request to a model: `agent.llm.called`, then `agent.llm.completed` or `.failed`.
   *
   * @example
   * await apie.withLlmCall({ model: { provider: "openai", name: "gpt-4o" } }, async (call) => {
   *   const answer = await ask();
   *   call.setUsage({ inputTokens: 812, outputTokens: 96 });
   *   return answer;
   * });
   */
  withLlmCall<T>(input: LlmInput, fn: (call: LlmCall) => T | PromiseLike<T>): Promise<T> {
    return this.#parts.calls.withLlmCall(input, fn);
  }

  /**
   * Runs `fn` as one request to an MCP server; sends `agent.mcp.*` only. A `tools/call` result with `isError` has failed,
   * and is handed on.
   */
  withMcpCall<T>(input: McpInput, fn: (call: McpCall) => T | PromiseLike<T>): Promise<T> {
    return this.#parts.calls.withMcpCall(input, fn);
  }

  /** Runs `fn` as a call of a tool served over MCP: sends the tool's events around the request's. */
  withMcpToolCall<T>(input: McpToolInput, fn: (call: McpCall) => T | PromiseLike<T>): Promise<T> {
    return this.#parts.calls.withMcpToolCall(input, fn);
  }

  /** Runs `fn` as a named step: `agent.workflow.step.*`, and the step's fields on everything inside. */
  withWorkflowStep<T>(input: StepInput, fn: Callback<T>): Promise<T> {
    return this.#parts.calls.withWorkflowStep(input, fn);
  }

  /**
   * Hands over to another agent and runs `fn` as its run: asked for in the active run, accepted and completed, or failed, in
   * the target's.
   */
  withHandoff<T>(input: HandoffInput, fn: (run: Run) => T | PromiseLike<T>): Promise<T> {
    return this.#parts.handoffs.withHandoff(input, fn);
  }

  // ---- told in passing -----------------------------------------------------------------------------------------

  /** Another agent is asked to take over. @returns the id by which the later stages are joined to it. */
  trackHandoffRequested(input: HandoffStageInput): { handoffId: string } {
    return this.#parts.handoffs.requested(input);
  }

  /** It has begun. Belongs to `runId`, else to `targetRunId` while that is open, else to the active run. */
  trackHandoffAccepted(input: HandoffStageInput): { handoffId: string } {
    return this.#parts.handoffs.stage("accepted", input);
  }

  /** It is done. Belongs to a run as `trackHandoffAccepted`. */
  trackHandoffCompleted(input: HandoffStageInput): { handoffId: string } {
    return this.#parts.handoffs.stage("completed", input);
  }

  /** It did not work out. Belongs to a run as `trackHandoffAccepted`. */
  trackHandoffFailed(input: HandoffStageInput): { handoffId: string } {
    return this.#parts.handoffs.stage("failed", input);
  }

  /** A tool call that is over; `withTool` tells more. Sends `agent.tool.called`. */
  trackToolCall(input: ToolInput): void {
    this.#parts.tracks.toolCall(input);
  }

  /** Sends `agent.action.requested`. */
  trackActionRequested(input: ActionInput): void {
    this.#parts.tracks.actionRequested(input);
  }

  /** Sends `agent.action.completed`. */
  trackActionCompleted(input: ActionCompletedInput): void {
    this.#parts.tracks.actionCompleted(input);
  }

  /** Sends `agent.action.failed`. */
  trackActionFailed(input: ActionFailedInput): void {
    this.#parts.tracks.actionFailed(input);
  }

  /** Sends `agent.resource.touched`. */
  trackResourceTouched(input: ResourceInput): void {
    this.#parts.tracks.resourceTouched(input);
  }

  /** A human is asked. Sends `agent.approval.requested`. */
  trackApprovalRequested(input: ApprovalInput): void {
    this.#parts.tracks.approvalRequested(input);
  }

  /** The human has decided, or nobody has. Sends `agent.approval.resolved`. */
  trackApprovalResolved(input: ApprovalResolvedInput): void {
    this.#parts.tracks.approvalResolved(input);
  }

  /** An event of your own naming; `payload` becomes its metadata. Names under `agent.` are the protocol's. */
  track(input: TrackInput): void {
    this.#parts.tracks.track(input);
  }

  /** An error that does not end the run. One that is thrown out of a callback needs no call, and is told once. */
  captureError(input: ErrorInput): void {
    this.#parts.tracks.error(input);
  }

  // ---- diagnostics ---------------------------------------------------------------------------------------------

  /**
   * Checks events, in the SDK's or the wire's spelling, by the local rules and, unless `remote` is false or the client is
   * disabled, by Apie's.
   * @throws {ApieError} when Apie is asked and does not answer.
   */
  validateEvents(events: unknown, options?: { remote?: boolean }): Promise<EventValidation> {
    return this.#parts.agent.validateEvents(events, options);
  }

  /** Sends made-up events straight to Apie. Default mode: `pipeline`. @throws {ApieError} naming the call Apie did not take. */
  sendTestEvent(input?: { mode?: TestEventMode }): Promise<TestEventResult> {
    return this.#parts.agent.sendTestEvent(input);
  }

  /** What waits, what became of everything before it, and what stands in the way. A copy: it does not change. */
  queueDiagnostics(): QueueDiagnostics {
    return queueState(this.spanProcessor.pipeline);
  }

  /**
   * Examines the way of agent work, from the provider in use to both destinations, and says what to mend. Never rejects, ends
   * within `timeoutMs` (5 s), works while disabled. What it asks of Apie and of the OTLP endpoint: docs/diagnostics.md.
   */
  doctor(options?: DoctorOptions): Promise<DoctorReport> {
    return this.spanProcessor.doctor(options);
  }

  // ---- end -----------------------------------------------------------------------------------------------------

  /**
   * A barrier: resolves when everything that happened before has reached Apie or was given up, at the latest after
   * `flushTimeoutMs`, with what became of it. Rejects only with `onError: "throw"`.
   */
  flush(): Promise<FlushReport> {
    return this.spanProcessor.flush();
  }

  /**
   * Closes open runs, flushes, and stops; at the latest after `shutdownTimeoutMs`. May be called twice. Rejects only with
   * `onError: "throw"`, or when the processor given as `forwardTo` does.
   */
  async shutdown(): Promise<FlushReport> {
    const { pipeline } = this.spanProcessor;
    const [report] = await Promise.all([pipeline?.shutdown(), this.spanProcessor.shutdown()]);
    return report === undefined || pipeline === undefined ? NOTHING_SENT : pipeline.checked(report);
  }
}
