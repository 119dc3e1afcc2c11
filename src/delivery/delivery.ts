/** Ordered, bounded delivery to Apie: what is put in here ends in exactly one counter, and `flush()` says in which. */
import { type ApieClient, type CompleteBody, detachedTimer, type IdentifyBody } from "../apie-api/index.ts";
import type { DropInfo } from "../config/index.ts";
import { ApieError } from "../model/errors.ts";
import type { AttemptOptions } from "./attempts.ts";
import { Batches, type BatchOptions } from "./batches.ts";
import { type BookOptions, LaneBook } from "./book.ts";
import { Calls } from "./calls.ts";
import { Dispatcher } from "./dispatcher.ts";
import { type KeptIdStore, QueueStorage, type StorageOptions, type StorageState } from "./durable/index.ts";
import { Expiry } from "./expiry.ts";
import { Flushes } from "./flushes.ts";
import type { LaneItem } from "./items.ts";
import type { Lane } from "./lane.ts";
import { Problems } from "./problems.ts";
import { Quarantine } from "./quarantine.ts";
import { AgentRegistration } from "./registration.ts";
import { Counters, type FlushReport } from "./totals.ts";

/** The queue on disk. */
export type DeliveryStorage = Omit<StorageOptions, "maxHeadBytes">;

export interface DeliveryOptions extends BookOptions, BatchOptions, AttemptOptions {
  client: ApieClient;
  identify: IdentifyBody;
  /** Declared once the agent is registered. */
  capabilities: readonly unknown[];
  /** POSTs of events under way at once. */
  maxConcurrentBatches: number;
  /** Keep what waits on disk as well. */
  storage?: DeliveryStorage | undefined;
  /** Called for everything given up. Must not throw. */
  onDrop: (info: DropInfo) => void;
  /** A problem of delivery, at most once a minute of each kind. Must not throw. */
  onProblem: (error: ApieError) => void;
}

/** What could not be sent for this long is given up: a replay that old helps nobody, and memory is bounded. */
const MAX_AGE_MS = 60 * 60_000;
/** On disk it takes no memory, and a process that is down over the weekend is to find it again. */
const MAX_AGE_ON_DISK_MS = 7 * 24 * 60 * 60_000;
/** What of the file may be in memory as well: the share of the queue's memory, and the most. */
const HEAD_SHARE = 1 / 4;
const MAX_HEAD_BYTES = 8 * 1_048_576;
/** How long `shutdown()` waits for requests it has cut; taken out of its time. */
const CUT_REQUEST_MS = 50;

export class Delivery {
  readonly counters = new Counters();
  readonly quarantine = new Quarantine();
  readonly registration: AgentRegistration;
  readonly #client: ApieClient;
  readonly #onDrop: (info: DropInfo) => void;
  readonly #flushes = new Flushes();
  readonly #problems: Problems;
  readonly #book: LaneBook;
  readonly #batches: Batches;
  readonly #dispatcher: Dispatcher;
  readonly #expiry: Expiry;
  readonly #storage: QueueStorage | undefined;
  #stopping: Promise<FlushReport> | undefined;
  #stopped = false;
  /** When `flush()` was called last (epoch ms). */
  lastFlushAt: number | undefined;

