/**
 * Decides what is asked of Apie next and when, and nothing else. What waits is in the book, how a request is made and read is
 * in calls and batches, when to hold back is the gate's, when to try again the attempts'.
 */
import { type Answer, type ApieClient, detachedTimer, toError } from "../apie-api/index.ts";
import { ApieError } from "../model/errors.ts";
import { Alarm } from "./alarm.ts";
import { type Attempted, type AttemptOptions, Attempts, untried } from "./attempts.ts";
import type { Batch } from "./batch.ts";
import type { Batches } from "./batches.ts";
import type { LaneBook } from "./book.ts";
import type { CallResult, Calls } from "./calls.ts";
import type { Flushes } from "./flushes.ts";
import { type CallKind, Gate, type Pass } from "./gate.ts";
import type { Lane } from "./lane.ts";
import type { Problems } from "./problems.ts";
import type { AgentRegistration } from "./registration.ts";
import type { Counters } from "./totals.ts";

export interface DispatcherOptions extends AttemptOptions {
  maxConcurrentBatches: number;
}

export interface DispatcherParts {
  client: ApieClient;
  book: LaneBook;
  calls: Calls;
  batches: Batches;
  registration: AgentRegistration;
  flushes: Flushes;
  counters: Counters;
  problems: Problems;
  /** Monotonic ms. */
  now: () => number;
}

/** Something that could be asked of Apie. */
interface Candidate {
  readonly kind: CallKind;
  /** When it is due (monotonic ms). */
  readonly at: number;
  /** The flush under way has tried it often enough. */
  readonly isExhausted: boolean;
}

type Setback = Exclude<Answer<unknown>, { kind: "ok" | "invalid" }>;

/** Openings, completions and hand-offs under way at once; Apie stamps times itself, so they should not queue up. */
const MAX_CONCURRENT_CALLS = 8;

