/** The span processor: the one thing a service that runs OpenTelemetry adds. */
import { type ApieConfig, type ApieOptions, resolveConfig } from "../config/index.ts";
import type { FlushReport } from "../delivery/index.ts";
import { type DoctorOptions, type DoctorReport, examine, noteProcessor } from "../diagnostics/index.ts";
import { toldOfSpan } from "../events/index.ts";
import type { Scope } from "../model/scope.ts";
import type { SpanLike } from "../model/span.ts";
import { scopeOf } from "../propagation/index.ts";
import { described } from "./described.ts";
import { NOTHING_SENT } from "./nothing-sent.ts";
import { Pipeline } from "./pipeline.ts";
import { ProviderCheck } from "./provider-check.ts";
import { subjectOf } from "./subject.ts";

/** A processor behind ours, as far as it is called. */
interface ForwardTarget {
  onStart(span: unknown, parentContext: unknown): void;
  onEnding?(span: unknown): void;
  onEnd(span: unknown): void;
  forceFlush(): Promise<void>;
  shutdown(): Promise<void>;
}

export interface ProcessorInternals {
  /** Only spans of this client's own scope, and spans of no scope, are taken. */
  owner?: object;
}

/**
 * Translates the spans of a provider into Apie runs, sessions and events. Works as `SpanProcessor` of OpenTelemetry SDK
 * 1.30, 2.x and 3.x; its callbacks never throw, wait or write to a span.
 *
 * @example
 * new NodeSDK({ spanProcessors: [new ApieSpanProcessor({ agent: { key: "support", name: "Support" } })] })
 *
 * @throws {ApieConfigError} at construction, naming every bad option.
 */
export class ApieSpanProcessor {
  readonly #config: ApieConfig;
  readonly #pipeline: Pipeline | undefined;
  readonly #forward: ForwardTarget | undefined;
  readonly #check: ProviderCheck | undefined;
  #started = 0;
  /** Set while the doctor starts a span to see whether it comes in here. */
  #listening: { heard: boolean } | undefined;

  constructor(options: ApieOptions = {}, internals: ProcessorInternals = {}) {
    this.#config = resolveConfig(options);
    this.#pipeline = this.#config.enabled ? new Pipeline(this.#config, internals.owner) : undefined;
    this.#forward = this.#config.forwardTo as ForwardTarget | undefined;
    noteProcessor(this);
    if (this.#pipeline === undefined) return;
    const { tracerProvider } = this.#config;
    const checked = { processor: this, provider: tracerProvider, startedSpans: () => this.#started };
    this.#check = new ProviderCheck(checked, this.#pipeline.reporter);
  }

  onStart(span: SpanLike, parentContext: unknown): void {
    if (this.#listening !== undefined) {
      this.#listening.heard = true;
      return;
    }
    this.#started += 1;
    if (this.#forward !== undefined) this.#forwarded(span, () => this.#forward?.onStart(span, parentContext));
    if (this.#pipeline === undefined) return;
    try {
      this.#pipeline.note(span, false, scopeOf(parentContext));
      this.#pipeline.waitUntil?.started(span, parentContext);
    } catch (error) {
      this.#failed(error, span);
    }
  }

  onEnding(span: SpanLike): void {
    if (this.#forward?.onEnding !== undefined) this.#forwarded(span, () => this.#forward?.onEnding?.(span));
  }

  onEnd(span: SpanLike): void {
    if (this.#forward !== undefined) this.#forwarded(span, () => this.#forward?.onEnd(span));
    if (this.#pipeline === undefined) return;
    try {
      this.#pipeline.note(span, true, undefined);
      this.#pipeline.waitUntil?.ended(span);
    } catch (error) {
      this.#failed(error, span);
    }
  }

  /** @internal Takes a span that ended elsewhere, with what is known at Apie of its run and session. */
  imported(span: SpanLike, scope: Scope | undefined): void {
    if (this.#forward !== undefined) this.#forwarded(span, () => this.#forward?.onEnd(span));
    try {
      this.#pipeline?.note(span, true, scope);
    } catch (error) {
      this.#failed(error, span);
    }
  }

  /**
   * A barrier: resolves when everything that was noted before has reached Apie or was given up, at the latest after
   * `flushTimeoutMs`. Never rejects because of Apie; a processor given as `forwardTo` is flushed too, and its rejection is
   * passed on.
   */
  async forceFlush(): Promise<void> {
    this.#check?.look();
    const [, forwarded] = await Promise.allSettled([
      this.#pipeline?.flush(),
      settling(() => this.#forward?.forceFlush()),
    ]);
    if (forwarded.status === "rejected") throw forwarded.reason;
  }

  /** Closes open runs, flushes, and stops; at the latest after `shutdownTimeoutMs`. */
  async shutdown(): Promise<void> {
    this.#check?.lookLast();
    const [, forwarded] = await Promise.allSettled([
      this.#pipeline?.shutdown(),
      settling(() => this.#forward?.shutdown()),
    ]);
    if (forwarded.status === "rejected") throw forwarded.reason;
  }

  /** As `forceFlush`, with the report. */
  async flush(): Promise<FlushReport> {
    this.#check?.look();
    return this.#pipeline === undefined ? NOTHING_SENT : this.#pipeline.checked(await this.#pipeline.flush());
  }

  /**
   * Examines the way of agent work, from the provider in use to both destinations. Never rejects, and ends within `timeoutMs`.
   * Asks Apie for its health, to register the agent where it is not yet, and to look at a sample event; sends the OTLP endpoint
   * a request without spans.
   */
  doctor(options?: DoctorOptions): Promise<DoctorReport> {
    return examine(subjectOf(this), options);
  }

  /** @internal Whether a span that `start` starts comes in here; nothing else is done with it. */
  hears(start: () => void): boolean {
    const listening = { heard: false };
    this.#listening = listening;
    try {
      start();
    } finally {
      this.#listening = undefined;
    }
    return listening.heard;
  }

  /** @internal What the application says of a call of a tool; see `described`. */
  described<T extends object>(tool: string, args: unknown, describe: () => T | undefined): T | undefined {
    const pipeline = this.#pipeline;
    const { mode } = this.#config;
    return pipeline === undefined
      ? undefined
      : described(
          { tool: pipeline.redactor.secrets(tool), arguments: args, mode, hooks: pipeline.hooks },
          describe,
        );
  }

  /** @internal */
  get pipeline(): Pipeline | undefined {
    return this.#pipeline;
  }

  /** @internal */
  get config(): ApieConfig {
    return this.#config;
  }

  /** @internal Spans whose start reached this processor: tells whether it is in the provider that is used. */
  get startedSpans(): number {
    return this.#started;
  }

  #forwarded(span: SpanLike, call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#failed(error, span);
    }
  }

  #failed(error: unknown, span: SpanLike): void {
    const pipeline = this.#pipeline;
    pipeline?.reporter.once(
      "callback_failed",
      () => `a span processor callback failed: ${toldOfSpan(error, span, pipeline.redactor)}`,
    );
  }
}

/** What throws at once rejects too: ours must not be left waiting for what is behind it. */
async function settling(call: () => Promise<void> | undefined): Promise<void> {
  await call();
}
