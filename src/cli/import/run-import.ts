/** Brings what a source gives to the destinations, and keeps what is known of it. */
import { type ImportedSpan, ImportFollower, type ImportReport, importSpans } from "../../imports/index.ts";
import { ApieError } from "../../model/errors.ts";
import { ATTR_AGENT_RUN_ID, ATTR_AGENT_SESSION_ID } from "../../semconv/index.ts";
import type { Progress } from "../shared/terminal.ts";
import type { Destinations } from "./destinations.ts";
import type { Source } from "./sources.ts";
import type { KnownStore } from "./state.ts";

export interface ImportWork {
  readonly source: Source;
  readonly destinations: Destinations;
  readonly store: KnownStore;
  readonly follows: boolean;
  readonly signal: AbortSignal;
  readonly progress: Progress;
}

export interface Outcome {
  /** Absent when it was stopped before anything was read. */
  readonly report: ImportReport | undefined;
  /** Runs and sessions that were read, by their ids in the source. */
  readonly seen: Seen;
  /** Why it ended early, and what was read until then has been sent. */
  readonly failure: unknown;
}

export interface Seen {
  readonly runs: Set<string>;
  readonly sessions: Set<string>;
}

/** How often an import that goes on writes down what is known, at most. */
const WRITE_EVERY_MS = 1_000;
/** After the end of a run, times Apie is waited for once more: as long as for an import that is not followed. */
const LAST_TRIES = 3;

export async function runImport(work: ImportWork): Promise<Outcome> {
  const { source, destinations, store, follows, signal, progress } = work;
  const known = await store.read();
  const writing = new Writing(store, follows ? WRITE_EVERY_MS : 0);
  const options = {
    processor: destinations.processor,
    exporter: destinations.exporter,
    captureContent: destinations.captureContent,
    known,
    signal,
    onProgress: (report: ImportReport) => writing.write(report),
  };
  const follower = follows ? new ImportFollower(options) : undefined;
  const seen: Seen = { runs: new Set(), sessions: new Set() };
  let report: ImportReport | undefined;
  let failure: unknown;
  try {
    for await (const version of source.versions()) {
      const counted = progress.countingEach(seeing(version, seen));
      report = follower === undefined ? await importSpans(counted, options) : await follower.tell(counted);
    }
  } catch (error) {
    // What was told until then is waited for and written down all the same.
    if (report === undefined && !isStopped(error)) throw error;
    failure = isStopped(error) ? undefined : error;
  }
  for (let tries = 0; follower !== undefined && report?.stopped === true && tries < LAST_TRIES; tries += 1)
    report = await follower.tell([]);
  if (report !== undefined) await writing.last(report);
  return { report, failure, seen };
}

function* seeing(
  spans: Iterable<ImportedSpan>,
  { runs, sessions }: Seen,
): Generator<ImportedSpan, void, void> {
  for (const span of spans) {
    const { [ATTR_AGENT_RUN_ID]: runId, [ATTR_AGENT_SESSION_ID]: sessionId } = span.attributes;
    if (typeof runId === "string") runs.add(runId);
    if (typeof sessionId === "string") sessions.add(sessionId);
    yield span;
  }
}

const isStopped = (error: unknown): boolean => error instanceof ApieError && error.code === "stopped";

class Writing {
  readonly #store: KnownStore;
  readonly #everyMs: number;
  #written = Number.NEGATIVE_INFINITY;

  constructor(store: KnownStore, everyMs: number) {
    this.#store = store;
    this.#everyMs = everyMs;
  }

  async write(report: ImportReport): Promise<void> {
    if (performance.now() - this.#written < this.#everyMs) return;
    await this.last(report);
  }

  async last({ known }: ImportReport): Promise<void> {
    await this.#store.write(known);
    this.#written = performance.now();
  }
}
