/**
 * Places work in runs and runs in sessions, from spans as they start and end. Knows nothing of Apie's events or of HTTP:
 * what it decides is told to the output in the order it is to reach Apie.
 */
import type { Activity } from "../model/activity.ts";
import type { RunProgress } from "../model/scope.ts";
import { Agents } from "./agents.ts";
import { BOUNDS, type Bounds } from "./bounds.ts";
import { Contents } from "./contents.ts";
import { type Held, Holding } from "./holding.ts";
import type { SpanNode } from "./node.ts";
import type { TrackerOptions } from "./options.ts";
import type { TrackingCounts, TrackingOutput } from "./output.ts";
import { Placement } from "./placement.ts";
import { Runs } from "./runs.ts";
import type { SessionState, SessionStatus } from "./session.ts";
import { Sessions } from "./sessions.ts";
import type { SpanEnd, SpanStart } from "./span.ts";
import { Traces } from "./traces.ts";
import { Work } from "./work.ts";

export class Tracker {
  readonly counts: TrackingCounts = { late: 0, unknownParents: 0, evicted: 0 };
  readonly #options: TrackerOptions;
  readonly #output: TrackingOutput;
  readonly #traces: Traces;
  readonly #sessions: Sessions;
  readonly #runs: Runs;
  readonly #agents: Agents;
  readonly #work: Work;
  readonly #holding: Holding;
  readonly #contents: Contents;

  constructor(options: TrackerOptions, output: TrackingOutput) {
    const bounds: Bounds = { ...BOUNDS, ...options.bounds };
    this.#options = options;
    this.#output = output;
    this.#traces = new Traces(bounds, (runs) => this.#runs.forget(runs));
    const sessions = new Sessions(output, bounds, options.now);
    const runs = new Runs(options, bounds, sessions, output, (trace) =>
      this.#traces.settle(trace, options.now()),
    );
    const placement = new Placement(options, runs, sessions, this.counts);
    const agents = new Agents(options, runs, sessions, placement, this.counts);
    this.#sessions = sessions;
    this.#runs = runs;
    this.#agents = agents;
    this.#work = new Work(options, { runs, sessions, placement, agents }, output, this.counts);
    this.#holding = new Holding(bounds);
    this.#contents = new Contents(bounds.maxBearingContent);
  }

  /** Whether anything here depends on time passing. */
  get needsSweep(): boolean {
    return !this.#traces.isEmpty || !this.#runs.isEmpty || !this.#sessions.isEmpty;
  }

  get openRuns(): number {
    return this.#runs.open.size;
  }

  get spansInFlight(): number {
    return this.#traces.spans;
  }

  find(traceId: string, spanId: string): SpanNode | undefined {
    return this.#traces.find(traceId, spanId);
  }

