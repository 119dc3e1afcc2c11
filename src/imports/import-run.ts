/** One import while it is at work: what it sends, what it waits for, and what it has to report. */
import { detachedTimer } from "../apie-api/index.ts";
import type { EventOutcome, KeptIdStore } from "../delivery/index.ts";
import { reasonOf } from "../model/errors.ts";
import type { ApieSpanProcessor } from "../processor/index.ts";
import { ATTR_AGENT_OPERATION_NAME } from "../semconv/index.ts";
import { withoutContent } from "./content.ts";
import type { Group } from "./groups.ts";
import type { ImportReport, ImportSpansOptions } from "./import-spans.ts";
import { KeptItems } from "./kept.ts";
import { idOf, isOver, isRun, Known, type News } from "./known.ts";
import type { ImportedSpan } from "./span.ts";

/** Spans that are sent before what was sent is waited for. */
const BATCH = 1_024;
/** Flushes in a row that bring nothing to Apie, after which the import stops. Each takes up to `flushTimeoutMs`. */
const MAX_STALLED = 3;

/** How often it is looked whether another import has ended. */
const HOLD_POLL_MS = 50;

const NOTHING: EventOutcome = { delivered: 0, rejected: 0, dropped: 0, pending: 0 };

/** What was sent and is not known to have arrived. */
interface Sent {
  readonly root: ImportedSpan;
  readonly digest: string;
  readonly toExport: readonly ImportedSpan[];
  /** Whether the exporter has it. */
  hasExported: boolean;
  /** A run that is over, and that no other one refers to for what it was asked. */
  readonly isThrough: boolean;
}

export class ImportRun {
  readonly #options: ImportSpansOptions;
  readonly #exportsRoots: "always" | "when over";
  readonly #known: Known;
  readonly #kept: KeptIdStore | undefined;
  #hasBegun = false;
  readonly #captures: boolean;
  /** What the processor had done before. */
  #before: EventOutcome | undefined;
  #last: EventOutcome = NOTHING;
  #batch: Sent[] = [];
  #batched = 0;
  /** Sent, exported, and not taken by Apie for so long that it was no longer waited for. */
  #stalled: Sent[] = [];
  #counts = { spans: 0, runs: 0, sessions: 0, unchanged: 0 };
  #exported = { delivered: 0, failed: 0 };
  #lastError: string | undefined;
  #hasArrived = true;

