/**
 * Note, read, place, write, send: the road every span takes, put together from the parts that each do one of them.
 */
import { hostname } from "node:os";
import { ApieClient, detached, detachedTimer, type IdentifyBody, type Timer } from "../apie-api/index.ts";
import { type ApieConfig, CAPTURE_SOURCE, type DropInfo } from "../config/index.ts";
import { APIE_CONVENTION } from "../conventions/index.ts";
import { Delivery, type FlushReport } from "../delivery/index.ts";
import { Reporter } from "../diagnostics/index.ts";
import { Redactor, runIdOf } from "../events/index.ts";
import type { Activity } from "../model/activity.ts";
import { ApieError } from "../model/errors.ts";
import type { Scope } from "../model/scope.ts";
import type { ResourceLike, SpanLike } from "../model/span.ts";
import { Tracker } from "../tracking/index.ts";
import { Bodies } from "./bodies.ts";
import { type EndedSpan, EndOnlyTraces, type WalkStep } from "./end-only.ts";
import type { EventWriter } from "./event-record.ts";
import { ApieIds } from "./ids.ts";
import { Journal } from "./journal.ts";
import { QueuedKeys } from "./queued-keys.ts";
import { SpanReading, toMs } from "./reading.ts";
import { Recorder } from "./recorder.ts";

/** The pump gives the event loop back after this long. */
const SLICE_MS = 3;
/** Entries the callback that finds the journal full works off itself; two come in with each span. */
const OVERFLOW_STEPS = 3;
const SWEEP_MS = 500;

const IGNORED: Activity = { kind: "none", convention: "" };

export class Pipeline {
  readonly config: ApieConfig;
  readonly reporter: Reporter;
  readonly client: ApieClient;
  readonly delivery: Delivery;
  readonly tracker: Tracker;
  readonly redactor: Redactor;
  readonly ids = new ApieIds();
  readonly #owner: object | undefined;
  readonly #journal = new Journal();
  readonly #reading: SpanReading;
  readonly #endOnly: EndOnlyTraces;
  #environment: string | undefined;
  #resource: ResourceLike | undefined;
  #pumpPlanned = false;
  #sweepTimer: Timer | undefined;
  #stopping: Promise<FlushReport> | undefined;
  #stopped = false;
  /** Spans whose reading failed: a convention of the user's threw, or a span was damaged. */
  unreadable = 0;

