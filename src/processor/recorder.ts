/** Turns what tracking tells into lanes, calls and events of the delivery. */
import { type Delivery, Lane } from "../delivery/index.ts";
import type { Activity } from "../model/activity.ts";
import type { RunProgress } from "../model/scope.ts";
import type { RunState, SessionState, SpanNode, TrackingOutput } from "../tracking/index.ts";
import type { Bodies } from "./bodies.ts";
import { EventRecord, type EventWriter, type Told, ToldRecord } from "./event-record.ts";
import type { ApieIds } from "./ids.ts";
import { eventsAtBegin, eventsAtEnd } from "./plan.ts";
import type { QueuedKeys } from "./queued-keys.ts";
import type { SharedLanes } from "./shared-lanes.ts";
import { ToldErrors } from "./told-errors.ts";

const MAX_HANDOFFS = 2_000;
const MAX_PAUSED = 1_000;
const UNFINISHED = "unfinished";
/** How a run ends whose process does in the middle of it. */
const ORPHAN = "failed";

export class Recorder implements TrackingOutput {
  readonly #delivery: Delivery;
  readonly #writer: EventWriter;
  readonly #bodies: Bodies;
  readonly #ids: ApieIds;
  readonly #duplicates: QueuedKeys | undefined;
  readonly #shared: SharedLanes | undefined;
  /** Events of no run: custom events and errors outside of any. */
  readonly #loose: Lane;
  readonly #toldErrors = new ToldErrors();
  /** Hand-offs asked for by spans of their own, by their id. */
  readonly #handoffs = new Map<string, SpanNode>();

  /** Runs that are paused, by our id; Apie takes them for running. */
  readonly #paused = new Map<string, { lane: Lane; progress: RunProgress }>();

  constructor(
    delivery: Delivery,
    writer: EventWriter,
    bodies: Bodies,
    ids: ApieIds,
    duplicates: QueuedKeys | undefined,
    shared: SharedLanes | undefined,
  ) {
    this.#shared = shared;
    this.#duplicates = duplicates;
    this.#delivery = delivery;
    this.#writer = writer;
    this.#bodies = bodies;
    this.#ids = ids;
    this.#loose = new Lane("none", { kind: "none" }, { ownAgent: true });
  }

  sessionOpened(session: SessionState): void {
    const kept = session.imported?.goesOn === false ? undefined : this.#delivery.kept("session", session.id);
    const lane = kept ?? this.#newLane(session);
    lane.keepsId ||= session.imported !== undefined;
    session.lane = lane;
    this.#shared?.opened(session, lane);
    this.#ids.sessionKnown(session.id, lane);
    if (kept === undefined && session.apieId === undefined) this.#delivery.open(lane);
  }

  #newLane(session: SessionState): Lane {
    return new Lane(
      session.id,
      { kind: "session", body: this.#bodies.session(session) },
      {
        ownAgent: this.#isOwnAgent(session.details.agentKey),
        knownId: session.apieId,
        orphanStatus: endWithProcess(session),
      },
    );
  }

