/** Events on their way: batches are put together from ready lanes, sent, and on refusal cut down to the one bad event. */
import type {
  Answer,
  ApieClient,
  EventsAnswer,
  EventVerdict,
  Invalid,
  Registration,
} from "../apie-api/index.ts";
import { ApieError, reasonOf } from "../model/errors.ts";
import { Batch, type Entry, FRAME_BYTES } from "./batch.ts";
import type { LaneBook } from "./book.ts";
import { refusalOf } from "./calls.ts";
import { isKept } from "./durable/index.ts";
import type { EventItem, WrittenEvent } from "./items.ts";
import type { Lane } from "./lane.ts";
import type { LossDetails } from "./ledger.ts";
import type { Counters } from "./totals.ts";
import { trimmed } from "./trim.ts";

export interface BatchOptions {
  /** Events per POST. */
  maxBatchSize: number;
  /** Bytes per POST; one event that is larger goes alone. */
  maxBatchBytes: number;
}

/** What came of one attempt: all settled, more to be sent at once, or why it has to wait. */
export type BatchResult = "settled" | "goes on" | Exclude<Answer<unknown>, { kind: "ok" | "invalid" }>;

/** Writing goes on in another turn of the event loop after this long: one event may hold a hundred thousand characters. */
const SLICE_MS = 3;
/** However little a server says it takes, batches do not get smaller than this. */
const MIN_BATCH_BYTES = 4_096;

/** A batch being put together, over several turns of the event loop where that takes its time. */
interface Filling {
  readonly entries: Entry[];
  readonly lanes: Set<Lane>;
  /** That events are taken of. */
  lane: Lane | undefined;
  bytes: number;
}

export class Batches {
  readonly #client: ApieClient;
  readonly #book: LaneBook;
  readonly #counters: Counters;
  readonly #options: BatchOptions;
  readonly #registration: () => Registration;
  readonly #onProblem: (error: ApieError) => void;
  /** Learned from 413: what the server takes at most. */
  #maxBytes: number;
  /** Written, but the batch was full: kept, so that an event is shown to the user's redactor once. */
  readonly #writtenAhead = new WeakMap<EventItem, WrittenEvent>();
  #filling: Filling | undefined;
  /** Batches that wait for their next attempt, or for their next part to be sent; their lanes are held. */
  readonly waiting: Batch[] = [];

  constructor(
    client: ApieClient,
    book: LaneBook,
    counters: Counters,
    options: BatchOptions,
    hooks: { registration: () => Registration; onProblem: (error: ApieError) => void },
  ) {
    this.#client = client;
    this.#book = book;
    this.#counters = counters;
    this.#options = options;
    this.#registration = hooks.registration;
    this.#onProblem = hooks.onProblem;
    this.#maxBytes = options.maxBatchBytes;
  }

  /** Whether what is ready fills a batch, by count or by (estimated) bytes. */
  get isFull(): boolean {
    return (
      this.#book.turns.readyItems >= this.#options.maxBatchSize ||
      this.#book.turns.readyBytes >= this.#maxBytes
    );
  }

  /** Some of the next batch is written, and the rest of it is to be. */
  get isUnfinished(): boolean {
    return this.#filling !== undefined;
  }

  /**
   * Takes events of ready lanes, oldest lane first, for a few milliseconds.
   * @returns `undefined` when none of them had any left to send, `"unfinished"` when this is to be called again.
   */
  assemble(): Batch | "unfinished" | undefined {
    this.#filling ??= { entries: [], lanes: new Set(), lane: undefined, bytes: FRAME_BYTES };
    return this.#fill(this.#filling, performance.now() + SLICE_MS) ? this.#filled() : "unfinished";
  }

