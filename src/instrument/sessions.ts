/** Sessions: a root span while a callback runs, or a short anchor span and a handle to store for those that live longer. */
import { randomUUID } from "node:crypto";
import { context, type Link, type SpanContext, trace } from "@opentelemetry/api";
import { ApieError } from "../model/errors.ts";
import type { Scope, SessionScope } from "../model/scope.ts";
import { withScope } from "../propagation/index.ts";
import {
  ATTR_AGENT_METADATA,
  ATTR_AGENT_SESSION_INPUT_SUMMARY,
  ATTR_AGENT_SESSION_KIND,
  ATTR_AGENT_SESSION_OUTPUT_SUMMARY,
  ATTR_AGENT_SESSION_STATUS,
  ATTR_APIE_SESSION_ID,
} from "../semconv/index.ts";
import type { AttributeInput } from "./attributes.ts";
import { type Given, members, requireFunction } from "./given.ts";
import { ANSWER_DEADLINE_MS, answered, parseTraceparent, traceparent, traceparentOf } from "./handles.ts";
import type { SessionInput, SessionKind, SessionOutcome } from "./inputs.ts";
import type { LiveScopes } from "./live.ts";
import type { SpanWriter } from "./writer.ts";

/** A session in progress, as the callback of `withSession` gets it. */
export interface Session {
  /** Our id (a UUID), known at once. */
  readonly id: string;
  readonly kind: SessionKind;
  /** Apie's id, as that of a run: `undefined` when the session never came to be there. */
  apieId(): Promise<string | undefined>;
  /** One line on what came of the session. */
  setOutputSummary(summary: string): void;
}

/** A long-lived session as plain JSON: to be stored, sent to another process, and resumed there. */
export interface SessionHandle {
  id: string;
  /** Absent on handles made by hand: the session is then resumed without it. */
  kind?: SessionKind | undefined;
  /** Absent when Apie could not be asked or did not answer in time: the session can then be resumed only where it was started. */
  apieId?: string | undefined;
  /** W3C trace context of the session's anchor span; absent without an OpenTelemetry SDK. */
  traceparent?: string | undefined;
}

/** A conversation by the application's own id, in place of a handle. */
export interface ConversationRef {
  conversationId: string;
}

export interface SessionEnd {
  /** Default `completed`. */
  status?: SessionOutcome | undefined;
  outputSummary?: string | undefined;
  metadata?: Record<string, unknown> | undefined;
}

const OUTCOMES = ["completed", "failed", "cancelled"] as const satisfies SessionOutcome[];
const DEFAULT_KIND: SessionKind = "single_agent";
const KINDS = ["single_agent", "multi_agent", "pipeline"] as const satisfies SessionKind[];

export class Sessions {
  readonly #writer: SpanWriter;
  readonly #live: LiveScopes;
  readonly #answerDeadlineMs: number;

  /** @param timeoutMs longest wait for Apie the application allows. */
  constructor(writer: SpanWriter, live: LiveScopes, timeoutMs: number) {
    this.#writer = writer;
    this.#live = live;
    this.#answerDeadlineMs = Math.min(ANSWER_DEADLINE_MS, timeoutMs);
  }

