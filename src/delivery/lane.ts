/**
 * One run, or one session, on its way to Apie. Inside a lane order is strict: open, events in sequence, complete.
 * Across lanes nothing waits, except a run's open for its session and its parent, and a session's complete for its runs'.
 */
import type { CompleteBody, Registration, RunBody, SessionBody } from "../apie-api/index.ts";
import type { Agreement } from "./agreement.ts";
import type { Attempted } from "./attempts.ts";
import type { Slot } from "./durable/slot.ts";
import type { CallKind } from "./gate.ts";
import { ItemQueue, type LaneQueue } from "./items.ts";
import type { LaneKind } from "./totals.ts";

export type LaneState =
  /** To be opened; the call has not been made, or waits for its next attempt. */
  | "pending"
  /** The opening call is under way. */
  | "opening"
  /** Events may go. */
  | "open"
  /** Can never be opened; what is in it is rejected with `failure`. */
  | "failed";

export type LaneOpening =
  | { kind: "run"; body: RunBody; session: Lane | undefined; parent: Lane | undefined }
  | { kind: "session"; body: SessionBody }
  /** Events of no run and no session. */
  | { kind: "none" };

/** Why a lane will never be open, and what that makes of everything put into it. */
export interface LaneFailure {
  readonly outcome: "dropped" | "rejected";
  readonly reason: string;
}

export class Lane implements Attempted {
  /** Our own id of the run or session, for messages. */
  readonly key: string;
  readonly opening: LaneOpening;
  /** Whether the events are those of the registered agent, whose ids then go along. */
  readonly ownAgent: boolean;
  /** Lane of the session the events belong to. */
  readonly session: Lane | undefined;
  /** How it ends when the process does without a word; without one it outlives the process. */
  orphanStatus: string | undefined;
  queue: LaneQueue = new ItemQueue();
  /** Its place in the durable queue. */
  slot: Slot | undefined;
  /** The registration of the process it comes from, where that was another. */
  registeredAs: Registration | undefined;

  /** For a session that other instances may open as well: asked before the opening call. */
  agreement: Agreement | undefined;
  /** Whether it is such a session. */
  isShared = false;
  state: LaneState;
  /** Apie's id once known. */
  id: string | undefined;
  failure: LaneFailure | undefined;
  /** A request that carries something of this lane is under way or waits for its next attempt. */
  busy = false;
  /** When the events must go although their batch is not full (monotonic ms). */
  eventsDueAt = Number.POSITIVE_INFINITY;
  queuedBytes = 0;
  /** What of it is counted among what is ready. */
  countedItems = 0;
  countedBytes = 0;
  completion: CompleteBody | undefined;
  /** Apie was asked to complete it, whatever it answered: an event sent now would come after the end. */
  completionAsked = false;
  completed = false;
  /** Runs of this session that Apie does not know as ended. */
  unfinishedRuns = 0;
  /** Whether this run is still among the unfinished ones of its session. */
  holdsSession = false;
  /** Lanes that cannot be opened before this one is settled. */
  awaitedBy: Set<Lane> | undefined;
  /** Of the call that is due: opening, hand-off or completing. */
  attempts = 0;
  notBefore = 0;
  flushEpoch = 0;
  flushTries = 0;
  /** The call was refused for its content once: only what is required is sent now. */
  bare = false;
  /** Apie does not know the parent the application named: the run is opened without it. */
  withoutParent = false;
  /** The session is unknown to Apie: the run is opened outside of it. */
  outsideSession = false;
  /** Whoever opened it will tell of it again: Apie's id is kept beside the queue, if there is one on disk. */
  keepsId = false;
  /** JSON members with Apie's ids, spliced into each event of this lane; set once all of them are known. */
  idMembers: string | undefined;
  /** The last opening call went unanswered: the server may hold a run that nobody will close. */
  unanswered = false;
  /** When it did (monotonic ms); 0 when Apie may be asked again without more ado. */
  unansweredAt = 0;
  /** It was opened again after such a call. */
  possibleDuplicate = false;
  /** What was lost here, by reason; told in the completion so that a hole in a replay is seen as one. */
  lost: Map<string, number> | undefined;
  /** Memory of the calls that wait, estimated. */
  openBytes = 0;
  completeBytes = 0;
  openTicket = 0;
  completeTicket = 0;
  /** Ticket at the time when nothing but Apie stood in the way of completing: what its age is counted from. */
  completableTicket = 0;
  /** When its file was taken over, in that order: what an earlier process left in it cannot have come before. */
  arrival = 0;

