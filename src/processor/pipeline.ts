/**
 * Note, read, place, write, send: the road every span takes, put together from the parts that each do one of them.
 */
import { ApieClient } from "../apie-api/index.ts";
import { type ApieConfig, CAPTURE_SOURCE, DEFAULT_SESSION_TTL_MS, type DropInfo } from "../config/index.ts";
import { APIE_CONVENTION } from "../conventions/index.ts";
import { Delivery, type FlushReport } from "../delivery/index.ts";
import { Reporter, type SelfMetrics } from "../diagnostics/index.ts";
import { type Hook, Redactor, runIdOf, spanContent, withoutKey } from "../events/index.ts";
import { ApieError } from "../model/errors.ts";
import type { RunProgress, Scope } from "../model/scope.ts";
import type { SpanLike } from "../model/span.ts";
import { Tracker } from "../tracking/index.ts";
import { Awaited } from "./awaited.ts";
import { allTold, type Barrier, passBarrier, withUnread } from "./barrier.ts";
import { Bodies } from "./bodies.ts";
import { Boundary } from "./boundary.ts";
import { EndOnlyTraces } from "./end-only/index.ts";
import { Environment } from "./environment.ts";
import type { EventWriter } from "./event-record.ts";
import { Hooks } from "./hooks.ts";
import { identifyBody, withoutSecrets } from "./identify.ts";
import { ApieIds } from "./ids.ts";
import { Placing } from "./placing.ts";
import { Pump } from "./pump.ts";
import { QueuedKeys } from "./queued-keys.ts";
import { maxEventBytes, SpanReading } from "./reading.ts";
import { Recorder } from "./recorder.ts";
import { selfMetricsOf } from "./self-metrics.ts";
import { type SharedLanes, sharedLanesOf } from "./shared-lanes.ts";
import { storageOf } from "./storage.ts";
import { Sweeping } from "./sweeping.ts";
import { Unreadable } from "./unreadable.ts";
import { type WaitUntil, waitUntilOf } from "./wait-until.ts";

export class Pipeline {
  readonly config: ApieConfig;
  readonly reporter: Reporter;
  readonly client: ApieClient;
  readonly delivery: Delivery;
  readonly tracker: Tracker;
  readonly redactor: Redactor;
  readonly boundary: Boundary;
  readonly ids = new ApieIds();
  /** Absent without a session store. */
  readonly sharedLanes: SharedLanes | undefined;
  readonly waitUntil: WaitUntil | undefined;
  readonly awaited = new Awaited();
  readonly hooks: Hooks;
  readonly #pump: Pump;
  readonly #recorder: Recorder;
  readonly #metrics: SelfMetrics;
  readonly #unreadable: Unreadable;
  readonly #endOnly: EndOnlyTraces;
  readonly #sweeping: Sweeping;
  #stopping: Promise<FlushReport> | undefined;
  #isOver = false;