  async withSession<T>(input: SessionInput, fn: (session: Session) => T | PromiseLike<T>): Promise<T> {
    requireFunction("withSession", fn);
    const { host, text } = this.#writer;
    const given = members(input);
    const kind = this.#kindOf(given, "withSession: kind");
    const id = randomUUID();
    const outer = this.#scope({ id, kind, spanContext: undefined });
    const inner: { -readonly [Name in keyof Scope]: Scope[Name] } = { ...outer };
    const work = this.#writer.start(
      {
        operation: "session",
        name: `session ${kind}`,
        scope: outer,
        root: true,
        links: this.#cause(),
        attributes: this.#opening(given, kind),
      },
      inner,
    );
    inner.session = { id, kind, spanContext: work.span.spanContext() };
    this.#live.addSession(inner.session);
    const session: Session = {
      id,
      kind,
      apieId: async () => (work.isSeen ? host.sessionIds?.whenKnown(id) : undefined),
      setOutputSummary: (summary) => work.set({ [ATTR_AGENT_SESSION_OUTPUT_SUMMARY]: text.text(summary) }),
    };
    work.onEnd = (failed) =>
      work.set({
        [ATTR_AGENT_SESSION_STATUS]: failed ? "failed" : "completed",
        [ATTR_APIE_SESSION_ID]: host.apieIdsOnSpans ? host.sessionIds?.current(id) : undefined,
      });
    return work.run(() => fn(session));
  }

  /**
   * Opens a session that outlives this call; resolves with Apie's id in the handle, or without it once an attempt has failed
   * or the deadline has passed.
   */
  async start(input?: SessionInput): Promise<SessionHandle> {
    const { host } = this.#writer;
    const given = members(input);
    const kind = this.#kindOf(given, "sessions.start: kind");
    const id = randomUUID();
    const anchor = this.#writer.start({
      operation: "session_start",
      name: `session_start ${kind}`,
      scope: this.#scope({ id, kind, spanContext: undefined }),
      root: true,
      links: this.#cause(),
      attributes: { ...this.#opening(given, kind), [ATTR_AGENT_SESSION_STATUS]: "active" },
    });
    anchor.end();
    this.#live.addSession({ id, kind, spanContext: anchor.span.spanContext() });
    const apieId = anchor.isSeen
      ? await answered(host.sessionIds?.whenTried(id), this.#answerDeadlineMs)
      : undefined;
    const traceparent = traceparentOf(anchor);
    return {
      id,
      kind,
      ...(apieId === undefined ? {} : { apieId }),
      ...(traceparent === undefined ? {} : { traceparent }),
    };
  }

  /**
   * Runs `fn` inside a session started before, here or in another process.
   * @throws {ApieError} code `invalid_session` when the handle is no session handle.
   */
  resume<T>(handle: SessionHandle | ConversationRef, fn: () => T): T {
    requireFunction("sessions.resume", fn);
    const session = this.scopeOf(handle);
    const active = this.#live.active();
    const run = active?.session?.id === session.id ? active.run : undefined;
    return withScope({ ...this.#scope(session), run }, context.active(), fn);
  }

  /**
   * Ends a long-lived session.
   * @throws {ApieError} code `invalid_session` when the handle is no session handle.
   */
  complete(handle: SessionHandle | ConversationRef, end?: SessionEnd): void {
    const { text } = this.#writer;
    const session = this.scopeOf(handle);
    const given = members(end);
    this.#writer.instant({
      operation: "session_end",
      name: session.kind === undefined ? "session_end" : `session_end ${session.kind}`,
      scope: this.#scope(session),
      root: true,
      links: [...this.#writer.link(session.spanContext, "session"), ...this.#cause()],
      attributes: {
        [ATTR_AGENT_SESSION_KIND]: session.kind,
        [ATTR_AGENT_SESSION_STATUS]:
          text.choice(given.status, OUTCOMES, "sessions.complete: status") ?? "completed",
        [ATTR_AGENT_SESSION_OUTPUT_SUMMARY]: text.text(given.outputSummary),
        [ATTR_AGENT_METADATA]: text.json(given.metadata, "metadata"),
      },
    });
  }

  #scope(session: SessionScope): Scope {
    return { owner: this.#writer.host.owner, session, run: undefined, step: undefined };
  }

  /** What was active where the session begins or ends. */
  #cause(): Link[] {
    return this.#writer.link(trace.getSpanContext(context.active()), "caused_by");
  }

  #opening(input: Given<SessionInput>, kind: SessionKind): AttributeInput {
    const { text } = this.#writer;
    return {
      [ATTR_AGENT_SESSION_KIND]: kind,
      [ATTR_AGENT_SESSION_INPUT_SUMMARY]: text.text(input.inputSummary),
      [ATTR_AGENT_METADATA]: text.json(input.metadata, "metadata"),
    };
  }

  #kindOf(input: Given<SessionInput>, field: string): SessionKind {
    return this.#writer.text.choice(input.kind, KINDS, field) ?? DEFAULT_KIND;
  }

  /** Of a session that is known here. */
  handleOf({ id, kind, apieId, spanContext }: SessionScope): SessionHandle {
    const known = apieId ?? this.#writer.host.sessionIds?.current(id);
    const anchor = traceparent(spanContext as SpanContext | undefined);
    return {
      id,
      ...(kind === undefined ? {} : { kind: KINDS.find((one) => one === kind) }),
      ...(known === undefined ? {} : { apieId: known }),
      ...(anchor === undefined ? {} : { traceparent: anchor }),
    };
  }

  /**
   * The handle comes from a store or another process: checked field by field.
   * @throws {ApieError} code `invalid_session` when it is no session handle.
   */
  scopeOf(handle: SessionHandle | ConversationRef): SessionScope {
    const { kind, traceparent: anchor, ...ids }: Given<SessionHandle & ConversationRef> = members(handle);
    const id = typeof ids.id === "string" ? this.#writer.text.id(ids.id) : undefined;
    const conversationId = this.#writer.text.id(ids.conversationId);
    if (id === undefined && conversationId !== undefined) return this.#live.conversation(conversationId);
    if (id === undefined) {
      throw new ApieError(
        "invalid_session",
        "session handle: id: expected the text that sessions.start() gave, or { conversationId }",
      );
    }
    const known = this.#live.session(id);
    // What was started here is known better than any handle tells.
    if (known.apieId === undefined) return known;
    const scope: SessionScope = {
      id,
      kind: KINDS.find((one) => one === kind),
      apieId: this.#writer.text.id(ids.apieId) ?? id,
      spanContext: parseTraceparent(anchor),
    };
    this.#live.addSession(scope);
    return scope;
  }
}
