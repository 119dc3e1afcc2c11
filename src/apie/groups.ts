/** The calls of a client that come in groups: `apie.runs.start()`, `apie.sessions.resume()`, … */
import type { CapabilityOptions, ToolOptions } from "../config/index.ts";
import type {
  Carrier,
  CompleteInput,
  ConversationRef,
  Run,
  RunHandle,
  RunInput,
  SessionEnd,
  SessionHandle,
  SessionInput,
} from "../instrument/index.ts";
import type { ApprovalState, ApprovalWait } from "../model/guard.ts";

/** Calls by the name of their group. */
export interface CallGroups {
  readonly runs: RunCalls;
  readonly sessions: SessionCalls;
  readonly propagation: PropagationCalls;
  readonly approvals: ApprovalCalls;
  readonly capabilities: CapabilityCalls;
  readonly tools: ToolCalls;
}

export interface RunCalls {
  /** Opens a run that is ended by `complete`, or as failed by `shutdown`; run code inside it with `run.in(fn)`. */
  start(input?: RunInput): Run;
  /**
   * Ends a run that `start` opened.
   * @param run the run, our id of it, or Apie's.
   * @returns whether it was open in this process; nothing happens otherwise.
   */
  complete(run: Run | string, input?: CompleteInput): boolean;
  /**
   * Goes on with a run that `run.pause()` let go of, in this process or another: `fn` runs as its next segment, and the run is
   * completed when `fn` is done, unless it is paused again.
   * @throws {ApieError} code `invalid_run` when the handle is none.
   */
  resume<T>(handle: RunHandle, fn: (run: Run) => T | PromiseLike<T>): Promise<T>;
}

export interface SessionCalls {
  /**
   * Opens a session that outlives this call and, by its handle, this process. Resolves when Apie has given its id. Without
   * the id, at once when nothing is recorded, when an attempt to get it has failed, and after 2 s (or `flushTimeoutMs`, if
   * that is less): the session goes on here and is delivered when Apie is back, and only this process can resume it.
   */
  start(input?: SessionInput): Promise<SessionHandle>;
  /**
   * Runs `fn` inside a session started here or in another process, or that of a conversation of the application's.
   * @throws {ApieError} code `invalid_session` when the handle is none.
   */
  resume<T>(handle: SessionHandle | ConversationRef, fn: () => T): T;
  /** Ends it. @throws {ApieError} code `invalid_session` when the handle is none. */
  complete(handle: SessionHandle | ConversationRef, end?: SessionEnd): void;
}

export interface PropagationCalls {
  /**
   * Headers for a call to another service: trace context and baggage as the registered propagator writes them, with the ids
   * of the active run and session where `baggage.write` names the host.
   */
  headers(url: string | URL): Record<string, string>;
  /**
   * Runs `fn` as work that a caller in another process asked for: in the caller's trace and, with `baggage.read`, its runs below
   * the caller's run and in its session. Ids that arrive are a stranger's text: they are checked for form, and nothing is
   * written into a run they name. Reads `traceparent` and our ids whatever propagator is registered.
   * @param carrier headers of a request (`IncomingMessage.headers`, `Headers`), `params._meta` of an MCP request, or the
   * attributes of a message. What is none, or damaged, is as good as an empty one.
   */
  withRemoteParent<T>(carrier: Carrier, fn: () => T): T;
}

export interface ApprovalCalls {
  /** What is known of an approval now. @throws {ApieError} when Apie does not say. */
  getStatus(approvalId: string): Promise<ApprovalState>;
  /**
   * Waits for a human, at most `timeoutMs` (default `approvalTimeoutMs`); keeps the process alive meanwhile. Apie out of
   * reach, or an answer that is none, do not end the wait. Resolves with `timeout` at its end, and with `cancelled` when the
   * signal is given or the client shuts down.
   * @throws {ApieError} code `invalid_argument`, or `disabled`.
   */
  wait(input: { approvalId: string } & ApprovalWait): Promise<ApprovalState>;
}

export interface CapabilityCalls {
  /** Declares what the agent may do; nothing while the client is disabled. @throws {ApieError} when Apie does not take it. */
  declare(capabilities: readonly CapabilityOptions[]): Promise<void>;
}

export interface ToolCalls {
  /** Describes a tool; nothing while the client is disabled. @throws {ApieError} when Apie does not take it. */
  define(tool: ToolOptions): Promise<void>;
}
