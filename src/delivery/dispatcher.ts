/**
 * Starts what is asked of Apie next, and nothing else. What waits is in the book, when it is due in the agenda, how a request
 * is made and read is in calls and batches, when to hold back is the gate's, when to try again the attempts', what an outcome
 * means for both the passes'.
 */
import type { ApieClient } from "../apie-api/index.ts";
import { ApieError } from "../model/errors.ts";
import { Agenda, type AgendaParts } from "./agenda.ts";
import { Agreeing } from "./agreeing.ts";
import { Alarm } from "./alarm.ts";
import { type AttemptOptions, Attempts } from "./attempts.ts";
import { Batch } from "./batch.ts";
import type { CallResult, Calls } from "./calls.ts";
import type { QueueStorage } from "./durable/index.ts";
import { type CallKind, Gate, type Pass } from "./gate.ts";
import type { Lane } from "./lane.ts";
import type { LanesByKind } from "./lanes-by-kind.ts";
import { Passes } from "./passes.ts";
import type { Problems } from "./problems.ts";
import { Registering } from "./registering.ts";
import { Requests } from "./requests.ts";
import type { Counters } from "./totals.ts";

export interface DispatcherOptions extends AttemptOptions {
  maxConcurrentBatches: number;
}

export interface DispatcherParts extends AgendaParts {
  client: ApieClient;
  calls: Calls;
  counters: Counters;
  problems: Problems;
  /** Where what waits is kept as well. */
  storage?: QueueStorage | undefined;
  /** Monotonic ms. */
  now: () => number;
}

/** Openings, completions and hand-offs under way at once; Apie stamps times itself, so they should not queue up. */
const MAX_CONCURRENT_CALLS = 8;
/** While something due waits for a request under way to end, what comes due meanwhile is seen this much later at most. */
const LOOK_AGAIN_MS = 50;
/** While so many lanes have something that may be sent, no more of them are read from disk. */
const ENOUGH_LANES = 128;
/** Nor while there are so many in all: of those whose calls are refused there may be as many as the disk holds. */
const MOST_LANES = 20_000;