  sessionClosed(session: SessionState): void {
    if (session.origin === "external" && session.status === undefined) return;
    const complete = (): void => this.#delivery.complete(laneOf(session), this.#bodies.sessionEnd(session));
    if (this.#shared?.closed(session, complete) !== true) complete();
  }

  sessionFailed(session: SessionState, node: SpanNode): void {
    const activity = node.closing;
    if (activity === undefined || !this.#toldErrors.isNews(activity.error, node)) return;
    this.#push(
      laneOf(session),
      this.#told("agent.error", node, false, { activity, run: undefined }),
      session,
    );
  }

  runOpened(run: RunState): void {
    if (this.#resumed(run)) return;
    const session = run.session === undefined ? undefined : laneOf(run.session);
    const parent = run.parent?.run === undefined ? undefined : laneOf(run.parent.run);
    const orphanStatus = run.origin === "external" || run.imported !== undefined ? undefined : ORPHAN;
    const kept =
      run.isResumed || run.imported?.goesOn === true ? this.#delivery.kept("run", run.id) : undefined;
    const lane =
      kept ??
      new Lane(
        run.id,
        { kind: "run", body: this.#bodies.run(run), session, parent },
        { ownAgent: this.#isOwnAgent(run.agentKey), session, knownId: run.apieId, orphanStatus },
      );
    lane.keepsId ||= run.imported !== undefined;
    run.lane = lane;
    this.#shared?.used(run.session);
    this.#ids.runKnown(run.id, lane);
    if (kept !== undefined) this.#delivery.resume(kept, orphanStatus);
    else if (run.apieId === undefined) this.#delivery.open(lane);
    if (run.handoff !== undefined && !run.hasBegun) this.#handoffReached(run);
  }

  runClosed(run: RunState): void {
    if (run.origin === "external" || run.root === undefined) return;
    if (!run.isComplete || !run.hasBegun) this.#tellHowItEnded(run, run.root);
    this.#shared?.used(run.session);
    if (run.isPaused) this.#pause(run);
    else if (!run.isComplete) this.#delivery.complete(laneOf(run), this.#bodies.runEnd(run));
  }

  #tellHowItEnded(run: RunState, root: SpanNode): void {
    const activity: Activity = {
      ...(run.closing ?? run.opening ?? { kind: "run", convention: run.convention }),
      error: run.error,
    };
    if (
      run.error !== undefined &&
      run.error.type !== UNFINISHED &&
      this.#toldErrors.isNews(run.error, root)
    ) {
      this.#pushToRun(run, "agent.error", root, { ...activity, metadata: undefined });
    }
    if (run.handoff !== undefined && !run.isPaused) {
      const type = run.status === "completed" ? "agent.handoff.completed" : "agent.handoff.failed";
      this.#pushToRun(run, type, root, {
        ...this.#handoffActivity(run),
        error: run.error ?? { type: UNFINISHED },
      });
    }
  }

  /** How far a run had come when it was paused; `undefined` when it is not paused here. */
  progressOf(runId: string): RunProgress | undefined {
    return this.#paused.get(runId)?.progress;
  }

  #pause(run: RunState): void {
    const lane = laneOf(run);
    this.#delivery.pause(lane);
    const oldest = this.#paused.size >= MAX_PAUSED ? this.#paused.keys().next().value : undefined;
    if (oldest !== undefined) this.#paused.delete(oldest);
    this.#paused.set(run.id, { lane, progress: run.progress });
  }