  /** @param owner client whose scope's spans are taken; without one, all are. */
  constructor(config: ApieConfig, owner?: object) {
    this.config = config;
    this.#owner = owner;
    this.reporter = new Reporter(config.onError);
    this.redactor = new Redactor(config);
    this.#environment = config.runtime?.environment;
    this.client = new ApieClient({
      baseUrl: config.baseUrl,
      apiKey: config.apiKey,
      timeoutMs: config.timeout,
      headers: config.headers,
      transport: config.transport,
      fetch: config.fetch,
    });
    this.delivery = new Delivery({
      ...config,
      client: this.client,
      identify: identifyBody(config),
      capabilities: config.capabilities ?? [],
      onDrop: (info) => this.#dropped(info),
      onProblem: (error) => this.reporter.problem(error),
    });
    const common = {
      agentKey: config.agent.key,
      environment: () => this.#environment,
      captureContent: config.captureContent,
      captureSource: CAPTURE_SOURCE,
    };
    const { queueIdempotencyKey } = config;
    const duplicates =
      queueIdempotencyKey === undefined
        ? undefined
        : new QueuedKeys(queueIdempotencyKey, (error) => this.#hookFailed("queueIdempotencyKey", error));
    const writer: EventWriter = {
      ...common,
      finish: {
        redactor: this.redactor,
        redact: config.redact,
        maxBytes: Math.min(config.maxEventPayloadBytes ?? config.maxBatchBytes, config.maxBatchBytes),
        onHookError: (error) => this.#hookFailed("redact", error),
      },
      onSettled: duplicates === undefined ? undefined : (record) => duplicates.settled(record),
    };
    const bodies = new Bodies({ ...common, redactor: this.redactor });
    const recorder = new Recorder(this.delivery, writer, bodies, this.ids, duplicates);
    const now = (): number => performance.now();
    this.tracker = new Tracker(
      {
        agent: config.agent,
        agents: config.agents ?? [],
        implicitRuns: config.implicitRuns,
        idleTimeoutMs: config.idleTimeoutMs,
        ownConvention: APIE_CONVENTION,
        runIdFor: runIdOf,
        now,
      },
      recorder,
    );
    this.#reading = new SpanReading({
      captureContent: config.captureContent,
      conventions: config.conventions ?? [],
    });
    this.#endOnly = new EndOnlyTraces({ now, walk: (steps) => this.#walk(steps) });
    this.delivery.start();
  }

  // ---- note ----------------------------------------------------------------------------------------------------

  note(span: SpanLike, isEnd: boolean, scope: Scope | undefined): void {
    if (this.#stopped) return;
    if (this.#journal.isFull) this.#pump(OVERFLOW_STEPS);
    this.#journal.push(span, isEnd, scope);
    if (!this.#pumpPlanned) this.#planPump();
  }

  #planPump(): void {
    this.#pumpPlanned = true;
    detached(() =>
      setImmediate(() => {
        this.#pumpPlanned = false;
        this.#pumpSlice();
      }),
    );
  }

  #pumpSlice(): void {
    const until = performance.now() + SLICE_MS;
    while (this.#journal.length > 0 && performance.now() < until) this.#pump(32);
    if (this.#journal.length > 0 && !this.#pumpPlanned) this.#planPump();
    this.#planSweep();
  }

  #pump(entries: number): void {
    for (let taken = 0; taken < entries && this.#journal.length > 0; taken += 1) {
      this.#journal.take((span, phase, scope) => {
        try {
          if (phase === "start") this.#start(span, scope);
          else this.#end(span);
        } catch (error) {
          this.#unreadable(error);
        }
      });
    }
  }

  // ---- read and place ------------------------------------------------------------------------------------------

  #start(span: SpanLike, scope: Scope | undefined): void {
    this.#noteResource(span);
    const hasEnded = span.ended === true;
    // Spans of another client's scope are known as parents, and are its business otherwise.
    const isOurs = scope === undefined || this.#owner === undefined || scope.owner === this.#owner;
    const activity = isOurs ? this.#reading.activity(span, hasEnded ? "end" : "start") : IGNORED;
    const node = this.tracker.started(this.#reading.start(span, scope, activity), activity);
    node.sawEnd = hasEnded;
  }

  #end(span: SpanLike): void {
    const { traceId, spanId } = span.spanContext();
    const node = this.tracker.find(traceId, spanId);
    const isKnown = node?.sawEnd === true || node?.opening === IGNORED;
    const activity = isKnown ? node?.opening : this.#reading.activity(span, "end");
    const end = {
      endMs: toMs(span.endTime),
      activity,
      failure: activity === undefined ? this.#reading.failure(span) : undefined,
      droppedAttributes: span.droppedAttributesCount ?? 0,
    };
    if (node !== undefined) {
      this.tracker.ended(node, end);
      return;
    }
    this.#noteResource(span);
    const start = { ...this.#reading.start(span, undefined, activity), mayTurnOut: false };
    const ended: EndedSpan = {
      start,
      end,
      activity,
      isRoot: start.parentId === undefined || span.parentSpanContext?.isRemote === true,
    };
    this.#endOnly.add(ended);
  }

  #walk(steps: readonly WalkStep[]): void {
    for (const { phase, span } of steps) {
      if (phase === "start") {
        this.tracker.started(span.start, span.activity).sawEnd = true;
        continue;
      }
      const node = this.tracker.find(span.start.traceId, span.start.spanId);
      if (node !== undefined) this.tracker.ended(node, span.end);
    }
  }

  /** The environment is the resource's, unless configured. Attributes that are still being detected come with a later span. */
  #noteResource(span: SpanLike): void {
    const { resource } = span;
    if (this.#environment !== undefined || resource === undefined || resource === this.#resource) return;
    if (resource.asyncAttributesPending === true) return;
    this.#resource = resource;
    const name =
      resource.attributes["deployment.environment.name"] ?? resource.attributes["deployment.environment"];
    if (typeof name === "string" && name !== "") this.#environment = name;
  }

  #unreadable(error: unknown): void {
    this.unreadable += 1;
    const reason = error instanceof Error ? error.message : String(error);
    this.reporter.once(
      "span_unreadable",
      `a span could not be read and is left out: ${this.redactor.text(reason)}`,
    );
  }

  #dropped(info: DropInfo): void {
    if (this.config.onDrop === undefined) return;
    try {
      this.config.onDrop(info);
    } catch (error) {
      this.#hookFailed("onDrop", error);
    }
  }

  /** Hooks are the user's: what they throw is told, with secrets replaced, and changes nothing else. */
  #hookFailed(hook: string, error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    this.reporter.once(`${hook}_failed`, `${hook} threw: ${this.redactor.text(reason)}`);
  }

  // ---- time ----------------------------------------------------------------------------------------------------

  #planSweep(): void {
    if (this.#sweepTimer !== undefined || this.#stopped) return;
    if (!this.tracker.needsSweep && this.#endOnly.isEmpty) return;
    this.#sweepTimer = detachedTimer(SWEEP_MS, () => {
      this.#sweepTimer = undefined;
      try {
        this.#endOnly.sweep();
        this.tracker.sweep();
      } catch (error) {
        this.#unreadable(error);
      }
      this.#planSweep();
    });
  }

  // ---- flush and stop ------------------------------------------------------------------------------------------

  /** Reads everything noted so far, whatever it costs. */
  pumpAll(): void {
    this.#pump(Number.POSITIVE_INFINITY);
    this.#planSweep();
  }

  async flush(timeoutMs = this.config.flushTimeoutMs): Promise<FlushReport> {
    this.pumpAll();
    this.#endOnly.releaseComplete();
    return this.delivery.flush(timeoutMs);
  }

  shutdown(timeoutMs = this.config.shutdownTimeoutMs): Promise<FlushReport> {
    this.#stopping ??= this.#stop(timeoutMs);
    return this.#stopping;
  }

  async #stop(timeoutMs: number): Promise<FlushReport> {
    this.pumpAll();
    this.#stopped = true;
    this.#sweepTimer?.cancel();
    this.#endOnly.releaseAll();
    this.tracker.closeAll();
    const report = await this.delivery.shutdown(timeoutMs);
    this.ids.giveUp();
    return report;
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

