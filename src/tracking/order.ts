/** In which order traces are given up when there are too many. */
import type { TraceState } from "./trace.ts";

/** How many are looked up in one go. */
const AHEAD = 256;

/**
 * Gives what was added first and is still there. Each look from the beginning passes over all that was taken out before, so
 * it is for many; an iterator that is kept would keep what is long taken out.
 */
export function firstOf<T>(values: ReadonlySet<T>): () => T | undefined {
  let ahead: T[] = [];
  return () => {
    for (;;) {
      if (ahead.length === 0) ahead = firstFew(values);
      const next = ahead.pop();
      if (next === undefined || values.has(next)) return next;
    }
  };
}

/** The first last. */
function firstFew<T>(values: Iterable<T>): T[] {
  const few: T[] = [];
  for (const value of values) {
    if (few.length === AHEAD) break;
    few.push(value);
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
  readonly #firstPlain = firstOf(this.#plain);
  readonly #firstWithRuns = firstOf(this.#withRuns);

  add(trace: TraceState): void {
    (trace.openRuns.size === 0 ? this.#plain : this.#withRuns).add(trace);
  }

  delete(trace: TraceState): void {
    if (!this.#plain.delete(trace)) this.#withRuns.delete(trace);
  }

  /** The trace has given a sign of life. */
  seen(trace: TraceState, now: number): void {
    const isOld = now - trace.lastPutBack >= PUT_BACK_MS;
    trace.lastSeen = now;
    if (!isOld) return;
    trace.lastPutBack = now;
    this.#putBack(trace);
  }

  /** The next to be given up. */
  first(): TraceState | undefined {
    for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
      const trace = this.#firstPlain();
      if (trace === undefined) break;
      if (trace.openRuns.size === 0) return trace;
      this.#putBack(trace);
    }
    let last: TraceState | undefined;
    for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
      const trace = this.#firstWithRuns();
      if (trace === undefined) break;
      if (!hasRunOfOurs(trace)) return trace;
      this.#putBack(trace);
      last ??= trace;
    }
    return last ?? this.#firstPlain();
  }

  #putBack(trace: TraceState): void {
    this.delete(trace);
    this.add(trace);
  }
}

function hasRunOfOurs({ openRuns }: TraceState): boolean {
  for (const { origin } of openRuns) if (origin === "api") return true;
  return false;
}
