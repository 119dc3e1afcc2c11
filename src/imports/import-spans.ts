/** Imported spans down the one road: to Apie by the processor, to an OpenTelemetry backend by an exporter. */
import { nextTurn } from "../apie-api/index.ts";
import type { EventOutcome } from "../delivery/index.ts";
import { reasonOf } from "../model/errors.ts";
import type { ApieSpanProcessor } from "../processor/index.ts";
import { ATTR_AGENT_OPERATION_NAME } from "../semconv/index.ts";
import { withoutContent } from "./content.ts";
import { type Group, groupsOf } from "./groups.ts";
import { Known, type KnownIds } from "./known.ts";
import type { ImportedSpan } from "./span.ts";

export type { KnownIds } from "./known.ts";

/** A `SpanExporter` of any SDK line, as far as it is called. */
export interface ImportDestination {
  export(spans: never[], resultCallback: (result: { code: number; error?: Error }) => void): void;
}

export interface ImportSpansOptions {
  /** Where to Apie: an `ApieSpanProcessor`, or `apie.spanProcessor`. It need not be in a provider. */
  processor?: ApieSpanProcessor | undefined;
  /** Where to an OpenTelemetry backend: any SDK's `SpanExporter`. It is not shut down. */
  exporter?: ImportDestination | undefined;
  /** What the report of an earlier import called `known`: what is in it is not opened at Apie again, and not sent again unless it has changed. */
  known?: KnownIds | undefined;
  /** Whether content leaves the process. Default: as the processor is configured; without one, `false`. */
  captureContent?: boolean | undefined;
}

export interface ImportReport {
  /** Everything has arrived wherever it was to go. */
  ok: boolean;
  /** Apie took nothing for so long that the import was given up before its end; import again with `known` to go on. */
  stopped: boolean;
  /** Spans sent, those of runs that were left out as unchanged not counted. */
  spans: number;
  runs: number;
  sessions: number;
  /** Runs that `known` says were imported as they are. */
  unchanged: number;
  /** What became of the events, as in a flush report, from the beginning of this import on. */
  events: EventOutcome;
  /** Spans an exporter said it has, and that it failed with. */
  exported: { delivered: number; failed: number };
  /** For the next import, plain JSON: ids at Apie, and what was imported. */
  known: KnownIds;
  /** Why something did not arrive, in one line. */
  lastError: string | undefined;
}

/** Spans that are sent before what was sent is waited for. */
const BATCH = 1_024;
/** Flushes in a row that bring nothing to Apie, after which the import stops. Each takes up to `flushTimeoutMs`. */
const MAX_STALLED = 3;

const NOTHING: EventOutcome = { delivered: 0, rejected: 0, dropped: 0, pending: 0 };

/**
 * Sends imported spans to Apie, to an OpenTelemetry backend, or both, run by run: no more is held than a batch of runs. What was
 * sent is waited for before more is. One that is slow or down does not lose what the other gets.
 *
 * Event ids are those of the source, so Apie keeps each event once. Runs and sessions it opens anew at each import, unless
 * `known` says which they are.
 *
 * @returns what became of everything. Never rejects for what a destination does.
 * @throws what the iterable throws, and `TypeError` when there is no destination.
 *
 * @example
 * const report = await importSpans(agnoRuns(runs), { processor: apie.spanProcessor, exporter });
 * await writeFile("imported.json", JSON.stringify(report.known));
 */
export async function importSpans(
  spans: Iterable<ImportedSpan>,
  options: ImportSpansOptions,
): Promise<ImportReport> {
  if (options.processor === undefined && options.exporter === undefined)
    throw new TypeError("importSpans: give it a processor (for Apie), an exporter (for OTLP), or both");
  const run = new ImportRun(options);
  for (const group of groupsOf(spans)) {
    run.send(group);
    if (run.isFull && (await run.flush()) === "stalled") return run.report(true);
    // Whatever else the process does goes on.
    await nextTurn();
  }
  const end = await run.flush();
  return run.report(end === "stalled");
}

class ImportRun {
  readonly #options: ImportSpansOptions;
  readonly #known: Known;
  readonly #captures: boolean;
  /** What the processor had done before. */
  #before: EventOutcome | undefined;
  #last: EventOutcome = NOTHING;
  #batch: Group[] = [];
  #batched = 0;
  #counts = { spans: 0, runs: 0, sessions: 0, unchanged: 0 };
  #exported = { delivered: 0, failed: 0 };
  #lastError: string | undefined;
  #hasArrived = true;

  constructor(options: ImportSpansOptions) {
    this.#options = options;
    this.#known = new Known(options.known, options.processor?.pipeline?.ids);
    this.#captures = options.captureContent ?? options.processor?.config.captureContent ?? false;
    this.#before = options.processor?.pipeline && { ...options.processor.pipeline.delivery.counters.events };
    this.#last = this.#before ?? NOTHING;
  }

  get isFull(): boolean {
    return this.#batched >= BATCH;
  }

  send(group: Group): void {
    const [root] = group.spans;
    if (root === undefined) return;
    const isRun = root.attributes[ATTR_AGENT_OPERATION_NAME] === "run";
    if (this.#known.isUnchanged(root, group.digest, this.#options.processor !== undefined)) {
      if (isRun) this.#counts.unchanged += 1;
      return;
    }
    const spans = this.#captures ? group.spans : group.spans.map(withoutContent);
    const scope = this.#known.scopeOf(root, this);
    if (this.#known.isToBeTold(root))
      for (const span of spans)
        this.#options.processor?.imported(span, span === spans[0] ? scope : undefined);
    this.#batch.push({ ...group, spans });
    this.#batched += spans.length;
    this.#counts.spans += spans.length;
    if (isRun) this.#counts.runs += 1;
    else this.#counts.sessions += root.attributes[ATTR_AGENT_OPERATION_NAME] === "session_start" ? 1 : 0;
  }

  /** Waits for what was sent. @returns `stalled` when Apie takes nothing. */
  async flush(): Promise<"done" | "stalled"> {
    const batch = this.#batch;
    this.#batch = [];
    this.#batched = 0;
    const [end, hasExported] = await Promise.all([
      this.#toApie(),
      this.#toExporter(batch.flatMap(({ spans }) => spans)),
    ]);
    for (const { spans, digest } of batch)
      this.#known.note(spans[0], end === "done" && hasExported ? digest : undefined);
    return end === "stalled" ? "stalled" : "done";
  }

  report(stopped: boolean): ImportReport {
    const events = since(this.#last, this.#before ?? NOTHING);
    const ok = !stopped && this.#hasArrived && this.#exported.failed === 0;
    return {
      ok,
      stopped,
      ...this.#counts,
      events,
      exported: this.#exported,
      known: this.#known.all(),
      lastError: this.#lastError,
    };
  }

  /** @returns `partly` when something of it was refused or given up. */
  async #toApie(): Promise<"done" | "partly" | "stalled"> {
    const { processor } = this.#options;
    if (processor === undefined) return "done";
    const earlier = this.#last;
    for (let stalled = 0; ; stalled += 1) {
      const delivered = this.#last.delivered;
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
      if (stalled + 1 >= MAX_STALLED) {
        this.#hasArrived = false;
        return "stalled";
      }
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

const since = (now: EventOutcome, before: EventOutcome): EventOutcome => ({
  delivered: now.delivered - before.delivered,
  rejected: now.rejected - before.rejected,
  dropped: now.dropped - before.dropped,
  pending: now.pending,
});