  /** A span that is not known because its trace was given up: nothing more is told of it. */
  isGivenUp(traceId: string, activity: Activity | undefined): boolean {
    if (!this.#traces.wasGivenUp(traceId)) return false;
    if (activity !== undefined && activity.kind !== "none") this.counts.late += 1;
    return true;
  }

  /** A trace that has ended is told anew, as by an import that comes again: what is remembered of it would make that late. */
  retold(traceId: string): void {
    this.#traces.forgetEnded(traceId);
  }

  /** How far a run has come that is not forgotten. */
  progressOf(runId: string): RunProgress | undefined {
    return this.#runs.get(runId)?.progress;
  }

  /** Whether a run rooted in this trace is not closed. */
  hasOpenRuns(traceId: string): boolean {
    return this.#traces.hasOpenRuns(traceId);
  }

  // ---- spans ---------------------------------------------------------------------------------------------------

  started(start: SpanStart, activity: Activity | undefined): SpanNode {
    const node = this.#traces.add(start, this.#options.now());
    if (activity === undefined) {
      node.undetermined = start.mayTurnOut;
      if (start.sessionHint !== undefined) node.note({ sessionHint: start.sessionHint });
    } else if (activity.provisional === true) {
      node.undetermined = true;
      node.note({ provisional: activity });
    } else {
      node.opening = activity;
      this.#orHold("begin", node);
    }
    if (this.#traces.isTooMuch && !this.#traces.forgetFinished()) this.#evictOldest();
    return node;
  }

  ended(node: SpanNode, end: SpanEnd): void {
    if (node.endMs !== undefined) return;
    if (end.droppedAttributes > 0) node.note({ droppedAttributes: end.droppedAttributes });
    const provisional = node.extra?.provisional;
    const activity = end.activity ?? (provisional && { ...provisional, error: end.failure });
    if (node.opening !== undefined && node.opening.kind !== "none" && !isUnsettled(node, node.opening)) {
      // What was told as unfinished stays told.
      node.closing ??=
        activity !== undefined && activity.kind === node.opening.kind
          ? activity
          : { ...node.opening, error: activity?.error ?? end.failure };
    } else if (activity !== undefined) {
      // Known only now: both ends are told together, and before the work below that waited for it.
      node.opening = activity;
      node.closing = activity;
      node.undetermined = false;
      this.#orHold("begin", node);
    }
    // Work that waited happened before this end: a run that is made for it here goes on until then.
    this.#release(node);
    node.endMs = end.endMs;
    node.trace.openSpans -= 1;
    this.#orHold("end", node);
    this.#traces.settle(node.trace, this.#options.now());
  }

  // ---- time ----------------------------------------------------------------------------------------------------

  sweep(): void {
    const now = this.#options.now();
    for (const node of this.#holding.overdue(now)) this.#release(node);
    this.#runs.sweep();
    this.#sessions.sweep();
    this.#traces.forgetQuiet(now);
  }

  /** Closes everything: nothing will be told of it any more. */
  closeAll(): void {
    for (let node = this.#holding.oldest(); node !== undefined; node = this.#holding.oldest())
      this.#release(node);
    // Below these nothing waits.
    for (const trace of this.#traces.all())
      for (const node of trace.nodes.values()) if (node.undetermined) this.#release(node);
    this.#runs.closeAll();
    this.#sessions.closeAll();
    // What is still to end was told as unfinished: it is late then, and no news.
    for (const trace of [...this.#traces.all()]) {
      if (trace.openSpans > 0) this.#traces.giveUp(trace);
      else this.#traces.forget(trace);
    }
  }

  // ---- held work -----------------------------------------------------------------------------------------------

  #orHold(phase: "begin" | "end", node: SpanNode): void {
    const blocker = this.#holding.blockerOf(node);
    if (blocker === undefined) {
      if (phase === "begin") {
        this.#begin(node);
        this.#contents.began(node);
      } else {
        this.#end(node);
        this.#contents.told(node);
      }
      return;
    }
    this.#holding.add(blocker, { phase, node }, this.#options.now());
    if (this.#holding.isTooMuch) this.#release(this.#holding.oldest() ?? blocker);
  }

  #release(node: SpanNode): void {
    node.undetermined = false;
    const held = this.#holding.take(node);
    const provisional = node.extra?.provisional;
    if (provisional !== undefined && node.opening === undefined) {
      node.opening = { ...provisional, sessionId: sessionWithin(held) };
      this.#orHold("begin", node);
    }
    for (const { phase, node: waiting } of held) this.#orHold(phase, waiting);
  }

  // ---- work ----------------------------------------------------------------------------------------------------

  #begin(node: SpanNode): void {
    const activity = node.opening;
    // Of what waited and was seen again at its end, the first place in the order counts.
    if (activity === undefined || node.isOpen) return;
    switch (activity.kind) {
      case "none":
        return;
      case "session":
      case "session_start":
        this.#openSession(node, activity);
        return;
      case "session_end":
        this.#endSession(node, activity);
        return;
      case "run":
        this.#agents.begin(node, activity);
        return;
      default:
        this.#work.begin(node, activity);
    }
  }

  #end(node: SpanNode): void {
    this.#work.end(node);
    if (node.rootOf !== undefined) this.#runs.endRoot(node, node.rootOf);
    if (node.kind === "session") this.#closeScopedSession(node);
  }

  // ---- sessions ------------------------------------------------------------------------------------------------

  #openSession(node: SpanNode, activity: Activity): void {
    if (activity.sessionId === undefined) return;
    node.note({ sessionOf: this.#sessions.open(activity.sessionId, node, activity) });
  }

  #closeScopedSession(node: SpanNode): void {
    const session = node.extra?.sessionOf;
    if (session === undefined) return;
    const failed = node.closing?.error !== undefined;
    if (failed) this.#output.sessionFailed(session, node);
    const status = statusOf(node.closing) ?? (failed ? "failed" : "completed");
    this.#sessions.close(session, status, { endMs: node.endMs, activity: node.closing });
  }

  #endSession(node: SpanNode, activity: Activity): void {
    const session = this.#sessions.of(activity, node.scope, node, true);
    if (session === undefined) return;
    this.#sessions.close(session, statusOf(activity) ?? "completed", { endMs: node.startMs, activity });
  }

  /** It has ended elsewhere. */
  forgetSession(session: SessionState): void {
    this.#sessions.forget(session);
  }

  // ---- bounds --------------------------------------------------------------------------------------------------

  #evictOldest(): void {
    const trace = this.#traces.oldest();
    if (trace === undefined) return;
    for (const { endMs } of trace.nodes.values()) if (endMs === undefined) this.counts.evicted += 1;
    // Work that waits for a span of it to show what it is has been done, and is told.
    for (const node of trace.nodes.values()) if (node.undetermined) this.#release(node);
    for (const run of trace.openRuns) this.#runs.close(run, "evicted");
    this.#traces.giveUp(trace);
  }
}

/** A span that may be no agent, and has no run yet: what it is at its end counts. */
const isUnsettled = (node: SpanNode, opening: Activity): boolean =>
  opening.agent?.assumed === true && node.rootOf === undefined && !node.isOpen;

/** Spans below may have ended, and name the session. */
function sessionWithin(held: readonly Held[]): string | undefined {
  for (const { node } of held) {
    const sessionId = node.closing?.sessionId;
    if (sessionId !== undefined) return sessionId;
  }
  return undefined;
}

function statusOf(activity: Activity | undefined): SessionStatus | undefined {
  const status = activity?.session?.status;
  return status === "completed" || status === "failed" || status === "cancelled" ? status : undefined;
}