export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #maxConcurrentBatches: number;
  readonly #attempts: Attempts;
  readonly #gate: Gate;
  readonly #agenda: Agenda;
  readonly #alarm: Alarm;
  #checkingHealth = false;
  #callsUnderWay = 0;
  readonly #sending = new Set<Batch>();
  readonly #requests: Requests;
  readonly #agreeing: Agreeing;
  readonly #passes: Passes;
  readonly #registering: Registering;

  constructor(options: DispatcherOptions & { retryBaseDelayMs: number }, parts: DispatcherParts) {
    this.#parts = parts;
    this.#maxConcurrentBatches = options.maxConcurrentBatches;
    this.#attempts = new Attempts(parts.flushes, options);
    this.#gate = new Gate(options.retryBaseDelayMs);
    this.#agenda = new Agenda(parts, this.#attempts, this.#gate);
    this.#alarm = new Alarm(parts.now, () => this.#requests.safely(() => this.#step()));
    this.#requests = new Requests({
      // What it ended with may make room for the next.
      onEnded: () => this.#alarm.soon(),
      onProblem: (error) => parts.problems.add(error),
    });
    this.#agreeing = new Agreeing(parts.book, parts.counters, this.#requests);
    this.#passes = new Passes({ ...parts, attempts: this.#attempts, gate: this.#gate });
    this.#registering = new Registering({
      ...parts,
      agenda: this.#agenda,
      passes: this.#passes,
      requests: this.#requests,
      onRegistered: (registration) => parts.storage?.registered(registration),
      onSetBack: () => {
        for (const lane of parts.book.turns.toOpen) lane.setBack();
      },
    });
  }

  /** Why requests are held back at the moment. */
  get heldBecause(): string | undefined {
    return this.#gate.reason(this.#parts.now());
  }

  /** Whether Apie is known to refuse the opening of the lane for now. */
  isDenied(lane: Lane): boolean {
    const kind = this.#parts.registration.isSettled ? lane.openingKind : "registration";
    return this.#gate.isDenied(kind, this.#parts.now());
  }

  /** Looks what there is to do in the next turn of the event loop. */
  soon(): void {
    this.#alarm.soon();
  }

  /** Looks what there is to do at that time (monotonic ms). */
  at(at: number): void {
    this.#alarm.at(at);
  }

  flushBegan(): void {
    this.#attempts.flushBegan();
    this.#gate.probeNow(this.#parts.now());
    this.#alarm.soon();
  }

  /** Resolves with the error that stands in the way when an attempt failed, with nothing once registered. */
  whenRegistered(): Promise<ApieError | undefined> {
    const { registration } = this.#parts;
    if (registration.isSettled) return Promise.resolve(registration.error);
    const settled = this.#registering.settled();
    registration.attempted.notBefore = 0;
    this.#gate.probeNow(this.#parts.now());
    this.#alarm.soon();
    return settled;
  }

  /** Resolves as `whenRegistered`, and leaves the next attempt to its time. */
  whenRegistrationTried(): Promise<ApieError | undefined> {
    return this.#registering.settled();
  }

  /** Starts nothing any more, and gives up the batches. The requests under way were cut: they are waited for this long. */
  async stop(cutMs: number): Promise<void> {
    this.#passes.stop();
    this.#alarm.stop();
    this.#registering.giveUp(new ApieError("shutdown", "registration: the client is shut down"));
    await this.#requests.ended(cutMs);
    const { batches } = this.#parts;
    batches.stopFilling();
    for (const batch of [...batches.waiting.splice(0), ...this.#sending]) batches.drop(batch, "shutdown");
  }

  // ---- what ----------------------------------------------------------------------------------------------------

  #step(): void {
    const now = this.#parts.now();
    this.#readMore(now);
    this.#startWhatMay(now);
    if (!this.#isBusy && this.#passes.mayProbeAnew(now)) this.#startWhatMay(now);
    this.#endHopelessFlushes(now);
    this.#planNextStep(now);
  }

  /** What an earlier process left is read as it is sent; what is refused for now holds up nothing behind it. */
  #readMore(now: number): void {
    const { storage, book } = this.#parts;
    if (storage === undefined || book.turns.size >= MOST_LANES) return;
    const sendable = book.turns.sizeOf((kind) => !this.#gate.isKindHeld(kind, now));
    if (sendable < ENOUGH_LANES && storage.readMore()) this.#alarm.soon();
  }

  #startWhatMay(now: number): void {
    if (!this.#parts.registration.isSettled) {
      this.#registering.ask(now);
      return;
    }
    this.#startOpenings(now);
    this.#startCompletions(now);
    this.#startHandoffs(now);
    this.#startBatches(now);
  }

  #startOpenings(now: number): void {
    const { book, calls } = this.#parts;
    for (const lane of this.#inTurns(book.turns.toOpen, now)) {
      if (!this.#agenda.isDue(lane, now)) continue;
      if (!this.#gate.hasAnsweredSince(lane.unansweredAt)) this.#checkHealth(now);
      else if (this.#agreeing.mayOpen(lane, now))
        this.#call(lane, lane.openingKind, now, () => calls.open(lane));
    }
  }

  #startCompletions(now: number): void {
    const { book, calls } = this.#parts;
    for (const lane of this.#inTurns(book.turns.toComplete, now)) {
      this.#call(lane, lane.completingKind, now, () => calls.complete(lane));
    }
  }

  #startHandoffs(now: number): void {
    const { book, calls } = this.#parts;
    for (const lane of this.#inTurns(book.turns.toHandOff, now)) {
      const item = lane.queue.first;
      if (item?.kind === "handoff") this.#call(lane, "hand-off", now, () => calls.handoff(lane, item));
    }
  }

  /** As long as calls may be made. */
  #inTurns(lanes: LanesByKind, now: number): Iterable<Lane> {
    return lanes.inTurns((kind) => this.#mayCall(now) && this.#gate.isKindPassable(kind, now));
  }

  #mayCall(now: number): boolean {
    return this.#callsUnderWay < MAX_CONCURRENT_CALLS && this.#gate.isServerPassable(now);
  }

  #call(lane: Lane, kind: CallKind, now: number, call: () => Promise<CallResult>): void {
    const { book, counters, problems } = this.#parts;
    if (!this.#agenda.isDue(lane, now)) return;
    const pass = this.#passes.tryPass(kind, now);
    if (pass === undefined) return;
    book.hold(lane);
    counters.requests += 1;
    if (lane.attempts > 0) counters.retries += 1;
    this.#callsUnderWay += 1;
    this.#requests.add(call(), (result) => {
      this.#callsUnderWay -= 1;
      if (result === "settled" || result === "again") {
        this.#passes.succeeded(lane, pass);
      } else if (result === "without id") {
        this.#gate.answered(pass, this.#parts.now());
        this.#attempts.failed(lane, now, this.#parts.now());
        problems.add(new ApieError("answer_without_id", `${kind}: Apie's answer held no id`));
        lane.setBack();
      } else {
        this.#passes.setBack(lane, pass, now, result);
        lane.setBack();
        lane.unansweredAt = lane.unanswered ? this.#parts.now() : 0;
      }
      book.release(lane);
    });
  }

  /** Before an opening that went unanswered is repeated, which may make a second run, Apie is seen to answer again. */
  #checkHealth(now: number): void {
    const { client, counters } = this.#parts;
    if (this.#checkingHealth || !this.#agenda.isDue(this.#agenda.healthCheck, now)) return;
    const pass = this.#passes.tryPass("health check", now);
    if (pass === undefined) return;
    counters.requests += 1;
    this.#callsUnderWay += 1;
    this.#checkingHealth = true;
    this.#requests.add(client.health(), (answer) => {
      this.#callsUnderWay -= 1;
      this.#checkingHealth = false;
      if (answer.kind === "retry") {
        this.#passes.setBack(this.#agenda.healthCheck, pass, now, answer);
        return;
      }
      // Whatever it says to this question, it answers.
      this.#attempts.succeeded(this.#agenda.healthCheck);
      this.#gate.reached(pass, this.#parts.now());
    });
  }

  #startBatches(now: number): void {
    const { batches } = this.#parts;
    const { waiting } = batches;
    for (const batch of [...waiting]) {
      if (!this.#maySend) return;
      if (!this.#agenda.isDue(batch, now)) continue;
      const pass = this.#passes.tryPass("events", now);
      if (pass === undefined) return;
      waiting.splice(waiting.indexOf(batch), 1);
      this.#send(batch, pass, now);
    }
    // While the endpoint is down, events are better kept in their lanes, where the bounds reach them.
    if (!this.#maySend || (this.#gate.isServerClosed && waiting.length > 0)) return;
    if (this.#agenda.eventsDueAt(now) > now) return;
    const pass = this.#passes.tryPass("events", now);
    if (pass === undefined) return;
    const batch = batches.assemble();
    if (batch instanceof Batch) this.#send(batch, pass, now);
    else this.#gate.unused(pass);
    // Writing takes a moment; what is left of this batch, or the next one, is written in another turn of the event loop.
    if (batch !== undefined) this.#alarm.soon();
  }

  get #maySend(): boolean {
    return this.#sending.size < this.#maxConcurrentBatches;
  }

  #send(batch: Batch, pass: Pass, now: number): void {
    const { batches } = this.#parts;
    this.#sending.add(batch);
    this.#requests.add(batches.send(batch), (result) => {
      this.#sending.delete(batch);
      if (result === "settled") {
        this.#passes.succeeded(batch, pass);
      } else if (result === "goes on") {
        this.#passes.succeeded(batch, pass);
        batches.waiting.unshift(batch);
      } else {
        this.#passes.setBack(batch, pass, now, result);
        batches.waiting.push(batch);
      }
    });
  }

  // ---- when ----------------------------------------------------------------------------------------------------

  /** Ends flushes when nothing is under way and nothing is left that they may still try in their time. */
  #endHopelessFlushes(now: number): void {
    const { flushes } = this.#parts;
    if (!flushes.active || this.#isBusy || this.#alarm.isSoon) return;
    const isOutOfReach = this.#attempts.areExhausted && this.#gate.isServerClosed;
    if (isOutOfReach || !this.#agenda.hasHope(now)) flushes.giveUpAll();
  }

  /** @param now the time of the step: what has come due since it began was not looked at in it. */
  #planNextStep(now: number): void {
    if (this.#alarm.isSoon) return;
    const next = this.#agenda.nextAt(now);
    // What is due but could not start waits for a request under way to end; what comes due meanwhile may not have to.
    const isHeldUp = next <= now && this.#isBusy;
    this.#alarm.at(isHeldUp ? now + LOOK_AGAIN_MS : Math.max(next, now + 1));
  }

  get #isBusy(): boolean {
    const { underWay: registering } = this.#registering;
    const underWay = registering + this.#callsUnderWay + this.#sending.size + this.#agreeing.underWay;
    const { storage, book } = this.#parts;
    return underWay > 0 || storage?.isSaving === true || book.givingUp.isExpiring;
  }
}
