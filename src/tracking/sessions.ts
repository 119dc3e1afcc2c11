/** Sessions in flight, by our id or the application's. */
import type { Activity } from "../model/activity.ts";
import type { Scope, SessionScope } from "../model/scope.ts";
import type { Bounds } from "./bounds.ts";
import type { SpanNode } from "./node.ts";
import type { TrackingOutput } from "./output.ts";
import type { RunParent } from "./run.ts";
import { type SessionClosedBy, SessionState, type SessionStatus } from "./session.ts";

export class Sessions {
  /** Those that gave a sign of life last stand last. */
  readonly #sessions = new Map<string, SessionState>();
  readonly #output: TrackingOutput;
  readonly #bounds: Bounds;
  readonly #now: () => number;

  constructor(output: TrackingOutput, bounds: Bounds, now: () => number) {
    this.#output = output;
    this.#bounds = bounds;
    this.#now = now;
  }

  get isEmpty(): boolean {
    return this.#sessions.size === 0;
  }

  get(id: string): SessionState | undefined {
    return this.#sessions.get(id);
  }

  /** A session our API opens: scoped by a span that is open as long, or long-lived with a short anchor span. */
  open(id: string, node: SpanNode, activity: Activity): SessionState {
    const known = this.#sessions.get(id);
    if (known !== undefined) return known;
    return this.#add(
      new SessionState(id, "api", this.#now(), {
        kind: activity.session?.kind,
        startMs: node.startMs,
        traceId: node.trace.id,
        spanId: node.spanId,
        agentKey: activity.agent?.key,
        inputSummary: activity.session?.inputSummary,
        metadata: activity.metadata,
        isScoped: activity.kind === "session",
        imported: node.scope?.imported,
      }),
    );
  }

  /**
   * The session of a run: the one it names, else the one of the code around it. An id named by a foreign span is a
   * conversation of the application's.
   */
  of(activity: Activity, scope: Scope | undefined, node: SpanNode, isOwn: boolean): SessionState | undefined {
    const around = scope?.session;
    const id = isOwn ? (activity.sessionId ?? around?.id) : (around?.id ?? activity.sessionId);
    if (id === undefined) return undefined;
    const known = this.#sessions.get(id);
    if (known !== undefined) return known;
    if (around?.id === id && around.apieId !== undefined) return this.#external(around, node);
    return this.#add(
      new SessionState(id, "conversation", this.#now(), {
        kind: "single_agent",
        startMs: node.startMs,
        traceId: node.trace.id,
        spanId: node.spanId,
      }),
    );
  }

  /** The session of the code a span was started in. */
  around(node: SpanNode): SessionState | undefined {
    const around = node.scope?.session;
    if (around === undefined) return undefined;
    return (
      this.#sessions.get(around.id) ??
      (around.apieId === undefined ? undefined : this.#external(around, node))
    );
  }

  #external(around: SessionScope, node: SpanNode): SessionState {
    return this.#add(
      new SessionState(around.id, "external", this.#now(), {
        startMs: node.startMs,
        kind: around.kind,
        apieId: around.apieId,
      }),
    );
  }

  /** Apie knows child runs only inside a session. */
  madeFor(parent: RunParent, node: SpanNode): SessionState {
    const id = `session-of-${parent.id}`;
    const known = this.#sessions.get(id);
    if (known !== undefined) return known;
    return this.#add(
      new SessionState(id, "made", this.#now(), {
        kind: "multi_agent",
        startMs: node.startMs,
        traceId: node.trace.id,
        parentRunId: parent.id,
        agentKey: parent.run?.agentKey,
      }),
    );
  }

  runOpened(session: SessionState): void {
    session.openRuns += 1;
    this.#seen(session);
  }

  runClosed(session: SessionState): void {
    session.openRuns -= 1;
    this.#seen(session);
  }

  close(
    session: SessionState,
    status: SessionStatus,
    details: {
      endMs?: number | undefined;
      activity?: Activity | undefined;
      closedBy?: SessionClosedBy | undefined;
    } = {},
  ): void {
    if (session.closed) return;
    session.closed = true;
    session.closedBy = details.closedBy;
    this.#seen(session);
    session.status = status;
    session.endMs = details.endMs;
    session.outputSummary = details.activity?.session?.outputSummary;
    session.metadata = details.activity?.metadata;
    // Work that comes after the end of a session of ours still belongs to it; a conversation that goes on is a new one.
    if (session.origin !== "api") this.#sessions.delete(session.id);
    this.#output.sessionClosed(session);
  }

  /** It has ended elsewhere: what comes of the conversation is a new session. */
  forget(session: SessionState): void {
    session.closed = true;
    if (this.#sessions.get(session.id) === session) this.#sessions.delete(session.id);
  }

  sweep(): void {
    const oldest = this.#now() - this.#bounds.sessionIdleMs;
    for (const session of this.#sessions.values()) {
      if (session.lastSeen > oldest) return;
      if (session.openRuns > 0) continue;
      if (session.origin !== "api" || session.closed) this.#giveUp(session);
    }
  }

  /** Sessions that only this process knows end with it; long-lived ones are there to be resumed. */
  closeAll(): void {
    for (const session of [...this.#sessions.values()]) {
      if (session.origin === "conversation" || session.origin === "made")
        this.close(session, "completed", { closedBy: "shutdown" });
      else if (session.isScoped) this.close(session, "cancelled", { closedBy: "shutdown" });
    }
  }

  #add(session: SessionState): SessionState {
    this.#sessions.set(session.id, session);
    this.#output.sessionOpened(session);
    if (this.#sessions.size > this.#bounds.maxSessions) this.#makeRoom(session);
    return session;
  }

  #seen(session: SessionState): void {
    session.lastSeen = this.#now();
    if (this.#sessions.get(session.id) !== session) return;
    this.#sessions.delete(session.id);
    this.#sessions.set(session.id, session);
  }

  #makeRoom(added: SessionState): void {
    for (const session of this.#sessions.values()) {
      if (session.openRuns > 0 || session === added) continue;
      this.#giveUp(session);
      return;
    }
  }

  /** Only this process knows of it and it is completed, or it is forgotten: it may be completed elsewhere. */
  #giveUp(session: SessionState): void {
    if (session.origin === "conversation" || session.origin === "made")
      this.close(session, "completed", { closedBy: "idle" });
    else this.#sessions.delete(session.id);
  }
}