  constructor(options: DeliveryOptions) {
    const { client } = options;
    this.#client = client;
    this.#onDrop = options.onDrop;
    this.registration = new AgentRegistration(client, options.identify, options.capabilities);
    this.#problems = new Problems(options.onProblem, now);
    this.#book = new LaneBook(options, this.counters, {
      now,
      onSettled: (ticket) => this.#flushes.settled(ticket),
      onFreed: () => this.#dispatcher?.soon(),
      onDrop: (info) => {
        this.quarantine.note(info);
        options.onDrop(info);
      },
    });
    this.#storage = this.#storageOf(options);
    const registration = () => this.registration.value;
    this.#batches = new Batches(client, this.#book, this.counters, options, {
      registration,
      onProblem: (error) => this.#problems.add(error),
    });
    this.#dispatcher = new Dispatcher(options, {
      client,
      book: this.#book,
      calls: new Calls(client, this.#book, this.counters, registration),
      batches: this.#batches,
      registration: this.registration,
      flushes: this.#flushes,
      counters: this.counters,
      problems: this.#problems,
      storage: this.#storage,
      now,
    });
    this.#expiry = new Expiry({
      book: this.#book,
      batches: this.#batches,
      maxAgeMs: this.#storage === undefined ? MAX_AGE_MS : MAX_AGE_ON_DISK_MS,
      onDone: () => this.#dispatcher.soon(),
      now,
    });
  }

  #storageOf({ storage, maxQueueBytes }: DeliveryOptions): QueueStorage | undefined {
    if (storage === undefined) return undefined;
    const maxHeadBytes = Math.min(MAX_HEAD_BYTES, maxQueueBytes * HEAD_SHARE);
    const kept = new QueueStorage(
      { ...storage, maxHeadBytes },
      {
        ...this.#book.storageHooks,
        problem: (error) => this.#problems.add(error),
        soon: () => this.#dispatcher?.soon(),
      },
    );
    this.#book.keepIn(kept);
    return kept;
  }

  /** What is held: events, openings, completions, hand-offs, and their bytes, estimated. */
  get queued(): { count: number; bytes: number } {
    return { count: this.#book.count, bytes: this.#book.bytes };
  }

  /** Why requests are held back at the moment. */
  get heldBecause(): string | undefined {
    return this.#dispatcher.heldBecause;
  }

  /** The state of the queue on disk, if there is one. */
  get storage(): StorageState | undefined {
    return this.#storage?.state;
  }

  /** The last failure, and when it was (epoch ms). */
  get lastError(): { at: number; message: string } | undefined {
    return this.#problems.last;
  }

  // ---- in ------------------------------------------------------------------------------------------------------

  /** Registers the agent, and begins to send what waits on disk. */
  start(): void {
    this.#storage?.start();
    this.#expiry.plan();
    this.#dispatcher.soon();
  }

  /** The lane of a run or session of this id of ours that was opened before, here or by a process that has ended, and goes on. */
  kept(kind: "run" | "session", key: string): Lane | undefined {
    return this.#stopped ? undefined : this.#storage?.kept(kind, key);
  }

  /** Apie's ids of what is told again at another time; only with a queue on disk. */
  get keptIds(): KeptIdStore | undefined {
    return this.#storage?.keptIds;
  }

  /** Opens the run or session of the lane at Apie, in the next turn of the event loop. */
  open(lane: Lane): void {
    this.#book.open(lane);
    if (this.#dispatcher.isDenied(lane)) lane.setBack();
    this.#expiry.plan();
    this.#dispatcher.soon();
  }

  push(lane: Lane, item: LaneItem): void {
    this.#book.push(lane, item);
    this.#expiry.plan();
    if (this.#batches.isFull) this.#dispatcher.soon();
    else this.#dispatcher.at(lane.eventsDueAt);
  }

  /** Ends the run or session of the lane at Apie, once what is in the lane, and its runs, are through. */
  complete(lane: Lane, body: CompleteBody): void {
    this.#book.complete(lane, body);
    this.#expiry.plan();
    if (this.#book.turns.toComplete.has(lane)) this.#dispatcher.soon();
    else this.#dispatcher.at(lane.eventsDueAt);
  }

  /** Counts a run or session that was lost before it came here. */
  lostBefore(loss: Omit<DropInfo, "outcome"> & { what: "run" | "session" }): void {
    this.counters[`${loss.what}s`].dropped += 1;
    this.counters.lost(loss.reason);
    this.#onDrop({ ...loss, outcome: "dropped" });
  }

  /** The run of the lane goes on later: Apie is not told, and its session does not wait for it. */
  pause(lane: Lane): void {
    this.#book.pause(lane);
    this.#dispatcher.soon();
  }

  /** A paused lane goes on. @param orphanStatus how it ends when the process does in the middle of it. */
  resume(lane: Lane, orphanStatus: string | undefined): void {
    lane.orphanStatus = orphanStatus;
    lane.slot?.changed();
  }

  /**
   * Resolves with the error that stands in the way when an attempt failed, with nothing once registered. Apie may have asked
   * for minutes: whoever waits has a deadline, and keeps the process alive until then.
   */
  async whenRegistered(): Promise<ApieError | undefined> {
    if (this.#stopped && !this.registration.isSettled)
      return new ApieError("shutdown", "registration: the client is shut down");
    return this.#dispatcher.whenRegistered();
  }

  /**
   * Apie's id of the workspace, waited for this long at most, through failures that may pass; `undefined` when it is not known by
   * then, or Apie does not say.
   */
  async workspaceId(withinMs: number): Promise<string | undefined> {
    const { registration } = this;
    if (!registration.isSettled) {
      const first = this.whenRegistered();
      await new Promise<void>((resolve) => {
        let isWaiting = true;
        const end = (): void => {
          isWaiting = false;
          deadline.cancel();
          resolve();
        };
        const deadline = detachedTimer(withinMs, end, { keepAlive: true });
        const look = (): void => {
          if (registration.isSettled || registration.failure?.kind === "denied" || this.#stopped) end();
          else if (isWaiting) void this.#dispatcher.whenRegistrationTried().then(look);
        };
        void first.then(look);
      });
    }
    return registration.value.workspaceId;
  }

  /** Registers again; resolves as `whenRegistered`. */
  identify(): Promise<ApieError | undefined> {
    if (!this.#stopped) this.registration.forget();
    return this.whenRegistered();
  }

  // ---- barrier and end -----------------------------------------------------------------------------------------

  /**
   * Waits for what was queued before, at most `timeoutMs`; tries what fails up to `retryAttempts` times, and does not wait
   * any longer once nothing more can come of it. Keeps the process alive meanwhile.
   */
  async flush(timeoutMs: number): Promise<FlushReport> {
    const started = now();
    this.counters.flushes += 1;
    this.lastFlushAt = Date.now();
    // What is left on disk after the end is not waited for: another process sends it.
    const awaited = this.#stopped ? 0 : this.#book.count;
    const { done, giveUp } = this.#flushes.wait(this.#book.ticket, awaited, started + timeoutMs);
    let timedOut = false;
    const deadline = detachedTimer(
      timeoutMs,
      () => {
        timedOut = true;
        giveUp();
      },
      { keepAlive: true },
    );
    this.#dispatcher.flushBegan();
    const isDone = await done;
    deadline.cancel();
    this.#dispatcher.soon();
    const { events, runs, sessions } = this.counters;
    const isWaiting = events.pending + runs.pending + sessions.pending > 0;
    return {
      ok: isDone && !(this.#stopped && isWaiting),
      timedOut,
      durationMs: Math.round(now() - started),
      ...this.#totals(),
      sessionsLeftOpen: 0,
      lastError: isWaiting ? this.lastError?.message : undefined,
    };
  }

  /**
   * Flushes, then gives up what is left, within `timeoutMs`: nothing is sent or timed after this, and what comes still is
   * dropped. With a queue on disk what is left stays there, pending. Called again, it gives the same report.
   */
  shutdown(timeoutMs: number): Promise<FlushReport> {
    this.#stopping ??= this.#stop(timeoutMs);
    return this.#stopping;
  }

  async #stop(timeoutMs: number): Promise<FlushReport> {
    const started = now();
    const deadline = started + timeoutMs - CUT_REQUEST_MS;
    let report = await this.flush(Math.max(0, deadline - now()));
    // Only when a session was open was it known that it is to be completed here.
    if (report.ok && this.#book.count > 0) report = await this.flush(Math.max(0, deadline - now()));
    this.#stopped = true;
    this.#expiry.stop();
    this.#client.close();
    await this.#dispatcher.stop(CUT_REQUEST_MS);
    this.#storage?.saveAll();
    this.#book.close("shutdown");
    // What stays on disk is not waited for any longer.
    this.#flushes.giveUpAll();
    this.#storage?.close();
    return { ...report, durationMs: Math.round(now() - started), ...this.#totals() };
  }

  #totals(): Pick<FlushReport, "events" | "runs" | "sessions" | "reasons"> {
    const { events, runs, sessions, reasons } = this.counters;
    return {
      events: { ...events },
      runs: { ...runs },
      sessions: { ...sessions },
      reasons: Object.fromEntries(reasons),
    };
  }
}

/** Monotonic ms: what is measured here must not jump with the clock of the machine. */
const now = (): number => performance.now();