  /** @param exportsRoots whether an exporter gets the root of a run that goes on. */
  constructor(options: ImportSpansOptions, caller: string, exportsRoots: "always" | "when over" = "always") {
    if (options.processor === undefined && options.exporter === undefined)
      throw new TypeError(`${caller}: give it a processor (for Apie), an exporter (for OTLP), or both`);
    this.#options = options;
    this.#exportsRoots = exportsRoots;
    const { known, processor } = options;
    const kept = processor?.pipeline?.delivery.keptIds;
    this.#kept = kept;
    this.#known = new Known({
      known,
      ids: processor?.pipeline?.ids,
      kept: kept && new KeptItems(kept, known === undefined),
      isFollowing: exportsRoots === "when over",
    });
    this.#captures = options.captureContent ?? options.processor?.config.captureContent ?? false;
    this.#before = options.processor?.pipeline && { ...options.processor.pipeline.delivery.counters.events };
    this.#last = this.#before ?? NOTHING;
  }

  /**
   * Where what is known is kept with the queue on disk: one import has it at a time, and what an earlier process left goes
   * first, so that its runs are known.
   * @returns what lets go of it; `undefined` when that could not be had, and nothing is to be sent.
   */
  async begin(): Promise<(() => void) | undefined> {
    if (this.#kept === undefined) return () => undefined;
    const letGo = await this.#held(this.#kept);
    if (letGo === undefined) return undefined;
    if (this.#hasBegun) return letGo;
    // What is kept is of one workspace: it is to be known which this is.
    if (!(await this.#isRegistered()) || (await this.#toApie()) === "stalled") {
      letGo();
      return undefined;
    }
    this.#hasBegun = true;
    // That was not of this import.
    this.#before = this.#last;
    this.#hasArrived = true;
    return letGo;
  }

  /** @returns whether Apie has answered who it is that asks. */
  async #isRegistered(): Promise<boolean> {
    const { pipeline, config } = this.#options.processor ?? {};
    if (pipeline === undefined || config === undefined) return true;
    const { delivery } = pipeline;
    await delivery.workspaceId(config.flushTimeoutMs);
    if (delivery.registration.isSettled) return true;
    this.#lastError = delivery.registration.error?.message ?? "registration: no answer in time";
    return false;
  }

  async #held(kept: KeptIdStore): Promise<(() => void) | undefined> {
    const { flushTimeoutMs } = this.#options.processor?.config ?? { flushTimeoutMs: 0 };
    const deadline = performance.now() + MAX_STALLED * flushTimeoutMs;
    for (;;) {
      const letGo = kept.hold();
      if (letGo !== undefined) return letGo;
      if (this.#options.signal?.aborted === true || performance.now() > deadline) {
        this.#lastError = "another import into the same queue on disk is under way; import again after it";
        return undefined;
      }
      await new Promise<void>((resolve) => {
        detachedTimer(HOLD_POLL_MS, resolve, { keepAlive: true });
      });
    }
  }

  get isFull(): boolean {
    return this.#batched >= BATCH;
  }

  send(group: Group): void {
    const [root] = group.spans;
    if (root === undefined) return;
    const { processor, exporter } = this.#options;
    const { atApie, exported } = this.#known.arrived(root, group.digest);
    const isToApie = processor !== undefined && !atApie;
    const isToExporter = exporter !== undefined && !exported;
    const isUnchanged = !isToApie && !isToExporter;
    const news = isUnchanged ? undefined : this.#newsOf(group, isToApie, isToExporter);
    if (news === undefined || this.#known.mustWait(root)) {
      if (isUnchanged && isRun(root) && !this.#known.wasSent(root)) this.#counts.unchanged += 1;
      return;
    }
    const isNew = !this.#known.wasSent(root);
    this.#toProcessor(root, news.toApie);
    this.#known.sent(group);
    const toExport =
      this.#exportsRoots === "when over" && isRun(root) && !isOver(root)
        ? news.toExport.filter((span) => span !== root)
        : news.toExport;
    this.#batch.push({
      root,
      digest: group.digest,
      toExport: this.#captures ? toExport : toExport.map(withoutContent),
      hasExported: false,
      isThrough: isRun(root) && isOver(root) && !group.spans.some(isHandoff),
    });
    const count = Math.max(news.toApie.length, toExport.length);
    this.#batched += count;
    this.#counts.spans += count;
    if (isRun(root)) this.#counts.runs += isNew ? 1 : 0;
    else this.#counts.sessions += root.attributes[ATTR_AGENT_OPERATION_NAME] === "session_start" ? 1 : 0;
  }

  /** Waits for what was sent. @returns `stalled` when Apie takes nothing. */
  async flush(): Promise<"done" | "stalled"> {
    const batch = this.#batch;
    this.#batch = [];
    this.#batched = 0;
    const [end, hasExported] = await Promise.all([
      this.#toApie(),
      this.#toExporter(batch.flatMap(({ toExport }) => toExport)),
    ]);
    for (const sent of batch) sent.hasExported = hasExported;
    const settled = [...this.#stalled, ...batch];
    this.#stalled = end === "stalled" ? settled : [];
    for (const { root, digest, hasExported: has, isThrough } of settled) {
      const progress = isRun(root) ? this.#options.processor?.pipeline?.progressOf(idOf(root)) : undefined;
      const arrived = end === "stalled" ? "pending" : end === "done" && has ? "all" : "some";
      const isExported = this.#options.exporter !== undefined && has;
      this.#known.note(root, digest, arrived, isExported, progress);
      // Late spans of it there are none: a document of any length takes no more memory than a batch of its runs.
      if (isThrough && arrived === "all" && this.#exportsRoots === "always")
        this.#options.processor?.pipeline?.tracker.retold(root.spanContext().traceId);
    }
    return end === "stalled" ? "stalled" : "done";
  }

  report(stopped: boolean): ImportReport {
    const events = since(this.#last, this.#before ?? NOTHING);
    const ok = !stopped && this.#hasArrived && this.#stalled.length === 0 && this.#exported.failed === 0;
    return {
      ok,
      stopped,
      ...this.#counts,
      events,
      exported: { ...this.#exported },
      known: this.#known.all(),
      lastError: this.#lastError,
    };
  }

  /** What one destination has already is news to the other only. */
  #newsOf(group: Group, isToApie: boolean, isToExporter: boolean): News | undefined {
    const { processor, exporter } = this.#options;
    if (processor !== undefined && !isToApie) return { toApie: [], toExport: group.spans };
    if (exporter !== undefined && !isToExporter) return { toApie: group.spans, toExport: [] };
    return this.#known.newsOf(group, isToApie, isToExporter);
  }

  #toProcessor(root: ImportedSpan, spans: readonly ImportedSpan[]): void {
    const { processor } = this.#options;
    if (processor === undefined || spans.length === 0) return;
    const scope = this.#known.scopeOf(root, this);
    // What an earlier import told of it has been waited for.
    processor.pipeline?.tracker.retold(root.spanContext().traceId);
    for (const span of spans)
      processor.imported(this.#captures ? span : withoutContent(span), span === root ? scope : undefined);
  }

  /** @returns `partly` when something of it was refused or given up. */
  async #toApie(): Promise<"done" | "partly" | "stalled"> {
    const { processor } = this.#options;
    if (processor === undefined) return "done";
    const earlier = this.#last;
    for (let stalled = 0; ; stalled += 1) {
      const { delivered } = this.#last;
      // The pipeline's own: a processor that throws on loss would end the import in the middle.
      const report = (await processor.pipeline?.flush()) ?? undefined;
      await this.#forwarded(processor);
      if (report === undefined) return "done";
      this.#last = { ...report.events };
      this.#lastError = report.lastError ?? this.#lastError;
      if (report.ok) {
        const lost = this.#last.dropped + this.#last.rejected > earlier.dropped + earlier.rejected;
        this.#hasArrived &&= !lost;
        return lost ? "partly" : "done";
      }
      if (this.#last.delivered > delivered) stalled = 0;
      if (stalled + 1 < MAX_STALLED) continue;
      // What is told again later must not meet what is yet to be told of it now.
      await processor.pipeline?.told();
      return "stalled";
    }
  }

  /** A processor behind ours may hold a queue of its own. */
  async #forwarded(processor: ApieSpanProcessor): Promise<void> {
    const { forwardTo } = processor.config;
    try {
      await forwardTo?.forceFlush();
    } catch (error) {
      this.#lastError = reasonOf(error);
    }
  }

  async #toExporter(spans: readonly ImportedSpan[]): Promise<boolean> {
    const { exporter } = this.#options;
    if (exporter === undefined || spans.length === 0) return true;
    const failure = await new Promise<Error | undefined>((resolve) => {
      try {
        exporter.export([...spans] as never[], ({ code, error }) =>
          resolve(code === 0 ? undefined : (error ?? new Error("the exporter failed"))),
        );
      } catch (error) {
        resolve(error instanceof Error ? error : new Error(reasonOf(error)));
      }
    });
    this.#exported[failure === undefined ? "delivered" : "failed"] += spans.length;
    if (failure !== undefined) this.#lastError = `export: ${reasonOf(failure)}`;
    return failure === undefined;
  }
}

const isHandoff = ({ attributes }: ImportedSpan): boolean =>
  attributes[ATTR_AGENT_OPERATION_NAME] === "handoff";

const since = (now: EventOutcome, before: EventOutcome): EventOutcome => ({
  delivered: now.delivered - before.delivered,
  rejected: now.rejected - before.rejected,
  dropped: now.dropped - before.dropped,
  pending: now.pending,
});
