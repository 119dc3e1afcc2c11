/** Opening and completing calls, and hand-offs: one request each, in the order of their lane. */
import type {
  Answer,
  ApieClient,
  CompleteBody,
  Created,
  Invalid,
  Registration,
  RunBody,
} from "../apie-api/index.ts";
import { CAPTURE_SOURCE } from "../config/index.ts";
import type { LaneBook } from "./book.ts";
import type { HandoffItem } from "./items.ts";
import type { Lane } from "./lane.ts";
import type { Said } from "./ledger.ts";
import type { Counters } from "./totals.ts";

/** Answers without an id after which a run is given up: the server took the call and cannot be asked which run it made. */
const MAX_ANSWERS_WITHOUT_ID = 3;

export type CallResult =
  /** Settled one way or the other. */
  | "settled"
  /** To be made again at once, in another form. */
  | "again"
  /** Apie took the call and did not answer with an id: to be made again later. */
  | "without id"
  | Exclude<Answer<unknown>, { kind: "ok" | "invalid" }>;

/** For reasons: the status, or a word where the request never got to Apie. */
export const refusalOf = (answer: { status?: number | undefined; cause?: string | undefined }): string =>
  String(answer.status ?? answer.cause ?? "unknown");

const saidBy = ({ status, message }: Pick<Invalid, "status" | "message">): Said => ({ status, message });

/** A path with an id of ours in it that is not found says the id is unknown, not that the address is wrong. */
const isUnknownId = (answer: Answer<unknown>): boolean => answer.kind === "denied" && answer.status === 404;

export class Calls {
  readonly #client: ApieClient;
  readonly #book: LaneBook;
  readonly #counters: Counters;
  readonly #registration: () => Registration;

  constructor(client: ApieClient, book: LaneBook, counters: Counters, registration: () => Registration) {
    this.#client = client;
    this.#book = book;
    this.#counters = counters;
    this.#registration = registration;
  }

  async open(lane: Lane): Promise<CallResult> {
    const result = await this.#open(lane);
    if (result !== "again" && lane.state !== "open") lane.agreement?.failed();
    return result;
  }

