/**
 * What the durable queue asks of a store: rows in, rows out, in one transaction at a time. Everything in a row is redacted.
 * Its methods throw a `StoreFailure` and nothing else.
 */

/** A run, a session, or the lane of what belongs to neither. */
export interface LaneRow {
  readonly id: number;
  readonly kind: "run" | "session" | "none";
  /** Our id of it, as it may be shown. */
  readonly key: string;
  /** By which it is found again: an application's own id may be anything. */
  readonly keyHash: string;
  /** Agent of the events, where that was the registered one. */
  readonly agentKey: string | null;
  /** Whether it is for us to open; otherwise Apie knew it already. */
  readonly openedHere: boolean;
  readonly state: LaneRowState;
  /** Apie's id. */
  readonly apieId: string | null;
  /** Row of its session; once Apie knows that, also the id. */
  readonly session: number | null;
  readonly sessionId: string | null;
  readonly parent: number | null;
  readonly parentId: string | null;
  /** `FLAGS` that are set. */
  readonly flags: number;
  /** Bodies of the calls, as JSON; those of calls that are done are let go. */
  readonly opening: string | null;
  readonly completion: string | null;
  /** What was lost of it, as JSON: reason → count. */
  readonly lost: string | null;
  /** How it ends when the process does without a word; `null`: it outlives the process. */
  readonly orphanStatus: string | null;
  /** Epoch ms. */
  readonly openedAt: number;
  readonly completedAt: number | null;
  readonly seenAt: number;
  readonly bytes: number;
}

/** Whether its end is to be told, by what was said of it or because its process did not live to. */
export const endsAfter = ({ completion, orphanStatus }: LaneRow): boolean =>
  completion !== null || orphanStatus !== null;

export const LANE_STATES = { pending: 0, asked: 1, open: 2 } as const;
export type LaneRowState = (typeof LANE_STATES)[keyof typeof LANE_STATES];

/** Flag of a run that its session waits for. */
export const HOLDS_SESSION = 16;

export const ITEM_KINDS = { event: 0, handoff: 1 } as const;

/** An event or a hand-off that waits. */
export interface ItemRow {
  /** Order of arrival. */
  readonly seq: number;
  readonly kind: number;
  /** When it was taken in (epoch ms). */
  readonly at: number;
  readonly bytes: number;
  readonly eventId: string | null;
  /** Of an event: its JSON without the closing brace, before which Apie's ids go. */
  readonly json: string;
}

export interface Changes {
  /** New, or in place of the row with that id. */
  readonly lanes: readonly LaneRow[];
  readonly items: readonly (ItemRow & { readonly lane: number })[];
  /** Rows of lanes of which something was noted at this time (epoch ms). */
  readonly seen: readonly number[];
  readonly at: number;
  /** `seq` of items. */
  readonly removedItems: readonly number[];
  /** With all their items. */
  readonly removedLanes: readonly number[];
}

export interface StoreTotals {
  readonly events: number;
  readonly handoffs: number;
  /** Openings and completions still to be made, by a process that finds the file like this. */
  readonly runCalls: number;
  readonly sessionCalls: number;
  readonly runs: number;
  readonly sessions: number;
  readonly bytes: number;
  readonly lastLane: number;
  readonly lastItem: number;
}

export interface Store {
  readonly path: string;
  /** What was in it when it was opened. */
  readonly found: { readonly totals: StoreTotals; readonly facts: ReadonlyMap<string, string> };
  /** One transaction: all of it, or nothing. On its return it survives the end of the process. */
  commit(changes: Changes): void;
  lane(id: number): LaneRow | undefined;
  /** Those after `id`, in order. */
  lanesAfter(id: number, limit: number): LaneRow[];
  /** The last of that kind and key. */
  laneByKey(kind: LaneRow["kind"], keyHash: string): LaneRow | undefined;
  /** Runs of a session that are not through. */
  runsOf(session: number): number[];
  /** How much of a lane there is. */
  itemTotals(lane: number): { count: number; handoffs: number; bytes: number };
  /** In order, until `limit` or `maxBytes` is reached; at least one, if there is one. */
  itemsAfter(lane: number, seq: number, limit: number, maxBytes: number): ItemRow[];
  /** Kind of the first item after `seq`. */
  kindAfter(lane: number, seq: number): number | undefined;
  /** The last item before `seq`. */
  itemBefore(lane: number, seq: number): ItemRow | undefined;
  setFact(name: string, value: string): void;
  close(): void;
}

/** What is wrong with the file. */
export type StoreTrouble =
  /** Written by somebody else at the moment. */
  | "locked"
  /** No permission, a read-only medium, no such folder: somebody has to mend it. */
  | "forbidden"
  /** No space left, a fault of the medium: it may go by. */
  | "unwritable"
  /** The file is damaged. */
  | "corrupt";

export class StoreFailure extends Error {
  readonly trouble: StoreTrouble;

  constructor(trouble: StoreTrouble, message: string, cause?: unknown) {
    super(message, { cause });
    this.trouble = trouble;
  }
}
