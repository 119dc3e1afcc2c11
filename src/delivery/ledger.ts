/** What became of everything: each thing that was taken in ends in exactly one counter, and every loss is told. */
import type { DropInfo } from "../config/index.ts";
import type { LaneItem } from "./items.ts";
import type { Lane } from "./lane.ts";
import type { Counters, Totals } from "./totals.ts";

export type CallOutcome = "delivered" | "rejected" | "dropped";

/** What was said of something given up, beside the reason. */
export type Said = Pick<DropInfo, "status" | "message">;
export type LossDetails = Said & Pick<DropInfo, "eventId" | "event">;

export interface LedgerHooks {
  /** Called once with the ticket of each thing that is settled. */
  onSettled: (ticket: number) => void;
  /** Must not throw. */
  onDrop: (info: DropInfo) => void;
}

/** What is known by number only. */
export interface PendingBefore {
  events: number;
  handoffs: number;
  /** Openings and completions. */
  runCalls: number;
  sessionCalls: number;
}

export class Ledger {
  readonly #counters: Counters;
  readonly #hooks: LedgerHooks;
  /** Number of the last thing that was taken in: events, hand-offs, openings, completions. */
  ticket = 0;
  /** Things taken in and not settled. */
  held = 0;

  constructor(counters: Counters, hooks: LedgerHooks) {
    this.#counters = counters;
    this.#hooks = hooks;
  }

  itemTaken(item: LaneItem): void {
    if (item.kind === "event") this.#counters.events.pending += 1;
    item.ticket = this.#nextTicket();
  }

  openingTaken(lane: Lane): void {
    this.#counters[lane.counted].pending += 1;
    lane.openTicket = this.#nextTicket();
  }

  completionTaken(lane: Lane): void {
    this.#counters[lane.counted].pending += 1;
    lane.completeTicket = this.#nextTicket();
  }

  itemSettled(
    lane: Lane,
    item: LaneItem,
    outcome: keyof Totals,
    reason?: string,
    details?: LossDetails,
  ): void {
    if (item.kind === "event") {
      this.#counters.events.pending -= 1;
      this.#counters.events[outcome] += 1;
      if (outcome !== "delivered") this.#counters.lost(reason);
      item.settled?.();
    } else if (outcome !== "delivered") {
      this.#counters.callsRejected += 1;
    }
    if (outcome !== "delivered" && reason !== undefined) {
      lane.addLoss(reason);
      const what = item.kind === "event" ? "event" : "call";
      this.#hooks.onDrop({ what, outcome, reason, type: item.type, ...idsOf(lane), ...details });
    }
    this.#settled(lane, item.ticket);
  }

  openingSettled(lane: Lane, outcome: CallOutcome, reason?: string, said?: Said): void {
    this.#counters[lane.counted].pending -= 1;
    this.#counters[lane.counted][outcome === "delivered" ? "opened" : outcome] += 1;
    this.#tellCall(lane, "open", outcome, reason, said);
    this.#settled(lane, lane.openTicket);
  }

  /** Another instance of the service has opened it. */
  openingJoined(lane: Lane): void {
    this.#counters[lane.counted].pending -= 1;
    this.#counters.sessionsJoined += 1;
    this.#settled(lane, lane.openTicket);
  }

  completionSettled(lane: Lane, outcome: CallOutcome, reason?: string, said?: Said): void {
    this.#counters[lane.counted].pending -= 1;
    this.#counters[lane.counted][outcome === "delivered" ? "completed" : outcome] += 1;
    this.#tellCall(lane, "complete", outcome, reason, said);
    this.#settled(lane, lane.completeTicket);
  }

  /** The completion of a lane that was never opened: the loss was counted and told with its opening. */
  completionVoid(lane: Lane): void {
    this.#counters[lane.counted].pending -= 1;
    this.#settled(lane, lane.completeTicket);
  }

  /** What an earlier process took in came here with its file. */
  #settled(lane: Lane, ticket: number): void {
    this.#left(ticket > 0 ? ticket : lane.arrival);
  }

  #left(arrival: number): void {
    this.held -= 1;
    this.#hooks.onSettled(arrival);
  }

  #tellCall(lane: Lane, type: string, outcome: CallOutcome, reason?: string, said?: Said): void {
    if (outcome === "delivered" || reason === undefined) return;
    this.#counters.lost(reason);
    const what = lane.isRun ? "run" : "session";
    this.#hooks.onDrop({ what, outcome, reason, type, ...idsOf(lane), ...said });
  }

  /** Things an earlier process took in. @returns the number of their arrival here, all at once. */
  recovered({ events, handoffs, runCalls, sessionCalls }: PendingBefore): number {
    this.#counters.events.pending += events;
    this.#counters.runs.pending += runCalls;
    this.#counters.sessions.pending += sessionCalls;
    this.held += events + handoffs + runCalls + sessionCalls;
    this.ticket += 1;
    return this.ticket;
  }

  /** Events, hand-offs and calls of which nothing is known but how many, and the number of their arrival, or of their lane's. */
  lostUnseen(of: Lane | number, lost: PendingBefore, reason: string): void {
    const { events, runs, sessions } = this.#counters;
    const [lane, arrival] = typeof of === "number" ? [undefined, of] : [of, of.arrival];
    const ids = lane === undefined ? {} : idsOf(lane);
    const lose = (count: number, what: DropInfo["what"], drop: () => void): void => {
      for (let told = 0; told < count; told += 1) {
        drop();
        this.#counters.lost(reason);
        lane?.addLoss(reason);
        this.#hooks.onDrop({ what, outcome: "dropped", reason, type: "unknown", ...ids });
        this.#left(arrival);
      }
    };
    const from = (outcome: { pending: number; dropped: number }) => (): void => {
      outcome.pending -= 1;
      outcome.dropped += 1;
    };
    lose(lost.events, "event", from(events));
    lose(lost.runCalls, "run", from(runs));
    lose(lost.sessionCalls, "session", from(sessions));
    lose(lost.handoffs, "call", () => {
      this.#counters.callsRejected += 1;
    });
  }

  #nextTicket(): number {
    this.held += 1;
    this.ticket += 1;
    return this.ticket;
  }
}

/** Our own ids: Apie's may never have been given. */
function idsOf(lane: Lane): Pick<DropInfo, "runId" | "sessionId"> {
  if (lane.opening.kind === "none") return {};
  return lane.isRun ? { runId: lane.key, sessionId: lane.session?.key } : { sessionId: lane.key };
}