function identifyBody(config: ApieConfig): IdentifyBody {
  const { agent, runtime, model } = config;
  const version = known({
    version: config.version?.version,
    framework: config.version?.framework ?? runtime?.framework,
    model_provider: config.version?.modelProvider ?? model?.provider,
    model_name: config.version?.modelName ?? model?.name,
  });
  const source = known({ git_sha: config.source?.gitSha, deployment_id: config.source?.deploymentId });
  return {
    agent: {
      key: agent.key,
      name: agent.name,
      purpose: agent.purpose,
      owner_email: agent.owner,
      team: agent.team,
      description: agent.description,
    },
    runtime: {
      environment: runtime?.environment,
      framework: runtime?.framework,
      language: config.language,
      sdk_version: config.sdkVersion,
    },
    model: model === undefined ? undefined : known({ provider: model.provider, name: model.name }),
    mode: config.mode,
    tools: config.tools?.map((tool) => ({
      name: tool.name,
      action_types: tool.actionTypes,
      resource_types: tool.resourceTypes,
      risk_level: tool.riskLevel,
      provider: tool.provider,
    })),
    prompt_hash: config.promptHash,
    hostname: process.env.HOSTNAME ?? hostname(),
    version,
    source,
  };
}

function known(members: Record<string, string | undefined>): Record<string, string> | undefined {
  const entries = Object.entries(members).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}