  #filled(): Batch | undefined {
    const filling = this.#filling;
    this.#filling = undefined;
    if (filling === undefined) return undefined;
    const { entries, lanes } = filling;
    if (entries.length > 0) return new Batch(entries, lanes);
    for (const lane of lanes) this.#book.releaseSent(lane);
    return undefined;
  }

  /** Nothing more is written: what is written of an unfinished batch waits to be sent, as it is. */
  stopFilling(): void {
    const batch = this.#filled();
    if (batch !== undefined) this.waiting.push(batch);
  }

  /** @returns whether the batch is complete. */
  #fill(filling: Filling, until: number): boolean {
    const { entries } = filling;
    while (entries.length < this.#options.maxBatchSize) {
      const lane = filling.lane ?? this.#nextLane(filling);
      if (lane === undefined) return true;
      const item = lane.queue.first;
      if (item?.kind !== "event") {
        filling.lane = undefined;
        continue;
      }
      if (performance.now() >= until) return false;
      const written = this.#written(lane, item);
      if (written === undefined) continue;
      const { eventId, json } = written;
      const bytes = Buffer.byteLength(json);
      if (entries.length > 0 && filling.bytes + bytes + 1 > this.#maxBytes) {
        this.#writtenAhead.set(item, written);
        return true;
      }
      this.#book.next(lane);
      entries.push({ lane, item, eventId, json, bytes, trimmed: undefined });
      filling.bytes += bytes + 1;
    }
    return true;
  }

  #nextLane(filling: Filling): Lane | undefined {
    for (const lane of this.#book.turns.ready) {
      this.#book.hold(lane);
      filling.lanes.add(lane);
      filling.lane = lane;
      return lane;
    }
    return undefined;
  }

  /** @returns `undefined` when there is nothing to send: the event is settled then, and out of its lane. */
  #written(lane: Lane, item: EventItem): WrittenEvent | undefined {
    const ahead = this.#writtenAhead.get(item);
    if (ahead !== undefined) return ahead;
    let written: WrittenEvent | undefined;
    let reason = "redacted";
    try {
      written = item.write(this.#idMembers(lane));
    } catch (error) {
      reason = "unwritable";
      this.#onProblem(
        new ApieError(reason, `an ${item.type} event could not be written: ${reasonOf(error)}`),
      );
    }
    // A hook that told of more work may have made it give way, and it is settled.
    if (lane.queue.first !== item) return undefined;
    if (written !== undefined) return written;
    this.#book.next(lane);
    this.#book.settleItem(lane, item, "dropped", reason);
    return undefined;
  }

  /** Apie's ids, as JSON members to splice in; the agent is registered before any batch is made. */
  #idMembers(lane: Lane): string {
    if (lane.idMembers !== undefined) return lane.idMembers;
    const { agentId, agentVersionId } = lane.registeredAs ?? this.#registration();
    const session = lane.outsideSession ? undefined : lane.session?.id;
    const isSession = lane.opening.kind === "session";
    const ids = {
      run_id: isSession ? undefined : lane.id,
      session_id: isSession ? lane.id : session,
      agent_id: lane.ownAgent ? agentId : undefined,
      agent_version_id: lane.ownAgent ? agentVersionId : undefined,
    };
    const members = Object.entries(ids)
      .filter(([, id]) => id !== undefined)
      .map(([name, id]) => `,"${name}":${JSON.stringify(id)}`)
      .join("");
    // A run that Apie knew already may be told of before its session is known.
    if (lane.session === undefined || lane.session.isSettled) lane.idMembers = members;
    return members;
  }

  /** One attempt. */
  async send(batch: Batch): Promise<BatchResult> {
    this.#counters.requests += 1;
    if (batch.attempts > 0) this.#counters.retries += 1;
    const answer = await this.#client.sendEvents(
      batch,
      batch.entries.map(({ eventId }) => eventId),
    );
    if (batch.abandoned) return "settled";
    switch (answer.kind) {
      case "ok":
        return this.#answered(batch, answer.value);
      case "invalid":
        return this.#refused(batch, answer);
      default:
        return answer;
    }
  }

  /** Gives the batch up, but for what is kept for a later process, and frees its lanes. */
  drop(batch: Batch, reason: string): void {
    batch.abandoned = true;
    const kept = batch.all.filter(({ item }) => isKept(item));
    this.#giveUp(
      batch.all.filter(({ item }) => !isKept(item)),
      reason,
    );
    const stay = new Set(kept.map(({ lane }) => lane));
    for (const lane of batch.lanes) if (!stay.has(lane)) this.#book.releaseSent(lane);
  }

  /** Gives up waiting events that were taken in up to this ticket, one after the other. What waits may be sent in between. */
  *expiring(ticket: number): Generator<undefined, void> {
    this.stopFilling();
    for (const batch of [...this.waiting]) {
      while (this.waiting.includes(batch)) {
        const entry = batch.take(({ item }) => item.ticket <= ticket);
        if (entry === undefined) break;
        this.#giveUp([entry], "expired");
        if (batch.entries.length === 0) this.#takeBack(batch);
        yield;
      }
    }
  }

  /** A batch with nothing left in it. */
  #takeBack(batch: Batch): void {
    this.waiting.splice(this.waiting.indexOf(batch), 1);
    for (const lane of batch.lanes) this.#book.releaseSent(lane);
  }

  #giveUp(entries: readonly Entry[], reason: string): void {
    for (const { lane, item, eventId } of entries) {
      this.#book.settleItem(lane, item, "dropped", reason, { eventId });
    }
  }

  /** Sorts out what Apie took from what it says it did not. */
  #answered(batch: Batch, answer: EventsAnswer): BatchResult {
    this.#counters.warnings += answer.warnings.length;
    const [again, unknown]: [Entry[], Entry[]] = [[], []];
    let setback: EventVerdict | undefined;
    batch.entries.forEach((entry, index) => {
      const verdict = answer.events[index];
      if (verdict?.outcome === "refused") this.#reject(entry, "rejected_in_part", verdict);
      else if (verdict?.outcome === "unknown") unknown.push(entry);
      else if (verdict?.outcome === "again") {
        again.push(entry);
        setback ??= verdict;
      } else this.#delivered(entry);
    });
    batch.entries = again;
    if (unknown.length > 0) {
      // Ids make it harmless to send what was taken once more: halved, until it is clear which was not.
      if (again.length > 0) batch.rest.unshift(again);
      batch.entries = unknown;
      batch.halve();
      return "goes on";
    }
    if (setback === undefined) return this.#advance(batch);
    const { status, message = "" } = setback;
    return { kind: "retry", ambiguous: false, status, message: `not every event was taken: ${message}` };
  }

  #delivered(entry: Entry): void {
    if (entry.trimmed !== undefined) this.#counters.trimmed += 1;
    this.#book.settleItem(entry.lane, entry.item, "delivered");
  }

  /** A refused batch is halved until the bad event stands alone; that one is trimmed, then given up. */
  #refused(batch: Batch, { status, cause, message }: Invalid): BatchResult {
    const [entry] = batch.entries;
    if (entry === undefined) return this.#advance(batch);
    if (batch.entries.length > 1) {
      if (status === 413) {
        const half = Math.ceil(batch.bytes / 2);
        this.#maxBytes = Math.max(MIN_BATCH_BYTES, Math.min(this.#maxBytes, half));
      }
      batch.halve();
      return "goes on";
    }
    if (entry.trimmed === undefined) {
      entry.trimmed = trimmed(entry.json);
      if (entry.trimmed !== undefined) return "goes on";
    }
    this.#reject(entry, `rejected_${refusalOf({ status, cause })}`, { status, message });
    return this.#advance(batch);
  }

  #reject(entry: Entry, reason: string, { status, message }: Pick<LossDetails, "status" | "message">): void {
    this.#book.settleItem(entry.lane, entry.item, "rejected", reason, {
      status,
      message,
      eventId: entry.eventId,
      event: JSON.parse(entry.json),
    });
  }

  #advance(batch: Batch): BatchResult {
    if (batch.advance()) return "goes on";
    for (const lane of batch.lanes) this.#book.releaseSent(lane);
    return "settled";
  }
}
