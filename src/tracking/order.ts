/** In which order traces are given up when there are too many. */
import type { TraceState } from "./trace.ts";

/** How many are looked up in one go. */
const AHEAD = 256;

/**
 * Gives the trace that was added first and still has that place. Each look from the beginning passes over all that was taken
 * out before, so it is for many; an iterator that is kept would keep what is long taken out.
 * @param placedAt when a trace took its place.
 */
export function firstOf(
  traces: ReadonlySet<TraceState>,
  placedAt: (trace: TraceState) => number,
): () => TraceState | undefined {
  let ahead: TraceState[] = [];
  let places: number[] = [];
  return () => {
    for (;;) {
      if (ahead.length === 0) {
        ahead = firstFew(traces);
        places = ahead.map(placedAt);
      }
      const next = ahead.pop();
      const place = places.pop();
      if (next === undefined || (traces.has(next) && placedAt(next) === place)) return next;
    }
  };
}

/** The first last. */
function firstFew(traces: Iterable<TraceState>): TraceState[] {
  const few: TraceState[] = [];
  for (const trace of traces) {
    if (few.length === AHEAD) break;
    few.push(trace);
  }
  return few.reverse();
}

/** A trace that gives signs all the time is put back this often (ms). */
const PUT_BACK_MS = 1_000;
/** Traces that are passed over in one go. */
const MAX_LOOKS = 256;

/**
 * Traces by their last sign of life. Those without a run go first, so that requests that never end cost no agent its run; runs
 * of our own API go last, as they end by themselves.
 */
export class GivingUpOrder {
  readonly #plain = new Set<TraceState>();
  readonly #withRuns = new Set<TraceState>();
  readonly #firstPlain = firstOf(this.#plain, putBackAt);
  readonly #firstWithRuns = firstOf(this.#withRuns, putBackAt);

  add(trace: TraceState): void {
    (trace.openRuns.size === 0 ? this.#plain : this.#withRuns).add(trace);
  }

  delete(trace: TraceState): void {
    if (!this.#plain.delete(trace)) this.#withRuns.delete(trace);
  }

  /** The trace has given a sign of life: to be called, too, when a run of it has begun or ended. */
  seen(trace: TraceState, now: number): void {
    trace.lastSeen = now;
    const hasChanged = this.#plain.has(trace) !== (trace.openRuns.size === 0);
    if (hasChanged || now - trace.lastPutBack >= PUT_BACK_MS) this.#putBack(trace, now);
  }

  /** The next to be given up. */
  first(): TraceState | undefined {
    const plain = this.#firstPlain();
    if (plain !== undefined) return plain;
    let last: TraceState | undefined;
    for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
      const trace = this.#firstWithRuns();
      if (trace === undefined) break;
      if (!hasRunOfOurs(trace)) return trace;
      this.#putBack(trace, trace.lastPutBack);
      last ??= trace;
    }
    return last;
  }

  #putBack(trace: TraceState, now: number): void {
    trace.lastPutBack = now;
    this.delete(trace);
    this.add(trace);
  }
}

const putBackAt = ({ lastPutBack }: TraceState): number => lastPutBack;

function hasRunOfOurs({ openRuns }: TraceState): boolean {
  for (const { origin } of openRuns) if (origin === "api") return true;
  return false;
}