  async #open(lane: Lane): Promise<CallResult> {
    lane.state = "opening";
    // Should the process end before the answer, the next one must know that there may be a run.
    lane.slot?.spool.saveNow(lane.slot);
    if (lane.unanswered) {
      lane.unanswered = false;
      lane.possibleDuplicate = true;
      this.#counters.possibleDuplicates += 1;
    }
    const inSession = lane.sessionToOpenIn !== undefined;
    const answer = await this.#requestAgreedOpening(lane).finally(() => {
      if (!lane.isSettled) lane.state = "pending";
    });
    // Given up meanwhile (shutdown): the answer settles nothing any more.
    if (lane.isSettled) return "settled";
    switch (answer.kind) {
      case "ok":
        if (answer.value === undefined) return this.#withoutId(lane);
        lane.bare = false;
        this.#book.settleOpen(lane, answer.value.id);
        return "settled";
      case "retry":
        lane.unanswered = answer.ambiguous;
        if (!answer.ambiguous) lane.slot?.changed();
        return answer;
      case "denied":
        lane.slot?.changed();
        if (!(inSession && isUnknownId(answer))) return answer;
        // One of the two ids is not known: rather a run without a parent than a run outside of its session.
        if (!this.#leaveParent(lane)) lane.outsideSession = true;
        return "again";
      case "invalid":
        return this.#refusedOpening(lane, answer);
    }
  }

  async complete(lane: Lane): Promise<CallResult> {
    const { id, completion } = lane;
    if (id === undefined || completion === undefined) return "settled";
    lane.completionAsked = true;
    const body = lane.bare ? { status: completion.status } : withLosses(completion, lane);
    const answer = await (lane.isRun
      ? this.#client.completeRun(id, body)
      : this.#client.completeSession(id, body));
    // "Already completed" is what a repeated call after a lost answer gets.
    if (answer.kind === "ok" || answer.status === 409) {
      this.#book.settleCompletion(lane, "delivered");
      return "settled";
    }
    if (answer.kind === "invalid" && !lane.bare) {
      lane.bare = true;
      return "again";
    }
    if (answer.kind === "invalid" || isUnknownId(answer)) {
      this.#book.settleCompletion(lane, "rejected", `not_completed_${refusalOf(answer)}`, saidBy(answer));
      return "settled";
    }
    return answer;
  }

  async handoff(lane: Lane, item: HandoffItem): Promise<CallResult> {
    const settle = (outcome: "delivered" | "rejected", reason?: string, said: Said = {}): CallResult => {
      this.#book.next(lane);
      this.#book.settleItem(lane, item, outcome, reason, said);
      return "settled";
    };
    const session = lane.outsideSession ? undefined : lane.session?.id;
    if (session === undefined) return settle("rejected", "handoff_without_session");
    const answer = await this.#client.createHandoff(session, {
      ...item.body,
      source_run_id: lane.id,
      source_agent_id: lane.ownAgent ? (lane.registeredAs ?? this.#registration()).agentId : undefined,
      target_run_id: item.target?.id,
    });
    // Given up meanwhile.
    if (lane.queue.first !== item) return "settled";
    if (answer.kind === "ok") return settle("delivered");
    if (answer.kind === "invalid" || isUnknownId(answer)) {
      return settle("rejected", `handoff_refused_${refusalOf(answer)}`, saidBy(answer));
    }
    return answer;
  }

  /** Where other instances may have opened it meanwhile, the first id counts, and a session opened in vain is closed again. */
  async #requestAgreedOpening(lane: Lane): Promise<Answer<Created | undefined>> {
    const answer = await this.#requestOpening(lane);
    if (lane.agreement === undefined || answer.kind !== "ok" || answer.value === undefined) return answer;
    const opened = answer.value.id;
    const id = await lane.agreement.opened(opened);
    if (id === opened) return answer;
    this.#counters.requests += 1;
    this.#counters.possibleDuplicates += 1;
    await this.#client.completeSession(opened, {
      status: "cancelled",
      metadata: { duplicate_of: id, capture_source: CAPTURE_SOURCE },
    });
    return { ...answer, value: { ...answer.value, id } };
  }

  #requestOpening(lane: Lane): Promise<Answer<Created | undefined>> {
    const { opening } = lane;
    const { agentId, agentVersionId } = lane.registeredAs ?? this.#registration();
    if (opening.kind === "none") throw new TypeError("a lane of no run and no session is never opened");
    if (opening.kind === "session") {
      return this.#client.createSession({
        ...asked(opening.body, lane),
        orchestrator_agent_id: lane.ownAgent ? agentId : undefined,
      });
    }
    const body: RunBody = {
      ...asked(opening.body, lane),
      ...(lane.ownAgent ? { agent_id: agentId, agent_version_id: agentVersionId } : {}),
    };
    const session = lane.sessionToOpenIn;
    if (session === undefined) {
      // A run outside of a session has no place, no role and no parent in the protocol.
      const { parent_run_id, trigger_event_id, step_key, step_name, step_index, role, ...alone } = body;
      return this.#client.createRun(alone);
    }
    const parent = lane.withoutParent ? undefined : (opening.parent?.id ?? body.parent_run_id);
    return this.#client.createSessionRun(session, { ...body, parent_run_id: parent });
  }

  /** Goes on with less of what the application gave, until nothing more can be left out. */
  #refusedOpening(lane: Lane, answer: Invalid): CallResult {
    if (this.#leaveParent(lane)) return "again";
    if (!lane.bare) {
      lane.bare = true;
      return "again";
    }
    const what = lane.isRun ? "run" : "session";
    this.#book.fail(lane, "rejected", `${what}_not_opened_${refusalOf(answer)}`, saidBy(answer));
    return "settled";
  }

  /** A parent of another process is named by text that came from there: Apie may not know it. */
  #leaveParent(lane: Lane): boolean {
    const { opening } = lane;
    if (opening.kind !== "run" || opening.parent !== undefined || lane.withoutParent) return false;
    if (opening.body.parent_run_id === undefined || lane.sessionToOpenIn === undefined) return false;
    lane.withoutParent = true;
    return true;
  }

  #withoutId(lane: Lane): CallResult {
    lane.unanswered = true;
    if (lane.attempts + 1 < MAX_ANSWERS_WITHOUT_ID) return "without id";
    this.#book.fail(lane, "rejected", "answer_without_id", {
      message: "Apie took the call and answered no id",
    });
    return "settled";
  }
}

/** The opening as it is sent: without what is not required once that was refused, with a mark when it may be the second. */
function asked<Body extends { metadata?: Record<string, unknown> | undefined }>(
  body: Body,
  lane: Lane,
): Body {
  if (lane.bare) return { ...body, input_summary: undefined, metadata: undefined };
  if (!lane.possibleDuplicate) return body;
  return { ...body, metadata: { ...body.metadata, possible_duplicate: true } };
}

/** Tells what was lost, so that a hole in a replay is seen as one. */
function withLosses(body: CompleteBody, lane: Lane): CompleteBody {
  if (lane.lost === undefined) return body;
  return { ...body, metadata: { ...body.metadata, lost_events: Object.fromEntries(lane.lost) } };
}