  /** @param owner client whose scope's spans are taken; without one, all are. */
  constructor(config: ApieConfig, owner?: object) {
    this.config = config;
    this.reporter = new Reporter(config.onError);
    this.redactor = new Redactor(config, config.apiKey);
    this.hooks = new Hooks(this.reporter, this.redactor);
    this.#unreadable = new Unreadable(this.reporter, this.redactor);
    const agent = { ...config.agent, key: this.redactor.identity(config.agent.key) };
    const environment = new Environment(config.runtime?.environment);
    this.#metrics = selfMetricsOf(this, () => this.#pump, this.hooks);
    this.client = new ApieClient({
      baseUrl: config.baseUrl,
      apiKey: config.apiKey,
      timeoutMs: config.timeout,
      headers: config.headers,
      transport: config.transport,
      fetch: config.fetch,
      shown: (text) => this.redactor.text(withoutKey(text, config.apiKey)),
      onExchange: (exchange) => this.#metrics.exchanged(exchange),
    });
    const common = {
      agentKey: agent.key,
      environment: () => environment.name,
      captureContent: config.captureContent,
      captureSource: CAPTURE_SOURCE,
    };
    const hook: Hook = {
      redact: config.redact,
      maxBytes: maxEventBytes(config),
      onHookError: (error, given) => this.hooks.failed("redact", error, given),
    };
    const bodies = new Bodies({ ...common, redactor: this.redactor, hook });
    this.delivery = new Delivery({
      ...config,
      client: this.client.inBackground(),
      identify: withoutSecrets(identifyBody(config, agent.key), this.redactor),
      capabilities: withoutSecrets(config.capabilities ?? [], this.redactor),
      storage: storageOf(config, agent.key, this.redactor, bodies, {
        atLast: () => {
          this.#pump.all();
          this.#endOnly.releaseComplete();
          this.#endOnly.walks.all();
        },
        shared: (lane, conversation, end) =>
          this.sharedLanes?.recovered(lane, conversation, () => this.delivery.complete(lane, end)),
      }),
      onDrop: (info) => this.#dropped(info),
      onProblem: (error) => this.reporter.problem(error),
    });
    const { queueIdempotencyKey } = config;
    const duplicates =
      queueIdempotencyKey === undefined ? undefined : new QueuedKeys(queueIdempotencyKey, this.hooks);
    const writer: EventWriter = {
      ...common,
      finish: { ...hook, redactor: this.redactor },
      settling: duplicates === undefined ? undefined : (record) => duplicates.settling(record),
    };
    this.sharedLanes = sharedLanesOf(config, {
      workspaceId: () => this.delivery.registration.value.workspaceId,
      now,
      onProblem: (message) =>
        this.reporter.problem(new ApieError("session_not_shared", this.redactor.text(message))),
      onEnded: (session) => this.tracker.forgetSession(session),
    });
    this.#recorder = new Recorder(this.delivery, writer, bodies, this.ids, duplicates, this.sharedLanes);
    this.tracker = new Tracker(
      {
        agent,
        agents: config.agents ?? [],
        implicitRuns: config.implicitRuns,
        idleTimeoutMs: config.idleTimeoutMs,
        ownConvention: APIE_CONVENTION,
        runIdFor: runIdOf,
        now: () => this.#pump.now(),
        bounds: {
          sessionIdleMs: config.sessionStore?.ttlMs ?? DEFAULT_SESSION_TTL_MS,
          // A run waits for the answer of a guard that nobody else waits for.
          graceMs: Math.max(DEFAULT_GRACE_MS, config.guardTimeoutMs + GUARD_MARGIN_MS),
        },
      },
      this.#recorder,
    );
    this.boundary = new Boundary(config, (code, message) =>
      this.reporter.problem(new ApieError(code, this.redactor.text(message))),
    );
    const reading = new SpanReading(
      config,
      this.redactor,
      (error, span) => this.hooks.failed("a convention", error, spanContent(span)),
      this.boundary,
    );
    const placing = new Placing({
      tracker: this.tracker,
      reading,
      environment,
      unreadable: this.#unreadable,
      arrivedEnded: (span) => this.#endOnly.add(span),
      owner,
    });
    this.#endOnly = new EndOnlyTraces({
      now: () => this.#pump.now(),
      maxBytes: config.maxQueueBytes * END_ONLY_SHARE,
      isKnown: (traceId, spanId) => this.tracker.find(traceId, spanId) !== undefined,
      tell: (step) => placing.tell(step),
      onTold: () => this.#sweeping.told(),
    });
    this.#sweeping = new Sweeping(this.tracker, this.#endOnly, this.#unreadable);
    this.#pump = new Pump({
      read: (span, phase, scope) =>
        phase === "start" ? placing.start(span, scope) : placing.end(span, scope),
      onUnreadable: (error, span) => this.#unreadable.note(error, span),
      onSlice: () => {
        this.#metrics.bind();
        this.#sweeping.plan();
      },
    });
    this.waitUntil = waitUntilOf(config.waitUntil, this.hooks, {
      flush: () => this.flush(),
      hasOpenRuns: (traceId) => this.tracker.hasOpenRuns(traceId),
    });
    this.delivery.start();
  }

  /** Spans that could not be read. */
  get unreadable(): number {
    return this.#unreadable.count;
  }

  // ---- note ----------------------------------------------------------------------------------------------------

  note(span: SpanLike, isEnd: boolean, scope: Scope | undefined): void {
    this.#pump.note(span, isEnd, scope);
  }

  #dropped(info: DropInfo): void {
    const { onDrop } = this.config;
    if (onDrop !== undefined) this.hooks.call("onDrop", info, () => onDrop(info));
    if (this.#isOver) {
      this.reporter.once("after_shutdown", "work after shutdown() is not sent; it is counted as dropped");
    }
  }

  // ---- flush and stop ------------------------------------------------------------------------------------------

  /** How far a run had come that was paused here just now. */
  pausedRun(runId: string): RunProgress | undefined {
    this.#pump.all();
    this.#sweeping.plan();
    return this.#recorder.progressOf(runId);
  }

  /** How far an imported run has come, and was told. */
  progressOf(runId: string): RunProgress | undefined {
    return this.tracker.progressOf(runId) ?? this.#recorder.progressOf(runId);
  }

  get #barrier(): Barrier {
    return { pump: this.#pump, awaited: this.awaited, endOnly: this.#endOnly };
  }

  /** Resolves when all that arrived until now has its place, whether or not Apie takes anything. */
  told(): Promise<void> {
    return allTold(this.#barrier);
  }

  async flush(timeoutMs = this.config.flushTimeoutMs): Promise<FlushReport> {
    const passed = await passBarrier(this.#barrier, timeoutMs, (isRead) => {
      // Some of what is yet to be read may belong to a trace whose root is.
      if (isRead) this.#endOnly.releaseComplete();
    });
    this.#metrics.bind();
    return withUnread(await this.delivery.flush(passed.leftMs), passed, "pending");
  }

  shutdown(timeoutMs = this.config.shutdownTimeoutMs): Promise<FlushReport> {
    this.#stopping ??= this.#stop(timeoutMs);
    return this.#stopping;
  }

  async #stop(timeoutMs: number): Promise<FlushReport> {
    // What comes while it is shut down, or could not be read in time, is looked at afterwards: it is counted then.
    const passed = await passBarrier(this.#barrier, timeoutMs, () => {
      this.#pump.hold();
      this.#endOnly.releaseAll();
    });
    this.#endOnly.walks.hold();
    this.#unreadable.guard(() => this.tracker.closeAll());
    this.#sweeping.stop();
    const report = withUnread(await this.delivery.shutdown(passed.leftMs), passed, "dropped");
    this.sharedLanes?.stop();
    this.ids.giveUp();
    this.waitUntil?.settleAll();
    this.#metrics.stop();
    this.#isOver = true;
    this.#pump.resume();
    this.#endOnly.walks.resume();
    return { ...report, sessionsLeftOpen: this.sharedLanes?.leftOpen ?? 0 };
  }

  /** @throws {ApieError} when `onError` is `throw` and something is lost or left. */
  checked(report: FlushReport): FlushReport {
    if (this.reporter.throws && (!report.ok || report.events.rejected + report.events.dropped > 0)) {
      const { delivered, rejected, dropped, pending } = report.events;
      const why = report.lastError === undefined ? "" : `: ${report.lastError}`;
      throw new ApieError(
        "flush_incomplete",
        `events: ${delivered} delivered, ${rejected} rejected, ${dropped} dropped, ${pending} pending${why}`,
      );
    }
    return report;
  }
}

/** What arrived ended and waits to be told may take up this share of the queue's memory beside it. */
const END_ONLY_SHARE = 1 / 2;

/** How long a run waits for work that goes on after its root has ended. */
const DEFAULT_GRACE_MS = 2_000;
const GUARD_MARGIN_MS = 500;

/** Monotonic ms. */
const now = (): number => performance.now();
