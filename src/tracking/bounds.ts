/** How much is remembered of spans, also when they never end. */
export const BOUNDS = {
  /** Spans remembered at most; beyond it finished ones are forgotten, or a trace is given up and its runs closed. */
  maxSpans: 50_000,
  /** Traces remembered at most: one with a run takes as much memory as twenty spans. */
  maxTraces: 10_000,
  /** Spans in flight that keep their content; of a prompt this can be a million characters. */
  maxBearingContent: 256,
  /**
   * Traces given up are known this far back, or half of it, so that their spans are not taken for those of another process, and their runs not
   * opened once more: of so many at once that most are given up, too. Some 100 bytes each.
   */
  maxGivenUp: 50_000,
  /** Beyond it, finished traces are forgotten at once instead of after `lingerMs`. */
  maxIdleSpans: 10_000,
  /** Runs of other processes remembered at most; beyond it that without a sign of life for longest is forgotten. */
  maxAdopted: 10_000,
  /** Spans whose run waits for a span nothing is known of. */
  maxHeld: 5_000,
  /** How long a finished trace is remembered, so that late spans are recognised as such. */
  lingerMs: 30_000,
  /** How long a run waits for open children after its root has ended. */
  graceMs: 2_000,
  /** How long work waits for a span nothing is known of. */
  holdMs: 5_000,
  /** Sessions remembered at most; beyond it that without a sign of life for longest is completed, or forgotten. */
  maxSessions: 10_000,
  /** A session named only by foreign spans is completed after this time without a run. */
  sessionIdleMs: 30 * 60_000,
} as const;

export type Bounds = { readonly [Name in keyof typeof BOUNDS]: number };
