/** The spans of one trace that are in flight in this process, or were a moment ago. */
import type { SpanNode } from "./node.ts";
import type { RunState } from "./run.ts";

const MAX_HANDOFFS = 1_000;

export class TraceState {
  readonly id: string;
  readonly nodes = new Map<string, SpanNode>();
  /** Spans started and not ended. */
  openSpans = 0;
  /** Spans that must show what they are before the work below them is told. */
  undetermined = 0;
  /** Runs rooted in this trace that are not closed. */
  readonly openRuns = new Set<RunState>();
  /** All runs rooted in this trace. */
  #runs: RunState[] = [];
  /** Hand-offs that were asked for and not taken up, by the name of the agent they go to. */
  #handoffs: Map<string, SpanNode> | undefined;
  /** Monotonic ms. */
  lastSeen: number;
  /** When it took its place among all traces (monotonic ms). */
  lastPutBack: number;

  /** Start of the span that was told first (epoch ms): times of all spans are kept from here. */
  readonly baseMs: number;

  constructor(id: string, baseMs: number, now: number) {
    this.id = id;
    this.baseMs = baseMs;
    this.lastSeen = now;
    this.lastPutBack = now;
  }

  get runs(): readonly RunState[] {
    return this.#runs;
  }

  addRun(run: RunState): void {
    this.#runs.push(run);
    this.openRuns.add(run);
  }

  askHandoff(agentName: string, asking: SpanNode): void {
    this.#handoffs ??= new Map();
    if (this.#handoffs.size < MAX_HANDOFFS) this.#handoffs.set(agentName, asking);
  }

  /** @returns the span that asked for it; once. */
  takeHandoff(agentName: string): SpanNode | undefined {
    const asking = this.#handoffs?.get(agentName);
    if (asking !== undefined) this.#handoffs?.delete(agentName);
    return asking;
  }

  /** @returns how many spans that have ended were forgotten, with the runs rooted at them. */
  forgetFinished(atMost: number, onForget: (runs: readonly RunState[]) => void): number {
    const forgotten = new Set<RunState>();
    let count = 0;
    for (const [spanId, node] of this.nodes) {
      if (count >= atMost) break;
      if (!node.isFinished) continue;
      this.nodes.delete(spanId);
      count += 1;
      if (node.rootOf !== undefined) forgotten.add(node.rootOf);
    }
    if (forgotten.size > 0) {
      this.#runs = this.#runs.filter((run) => !forgotten.has(run));
      onForget([...forgotten]);
    }
    return count;
  }

  get isQuiet(): boolean {
    return this.openSpans === 0 && this.openRuns.size === 0;
  }
}