  #settled: (() => void)[] | undefined;
  #tried: (() => void)[] | undefined;
  #wasSetBack = false;

  /** @param details.knownId Apie's id, for what Apie knows already: nothing is opened then. */
  constructor(
    key: string,
    opening: LaneOpening,
    details: {
      ownAgent: boolean;
      session?: Lane | undefined;
      knownId?: string | undefined;
      orphanStatus?: string | undefined;
    },
  ) {
    this.key = key;
    this.opening = opening;
    this.ownAgent = details.ownAgent;
    this.session = details.session;
    this.orphanStatus = details.orphanStatus;
    this.id = details.knownId;
    this.state = opening.kind === "none" || details.knownId !== undefined ? "open" : "pending";
  }

  get counted(): LaneKind {
    return this.opening.kind === "session" ? "sessions" : "runs";
  }

  get isRun(): boolean {
    return this.opening.kind === "run";
  }

  get openingKind(): CallKind {
    if (this.opening.kind === "session") return "opening a session";
    return this.sessionToOpenIn === undefined ? "opening a run" : "opening a run of a session";
  }

  get completingKind(): CallKind {
    return this.isRun ? "completing a run" : "completing a session";
  }

  /** Apie's id of the session the run is opened in. */
  get sessionToOpenIn(): string | undefined {
    if (this.opening.kind !== "run" || this.outsideSession) return undefined;
    return this.opening.session?.id;
  }

  /** Kept as it is to be before anything of it is sent. */
  get isKept(): boolean {
    return this.slot === undefined || this.slot.isSaved;
  }

  /** Open, with nothing in it or on its way. */
  get isIdle(): boolean {
    const isEnding = this.completion !== undefined && !this.completed;
    return this.state === "open" && !this.busy && this.queue.length === 0 && !isEnding;
  }

  /** Known to Apie, or known never to be. */
  get isSettled(): boolean {
    return this.state === "open" || this.state === "failed";
  }

  /** What must be known, or be known never to be, before the opening call can be made. */
  get opensAfter(): Lane[] {
    if (this.opening.kind !== "run") return [];
    return [this.opening.session, this.opening.parent].filter((lane) => lane !== undefined);
  }

  get mayOpen(): boolean {
    if (this.opening.kind !== "run") return true;
    const { session, parent } = this.opening;
    return (session?.isSettled ?? true) && (parent?.isSettled ?? true);
  }

  /** Calls back once Apie's id is known or never will be. */
  whenSettled(callback: () => void): void {
    if (this.isSettled) callback();
    else if (this.#settled === undefined) this.#settled = [callback];
    else this.#settled.push(callback);
  }

  /** Calls back once Apie's id is known, never will be, or an attempt to get it has failed. */
  whenTried(callback: () => void): void {
    if (this.isSettled || this.#wasSetBack) callback();
    else if (this.#tried === undefined) this.#tried = [callback];
    else this.#tried.push(callback);
  }

  settle(state: "open" | "failed"): void {
    this.state = state;
    this.#forgetOpening();
    for (const callback of this.#settled ?? []) callback();
    this.#settled = undefined;
    this.#callTried();
  }

  /** It is opened in another process, if ever. */
  leave(failure: LaneFailure): void {
    this.failure = failure;
    this.settle("failed");
  }

  /** An attempt to open it, or at what has to come before that, did not work out. */
  setBack(): void {
    this.#wasSetBack = true;
    this.#callTried();
  }

  #callTried(): void {
    for (const callback of this.#tried ?? []) callback();
    this.#tried = undefined;
  }

  /** Lanes outlive their opening by far: in its body is what was said of the run, and parents are many in a row. */
  #forgetOpening(): void {
    if (this.opening.kind !== "none") this.opening.body = {};
    if (this.opening.kind === "run") this.opening.parent = undefined;
  }

  addLoss(reason: string): void {
    this.lost ??= new Map();
    this.lost.set(reason, (this.lost.get(reason) ?? 0) + 1);
  }
}
