/** The last things Apie refused by themselves, for whoever looks why something is missing. What they held is not kept. */
import type { DropInfo } from "../config/index.ts";

/** Something Apie refused; `onDrop` was given all of it. */
export interface Quarantined {
  /** ISO 8601. */
  at: string;
  what: DropInfo["what"];
  /** As in `onDrop`, e.g. `rejected_422`. */
  reason: string;
  /** Event type, or the kind of call. */
  type: string;
  eventId: string | undefined;
  /** Ours. */
  runId: string | undefined;
  sessionId: string | undefined;
  status: number | undefined;
  /** What Apie said: one line, secrets replaced. */
  message: string;
}

const MAX_KEPT = 20;

export class Quarantine {
  #kept: Quarantined[] = [];

  /** Oldest first. */
  get entries(): Quarantined[] {
    return this.#kept.map((entry) => ({ ...entry }));
  }

  /** What fell with its run, or by our own bounds, is counted and not kept here. */
  note(info: DropInfo): void {
    const { what, outcome, reason, type, eventId, runId, sessionId, status, message } = info;
    if (outcome !== "rejected" || message === undefined) return;
    const at = new Date().toISOString();
    this.#kept.push({ at, what, reason, type, eventId, runId, sessionId, status, message });
    if (this.#kept.length > MAX_KEPT) this.#kept.shift();
  }
}
