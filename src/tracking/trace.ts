/** The spans of one trace that are in flight in this process, or were a moment ago. */
import type { SpanNode } from "./node.ts";
import type { RunState } from "./run.ts";

export class TraceState {
  readonly id: string;
  readonly nodes = new Map<string, SpanNode>();
  /** Spans started and not ended. */
  openSpans = 0;
  /** Runs rooted in this trace that are not closed. */
  readonly openRuns = new Set<RunState>();
  /** All runs rooted in this trace. */
  readonly runs: RunState[] = [];
  /** Monotonic ms. */
  lastSeen: number;

  /** Start of the span that was told first (epoch ms): times of all spans are kept from here. */
  readonly baseMs: number;

  constructor(id: string, baseMs: number, now: number) {
    this.id = id;
    this.baseMs = baseMs;
    this.lastSeen = now;
  }

  get isQuiet(): boolean {
    return this.openSpans === 0 && this.openRuns.size === 0;
  }
}