  /** A run that was paused in this process goes on in its lane. @returns whether it is one. */
  #resumed(run: RunState): boolean {
    const paused = this.#paused.get(run.id);
    if (paused === undefined) return false;
    this.#paused.delete(run.id);
    run.lane = paused.lane;
    this.#delivery.resume(paused.lane, ORPHAN);
    if (run.progress.sequence < paused.progress.sequence) run.continueFrom(paused.progress);
    this.#ids.runKnown(run.id, paused.lane);
    return true;
  }

  workBegan(node: SpanNode): void {
    const { opening, run } = node;
    if (opening === undefined) return;
    const session = run === undefined ? node.extra?.session : run.session;
    for (const type of eventsAtBegin(node)) {
      if (type === "agent.handoff.requested") this.#handoffRequested(run, node, opening);
      this.#push(this.#laneFor(node), new EventRecord(this.#writer, type, node, true), session);
    }
  }

  workEnded(node: SpanNode): void {
    const { closing, run } = node;
    if (closing === undefined) return;
    const session = run === undefined ? node.extra?.session : run.session;
    for (const type of eventsAtEnd(node)) {
      if (type === "agent.error" && !this.#toldErrors.isNews(closing.error, node)) continue;
      this.#push(this.#laneFor(node), new EventRecord(this.#writer, type, node, false), session);
    }
  }

  // ---- hand-offs -----------------------------------------------------------------------------------------------

  /** A run that another handed over to: asked for in the source's lane, accepted in its own. */
  #handoffReached(run: RunState): void {
    const { handoff, root } = run;
    if (handoff === undefined || root === undefined) return;
    const activity = this.#handoffActivity(run);
    if (!handoff.announced && handoff.source !== undefined && !handoff.source.closed) {
      this.#postHandoff(handoff.source, activity, laneOf(run));
      const { source } = handoff;
      const asking = this.#told("agent.handoff.requested", root, true, { activity, run: source });
      this.#push(laneOf(source), asking, source.session);
    }
    const asked = handoff.asking ?? (handoff.id === undefined ? undefined : this.#handoffs.get(handoff.id));
    asked?.note({ reachedTarget: true });
    const askedBy = asked ?? (handoff.announced ? undefined : root);
    const accepted = this.#told("agent.handoff.accepted", root, true, { activity, run, askedBy });
    this.#push(laneOf(run), accepted, run.session);
  }

  #handoffRequested(run: RunState | undefined, node: SpanNode, activity: Activity): void {
    const id = activity.handoff?.id;
    if (id !== undefined) {
      if (this.#handoffs.size >= MAX_HANDOFFS) this.#handoffs.clear();
      this.#handoffs.set(id, node);
    }
    this.#postHandoff(run, activity);
  }

  #handoffActivity(run: RunState): Activity {
    const { handoff } = run;
    return {
      kind: "handoff",
      convention: run.convention,
      handoff: {
        id: handoff?.id,
        type: handoff?.type,
        sourceKey: handoff?.source?.agentKey,
        sourceName: handoff?.source?.agentName,
        targetKey: run.agentKey,
        targetName: run.agentName,
      },
    };
  }

  /** Apie keeps hand-offs of a session beside the events. */
  #postHandoff(run: RunState | undefined, activity: Activity, target?: Lane): void {
    if (run?.session === undefined) return;
    this.#delivery.push(laneOf(run), {
      kind: "handoff",
      type: "handoff",
      bytes: 400,
      ticket: 0,
      body: this.#bodies.handoff(activity, run.imported !== undefined),
      target,
    });
  }

  // ---- events --------------------------------------------------------------------------------------------------

  #laneFor(node: SpanNode): Lane {
    if (node.run !== undefined) return laneOf(node.run);
    const session = node.extra?.session;
    return session === undefined ? this.#loose : laneOf(session);
  }

  #pushToRun(run: RunState, type: string, node: SpanNode, activity: Activity): void {
    this.#push(laneOf(run), this.#told(type, node, false, { activity, run }), run.session);
  }

  #told(type: string, node: SpanNode, isOpening: boolean, told: Told): EventRecord {
    return new ToldRecord(this.#writer, type, node, isOpening, told);
  }

  #push(lane: Lane, record: EventRecord, session: SessionState | undefined): void {
    if (this.#duplicates?.isQueued(record) === true) {
      this.#delivery.counters.deduplicated += 1;
      return;
    }
    record.number(this.#numbersEventsOf(session) ? session : undefined);
    this.#delivery.push(lane, record);
  }

  /** Other processes number theirs by themselves: what is not unique would put a replay in the wrong order. */
  #numbersEventsOf(session: SessionState | undefined): boolean {
    return session?.origin !== "external" && this.#shared?.has(session) !== true;
  }

  #isOwnAgent(agentKey: string | undefined): boolean {
    return agentKey === undefined || agentKey === this.#writer.agentKey;
  }
}

/** How a session ends that nobody but this process can end, should it die; one that was started to be resumed goes on. */
function endWithProcess({ origin, isScoped }: SessionState): string | undefined {
  if (origin === "conversation" || origin === "made") return "completed";
  return isScoped ? "cancelled" : undefined;
}

function laneOf(state: RunState | SessionState): Lane {
  return state.lane as Lane;
}
