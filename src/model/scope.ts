/** The run and session that code is in: what travels in the OTel Context and in our own AsyncLocalStorage. */
import type { Usage } from "./activity.ts";
import type { SpanContextLike } from "./span.ts";

export interface SessionScope {
  /** Our own id, or the one the application gave. */
  readonly id: string;
  readonly kind: string | undefined;
  /** Apie's id where it is known beforehand: a resumed handle, or a session of another process. */
  readonly apieId?: string | undefined;
  /** The session's root or anchor span, for links. */
  readonly spanContext: SpanContextLike | undefined;
}

/** What a run had done before it was paused, so that its next segment goes on counting. */
export interface RunProgress {
  /** Number of its last event. */
  readonly sequence: number;
  readonly modelCalls: number;
  readonly toolCalls: number;
  readonly failures: number;
  readonly usage: Usage | undefined;
}

export interface RunScope {
  readonly id: string;
  readonly apieId?: string | undefined;
  readonly agentKey: string;
  readonly agentName: string | undefined;
  /** Apie's id of the run that delegated to it, where that run is not of this process. */
  readonly parentApieId?: string | undefined;
  /** Set while a run goes on after a pause. */
  readonly resumed?: RunProgress | undefined;
  /** Complete at Apie already: it is told once more, and not completed again. */
  readonly isComplete?: boolean | undefined;
  readonly spanContext: SpanContextLike | undefined;
}

export interface StepScope {
  readonly key: string;
  readonly name: string;
  readonly index: number | undefined;
}

/** Run and session of a caller in another process, as it says: text of a stranger. */
export interface RemoteIds {
  readonly sessionId?: string | undefined;
  readonly apieSessionId?: string | undefined;
  readonly runId?: string | undefined;
  readonly apieRunId?: string | undefined;
}

/** Work that was done elsewhere: it is told again at another time, and Apie's id of it is kept until then where that can be done. */
export interface Imported {
  /** Whether it goes on with what the queue on disk still has of it. */
  readonly goesOn: boolean;
}

export interface Scope {
  /** Identity of the client that opened it: another client in the process leaves its spans alone. */
  readonly owner: object;
  readonly session: SessionScope | undefined;
  readonly run: RunScope | undefined;
  readonly step: StepScope | undefined;
  readonly imported?: Imported | undefined;
  /** Of the call from another process that the code serves; not within runs it opens. */
  readonly remote?: RemoteIds | undefined;
}