export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #maxConcurrentBatches: number;
  readonly #attempts: Attempts;
  readonly #gate: Gate;
  readonly #alarm: Alarm;
  readonly #healthCheck: Attempted = untried();
  #checkingHealth = false;
  #callsUnderWay = 0;
  readonly #sending = new Set<Batch>();
  readonly #requests = new Set<Promise<void>>();
  readonly #registered: ((error: ApieError | undefined) => void)[] = [];
  /** Kinds of call that have probed the closed endpoint in vain: another may work where they do not. */
  readonly #probedInVain = new Set<CallKind>();
  #stopped = false;

  constructor(options: DispatcherOptions & { retryBaseDelayMs: number }, parts: DispatcherParts) {
    this.#parts = parts;
    this.#maxConcurrentBatches = options.maxConcurrentBatches;
    this.#attempts = new Attempts(parts.flushes, options);
    this.#gate = new Gate(options.retryBaseDelayMs);
    this.#alarm = new Alarm(parts.now, () => this.#step());
  }

  /** Why requests are held back at the moment. */
  get heldBecause(): string | undefined {
    return this.#gate.reason;
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
    if (registration.isSettled) return Promise.resolve(this.#registrationError());
    const settled = new Promise<ApieError | undefined>((resolve) => this.#registered.push(resolve));
    registration.attempted.notBefore = 0;
    this.#gate.probeNow(this.#parts.now());
    this.#alarm.soon();
    return settled;
  }

  /** Starts nothing any more, and gives up the batches. The requests under way were cut: they are waited for this long. */
  async stop(cutMs: number): Promise<void> {
    this.#stopped = true;
    this.#alarm.stop();
    const shutDown = new ApieError("shutdown", "registration: the client is shut down");
    for (const resolve of this.#registered.splice(0)) resolve(shutDown);
    if (this.#requests.size > 0) await this.#requestsToEnd(cutMs);
    const { batches } = this.#parts;
    for (const batch of [...batches.waiting.splice(0), ...this.#sending]) batches.drop(batch, "shutdown");
  }

  /** A transport that ignores the signal is not waited for any longer. */
  #requestsToEnd(cutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const deadline = detachedTimer(cutMs, resolve, { keepAlive: true });
      void Promise.all(this.#requests).then(() => {
        deadline.cancel();
        resolve();
      });
    });
  }

  // ---- what ----------------------------------------------------------------------------------------------------

  #step(): void {
    const now = this.#parts.now();
    this.#startWhatMay(now);
    if (!this.#isBusy && this.#probedInVain.size > 0 && this.#gate.isServerPassable(now)) {
      this.#probedInVain.clear();
      this.#startWhatMay(now);
    }
    this.#endHopelessFlushes(now);
    this.#planNextStep();
  }

  #startWhatMay(now: number): void {
    if (!this.#parts.registration.isSettled) {
      this.#register(now);
      return;
    }
    this.#startOpenings(now);
    this.#startCompletions(now);
    this.#startHandoffs(now);
    this.#startBatches(now);
  }

  #register(now: number): void {
    const { registration, counters, problems } = this.#parts;
    if (registration.state === "asking" || !this.#isDue(registration.attempted, now)) return;
    const pass = this.#tryPass("registration", now);
    if (pass === undefined) return;
    counters.requests += 1;
    this.#callsUnderWay += 1;
    this.#request(registration.ask(), (answer) => {
      this.#callsUnderWay -= 1;
      if (answer.kind === "ok" || answer.kind === "invalid") this.#succeeded(registration.attempted, pass);
      else this.#setBack(registration.attempted, pass, now, answer);
      if (answer.kind === "ok") this.#declareCapabilities();
      if (answer.kind === "invalid") {
        problems.add(toError(answer, "registration refused, going on without agent ids"));
      }
      for (const resolve of this.#registered.splice(0)) resolve(this.#registrationError());
    });
  }

  #declareCapabilities(): void {
    const { registration, problems } = this.#parts;
    this.#request(registration.declareCapabilities(), (answer) => {
      if (answer !== undefined && answer.kind !== "ok")
        problems.add(toError(answer, "capabilities not declared"));
    });
  }

  #startOpenings(now: number): void {
    const { book, calls } = this.#parts;
    for (const lane of book.toOpen) {
      if (!this.#mayCall(now)) return;
      if (!this.#isDue(lane, now)) continue;
      if (this.#gate.hasAnsweredSince(lane.unansweredAt)) {
        this.#call(lane, lane.openingKind, now, () => calls.open(lane));
      } else {
        this.#checkHealth(now);
      }
    }
  }

  #startCompletions(now: number): void {
    const { book, calls } = this.#parts;
    for (const lane of book.toComplete) {
      if (!this.#mayCall(now)) return;
      this.#call(lane, lane.completingKind, now, () => calls.complete(lane));
    }
  }

  #startHandoffs(now: number): void {
    const { book, calls } = this.#parts;
    for (const lane of book.toHandOff) {
      if (!this.#mayCall(now)) return;
      const item = lane.queue.first;
      if (item?.kind === "handoff") this.#call(lane, "hand-off", now, () => calls.handoff(lane, item));
    }
  }

  #mayCall(now: number): boolean {
    return this.#callsUnderWay < MAX_CONCURRENT_CALLS && this.#gate.isServerPassable(now);
  }

  #call(lane: Lane, kind: CallKind, now: number, call: () => Promise<CallResult>): void {
    const { book, counters, problems } = this.#parts;
    if (!this.#isDue(lane, now)) return;
    const pass = this.#tryPass(kind, now);
    if (pass === undefined) return;
    book.hold(lane);
    counters.requests += 1;
    if (lane.attempts > 0) counters.retries += 1;
    this.#callsUnderWay += 1;
    this.#request(call(), (result) => {
      this.#callsUnderWay -= 1;
      if (result === "settled" || result === "again") {
        this.#succeeded(lane, pass);
      } else if (result === "without id") {
        this.#gate.answered(pass, this.#parts.now());
        this.#attempts.failed(lane, now, this.#parts.now());
        problems.add(new ApieError("answer_without_id", `${kind}: Apie's answer held no id`));
      } else {
        this.#setBack(lane, pass, now, result);
        lane.unansweredAt = lane.unanswered ? this.#parts.now() : 0;
      }
      book.release(lane);
    });
  }

  /** Before an opening that went unanswered is repeated, which may make a second run, Apie is seen to answer again. */
  #checkHealth(now: number): void {
    const { client, counters } = this.#parts;
    if (this.#checkingHealth || !this.#isDue(this.#healthCheck, now)) return;
    const pass = this.#tryPass("health check", now);
    if (pass === undefined) return;
    counters.requests += 1;
    this.#callsUnderWay += 1;
    this.#checkingHealth = true;
    this.#request(client.health(), (answer) => {
      this.#callsUnderWay -= 1;
      this.#checkingHealth = false;
      if (answer.kind === "retry") {
        this.#setBack(this.#healthCheck, pass, now, answer);
        return;
      }
      // Whatever it says to this question, it answers.
      this.#attempts.succeeded(this.#healthCheck);
      this.#gate.reached(pass, this.#parts.now());
    });
  }

  #startBatches(now: number): void {
    const { batches } = this.#parts;
    const { waiting } = batches;
    for (const batch of [...waiting]) {
      if (!this.#maySend) return;
      if (!this.#isDue(batch, now)) continue;
      const pass = this.#tryPass("events", now);
      if (pass === undefined) return;
      waiting.splice(waiting.indexOf(batch), 1);
      this.#send(batch, pass, now);
    }
    // While the endpoint is down, events are better kept in their lanes, where the bounds reach them.
    if (!this.#maySend || (this.#gate.isServerClosed && waiting.length > 0)) return;
    if (this.#eventsDueAt(now) > now) return;
    const pass = this.#tryPass("events", now);
    if (pass === undefined) return;
    const batch = batches.assemble();
    if (batch === undefined) {
      this.#gate.unused(pass);
      return;
    }
    this.#send(batch, pass, now);
    // Writing a batch takes a moment; the next one is written in another turn of the event loop.
    this.#alarm.soon();
  }

  get #maySend(): boolean {
    return this.#sending.size < this.#maxConcurrentBatches;
  }

  #send(batch: Batch, pass: Pass, now: number): void {
    const { batches } = this.#parts;
    this.#sending.add(batch);
    this.#request(batches.send(batch), (result) => {
      this.#sending.delete(batch);
      if (result === "settled") {
        this.#succeeded(batch, pass);
      } else if (result === "goes on") {
        this.#succeeded(batch, pass);
        batches.waiting.unshift(batch);
      } else {
        this.#setBack(batch, pass, now, result);
        batches.waiting.push(batch);
      }
    });
  }

  /** Everything that is asked of Apie ends here, and what it ends with may make room for the next. */
  #request<T>(asked: Promise<T>, ended: (result: T) => void): void {
    const request = asked.then((result) => {
      this.#requests.delete(request);
      ended(result);
      this.#alarm.soon();
    });
    this.#requests.add(request);
  }

  #isDue(attempted: Attempted, now: number): boolean {
    return !this.#attempts.isExhausted(attempted) && this.#attempts.dueAt(attempted) <= now;
  }

  #tryPass(kind: CallKind, now: number): Pass | undefined {
    if (this.#gate.isServerClosed && this.#probedInVain.has(kind)) return undefined;
    return this.#gate.tryPass(kind, now);
  }

  // ---- how it went ---------------------------------------------------------------------------------------------

  #succeeded(attempted: Attempted, pass: Pass): void {
    this.#gate.answered(pass, this.#parts.now());
    this.#probedInVain.clear();
    this.#attempts.succeeded(attempted);
  }

  #setBack(attempted: Attempted, pass: Pass, startedAt: number, setback: Setback): void {
    if (this.#stopped) return;
    const now = this.#parts.now();
    const tryAgainAt = this.#attempts.failed(attempted, startedAt, now);
    if (pass.probesServer) this.#probedInVain.add(pass.kind);
    if (setback.kind === "denied") {
      this.#gate.denied(pass, now, setback.message, setback.status);
    } else {
      this.#gate.failed(pass, now, setback.message, setback.retryAfterMs);
      if (this.#parts.flushes.active && !this.#attempts.areExhausted) this.#gate.probeServerAt(tryAgainAt);
    }
    this.#parts.problems.add(toError(setback, pass.kind));
  }

  #registrationError(): ApieError | undefined {
    const { failure } = this.#parts.registration;
    return failure === undefined ? undefined : toError(failure, "registration");
  }

  // ---- when ----------------------------------------------------------------------------------------------------

  /** Ends flushes when nothing is under way and nothing is left that they may still try in their time. */
  #endHopelessFlushes(now: number): void {
    const { flushes } = this.#parts;
    if (!flushes.active || this.#isBusy || this.#alarm.isSoon) return;
    const isOutOfReach = this.#attempts.areExhausted && this.#gate.isServerClosed;
    if (isOutOfReach || !this.#hasHope(now)) flushes.giveUpAll();
  }

  #hasHope(now: number): boolean {
    const { deadline } = this.#parts.flushes;
    for (const { kind, at, isExhausted } of this.#candidates(now)) {
      if (isExhausted || this.#gate.isDenied(kind, now)) continue;
      if (Math.max(at, this.#gate.heldUntil(kind)) <= deadline) return true;
    }
    return false;
  }

  #planNextStep(): void {
    if (this.#alarm.isSoon) return;
    const now = this.#parts.now();
    const earliest = Math.max(now, this.#gate.serverHeldUntil);
    let next = Number.POSITIVE_INFINITY;
    for (const { kind, at, isExhausted } of this.#candidates(now)) {
      if (isExhausted) continue;
      next = Math.min(next, Math.max(at, this.#gate.heldUntil(kind)));
      if (next <= earliest) break;
    }
    // What is due but could not start waits for a request under way to end.
    if (next <= now && this.#isBusy) return;
    this.#alarm.at(Math.max(next, now + 1));
  }

  /** Everything that could be asked of Apie. */
  *#candidates(now: number): Iterable<Candidate> {
    const { book, batches, registration } = this.#parts;
    const candidate = (kind: CallKind, attempted: Attempted): Candidate => ({
      kind,
      at: this.#attempts.dueAt(attempted),
      isExhausted: this.#attempts.isExhausted(attempted),
    });
    if (!registration.isSettled) {
      if (registration.state !== "asking") yield candidate("registration", registration.attempted);
      return;
    }
    for (const lane of book.toOpen) {
      const opening = candidate(lane.openingKind, lane);
      yield this.#gate.hasAnsweredSince(lane.unansweredAt)
        ? opening
        : later(opening, candidate("health check", this.#healthCheck));
    }
    for (const lane of book.toComplete) yield candidate(lane.completingKind, lane);
    for (const lane of book.toHandOff) yield candidate("hand-off", lane);
    for (const batch of batches.waiting) yield candidate("events", batch);
    if (book.ready.size > 0) yield { kind: "events", at: this.#eventsDueAt(now), isExhausted: false };
  }

  /** When the next batch is to be put together. */
  #eventsDueAt(now: number): number {
    const { book, batches, flushes } = this.#parts;
    if (book.ready.size === 0) return Number.POSITIVE_INFINITY;
    if (batches.isFull || flushes.active) return now;
    let earliest = Number.POSITIVE_INFINITY;
    for (const lane of book.ready) earliest = Math.min(earliest, lane.eventsDueAt);
    return earliest;
  }

  get #isBusy(): boolean {
    return this.#callsUnderWay + this.#sending.size > 0;
  }
}

/** What has to be asked first, no earlier than what it is asked for. */
const later = (after: Candidate, first: Candidate): Candidate => ({
  kind: first.kind,
  at: Math.max(after.at, first.at),
  isExhausted: after.isExhausted || first.isExhausted,
});
