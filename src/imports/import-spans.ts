/** Imported spans down the one road: to Apie by the processor, to an OpenTelemetry backend by an exporter. */
import { nextTurn } from "../apie-api/index.ts";
import type { EventOutcome } from "../delivery/index.ts";
import type { ApieSpanProcessor } from "../processor/index.ts";
import { groupsOf } from "./groups.ts";
import { ImportRun } from "./import-run.ts";
import type { KnownIds } from "./known.ts";
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
  /**
   * What the report of an earlier import called `known`: what is in it is not opened at Apie again, and not sent again unless it
   * has changed. Default: what is kept beside the processor's queue, if that has a `queueStoragePath`; else nothing is known.
   */
  known?: KnownIds | undefined;
  /** Whether content leaves the process. Default: as the processor is configured; without one, `false`. */
  captureContent?: boolean | undefined;
  /** Ends the import after what is under way; what was not sent is not in `known`, and sent by the next. */
  signal?: AbortSignal | undefined;
  /** Told how far the import has come each time what was sent has been waited for, and waited for: the place to keep `known`. */
  onProgress?: ((report: ImportReport) => void | Promise<void>) | undefined;
}

export interface ImportReport {
  /** Everything has arrived wherever it was to go. */
  ok: boolean;
  /** It was ended by `signal`, or given up as Apie took nothing for long; import again with `known` to go on. */
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

/**
 * Sends imported spans to Apie, to an OpenTelemetry backend, or both, run by run: no more is held than a batch of runs. What was
 * sent is waited for before more is. One that is slow or down does not lose what the other gets.
 *
 * Event ids are those of the source, so Apie keeps each event once. Runs and sessions it opens anew at each import, unless
 * `known` says which they are; then only what is new of a run is sent, and its events are numbered on. With a
 * `queueStoragePath` it is kept there, and need not be given.
 *
 * @returns what became of everything. Never rejects for what a destination does.
 * @throws what the iterable or `onProgress` throws, and `TypeError` when there is no destination.
 *
 * @example
 * const report = await importSpans(agnoRuns(runs), { processor: apie.spanProcessor, exporter });
 * await writeFile("imported.json", JSON.stringify(report.known));
 */
export async function importSpans(
  spans: Iterable<ImportedSpan>,
  options: ImportSpansOptions,
): Promise<ImportReport> {
  return sendAll(new ImportRun(options, "importSpans"), spans, options);
}

/**
 * Follows runs while they are at work: it is given one newer version of them after the other, and sends of each what the
 * versions before did not have. A run that goes on stays open at Apie, and is completed by the version that says it is over.
 * An exporter gets each span once, and the root of a run when that is over.
 *
 * @throws `TypeError` when there is no destination.
 *
 * @example
 * const follower = new ImportFollower({ processor: apie.spanProcessor });
 * for await (const event of stream) { events.push(event); await follower.tell(agnoRuns(events)); }
 */
export class ImportFollower {
  readonly #run: ImportRun;
  readonly #options: ImportSpansOptions;

  constructor(options: ImportSpansOptions) {
    this.#options = options;
    this.#run = new ImportRun(options, "ImportFollower", "when over");
  }

  /**
   * Sends what is new, and waits for it. One call at a time.
   *
   * @param spans of all of the runs, as they stand now; none of them waits once more for what has not arrived.
   * @returns what became of everything so far. `stopped` says that Apie took nothing this time: what was sent is kept, and goes on.
   * @throws what the iterable or `onProgress` throws.
   */
  tell(spans: Iterable<ImportedSpan>): Promise<ImportReport> {
    return sendAll(this.#run, spans, this.#options);
  }
}

async function sendAll(
  run: ImportRun,
  spans: Iterable<ImportedSpan>,
  options: ImportSpansOptions,
): Promise<ImportReport> {
  const letGo = await run.begin();
  if (letGo === undefined) return run.report(true);
  try {
    return await sendHeld(run, spans, options);
  } finally {
    letGo();
  }
}

async function sendHeld(
  run: ImportRun,
  spans: Iterable<ImportedSpan>,
  { signal, onProgress }: ImportSpansOptions,
): Promise<ImportReport> {
  const settle = async (): Promise<boolean> => {
    const end = await run.flush();
    await onProgress?.(run.report(end === "stalled"));
    return end === "stalled";
  };
  for (const group of groupsOf(spans)) {
    run.send(group);
    if (run.isFull && (await settle())) return run.report(true);
    // Whatever else the process does goes on.
    await nextTurn();
    if (signal?.aborted === true) {
      await settle();
      return run.report(true);
    }
  }
  return run.report(await settle());
}
