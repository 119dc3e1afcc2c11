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

export class Ledger {
  readonly #counters: Counters;
  readonly #hooks: LedgerHooks;
  /** Number of the last thing that was taken in: events, hand-offs, openings, completions. */
  ticket = 0;

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
    this.#hooks.onSettled(item.ticket);
  }

  openingSettled(lane: Lane, outcome: CallOutcome, reason?: string, said?: Said): void {
    this.#counters[lane.counted].pending -= 1;
    this.#counters[lane.counted][outcome === "delivered" ? "opened" : outcome] += 1;
    this.#tellCall(lane, "open", outcome, reason, said);
    this.#hooks.onSettled(lane.openTicket);
  }

  /** Another instance of the service has opened it. */
  openingJoined(lane: Lane): void {
    this.#counters[lane.counted].pending -= 1;
    this.#counters.sessionsJoined += 1;
    this.#hooks.onSettled(lane.openTicket);
  }

  completionSettled(lane: Lane, outcome: CallOutcome, reason?: string, said?: Said): void {
    this.#counters[lane.counted].pending -= 1;
    this.#counters[lane.counted][outcome === "delivered" ? "completed" : outcome] += 1;
    this.#tellCall(lane, "complete", outcome, reason, said);
    this.#hooks.onSettled(lane.completeTicket);
  }

  /** The completion of a lane that was never opened: the loss was counted and told with its opening. */
  completionVoid(lane: Lane): void {
    this.#counters[lane.counted].pending -= 1;
    this.#hooks.onSettled(lane.completeTicket);
  }

  #tellCall(lane: Lane, type: string, outcome: CallOutcome, reason?: string, said?: Said): void {
    if (outcome === "delivered" || reason === undefined) return;
    this.#counters.lost(reason);
    const what = lane.isRun ? "run" : "session";
    this.#hooks.onDrop({ what, outcome, reason, type, ...idsOf(lane), ...said });
  }

  #nextTicket(): number {
    this.ticket += 1;
    return this.ticket;
  }
}

/** Our own ids: Apie's may never have been given. */
function idsOf(lane: Lane): Pick<DropInfo, "runId" | "sessionId"> {
  if (lane.opening.kind === "none") return {};
  return lane.isRun ? { runId: lane.key, sessionId: lane.session?.key } : { sessionId: lane.key };
}
