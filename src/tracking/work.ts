/** Work inside runs: model calls, tools, steps, and everything else that begins and ends. */
import type { Activity } from "../model/activity.ts";
import type { Agents } from "./agents.ts";
import { isModelCall, isToolCall, standsForTool } from "./kinds.ts";
import { ancestor, type SpanNode } from "./node.ts";
import type { TrackerOptions } from "./options.ts";
import type { TrackingCounts, TrackingOutput } from "./output.ts";
import type { Placement } from "./placement.ts";
import type { RunState } from "./run.ts";
import type { Runs } from "./runs.ts";
import type { Sessions } from "./sessions.ts";

const opensOtherRun = (node: SpanNode): boolean => node.rootOf !== undefined && node.kind === "run";

/** A model call within a model call, or a tool call within one of the same tool, is one call seen twice. */
function sameWorkAbove(node: SpanNode, activity: Activity): SpanNode | undefined {
  if (isModelCall(activity.kind)) {
    const above = ancestor(
      node,
      (candidate) => isModelCall(candidate.kind) && candidate.isOpen,
      (candidate) => candidate.kind === "run" || isToolCall(candidate.kind),
    );
    return above?.mergedInto ?? above;
  }
  if (activity.kind !== "tool") return undefined;
  const above = ancestor(node, (candidate) => isToolCall(candidate.kind), opensOtherRun);
  if (above?.kind !== "tool" || !above.isOpen || above.opening?.tool?.name !== activity.tool?.name)
    return undefined;
  return above.mergedInto ?? above;
}

export class Work {
  readonly #options: TrackerOptions;
  readonly #runs: Runs;
  readonly #sessions: Sessions;
  readonly #placement: Placement;
  readonly #agents: Agents;
  readonly #output: TrackingOutput;
  readonly #counts: TrackingCounts;

  constructor(
    options: TrackerOptions,
    parts: { runs: Runs; sessions: Sessions; placement: Placement; agents: Agents },
    output: TrackingOutput,
    counts: TrackingCounts,
  ) {
    this.#options = options;
    this.#runs = parts.runs;
    this.#sessions = parts.sessions;
    this.#placement = parts.placement;
    this.#agents = parts.agents;
    this.#output = output;
    this.#counts = counts;
  }

  begin(node: SpanNode, activity: Activity): void {
    const run = this.#placement.runFor(node, activity);
    if (run === undefined) {
      if (activity.convention === this.#options.ownConvention) this.#beginOutsideOfRuns(node);
      return;
    }
    if (run.closed) {
      this.#counts.late += 1;
      return;
    }
    if (activity.step !== undefined) node.step = activity.step;
    node.run = run;
    node.isOpen = true;
    run.open.add(node);
    run.lastSeen = this.#options.now();
    const mergedInto = sameWorkAbove(node, activity);
    if (mergedInto === undefined) this.#output.workBegan(node);
    else node.note({ mergedInto });
  }

  end(node: SpanNode): void {
    if (!node.isOpen) return;
    node.isOpen = false;
    const { run } = node;
    if (run === undefined) {
      this.#output.workEnded(node);
      return;
    }
    run.open.delete(node);
    run.lastSeen = this.#options.now();
    if (node.kind === "run") this.#agents.end(run, node.closing);
    else if (node.mergedInto !== undefined) this.#handUsageOn(node, node.mergedInto);
    else if (!run.closed) this.#tellEnd(node, run);
    this.#runs.closeWhenDone(run);
  }

  #tellEnd(node: SpanNode, run: RunState): void {
    const { closing, kind } = node;
    if (isModelCall(kind)) {
      const inner = node.extra?.innerUsage;
      if (closing?.llm !== undefined && inner !== undefined) closing.llm.usage ??= inner;
      if (kind === "llm") run.modelCalls += 1;
      run.addUsage(closing?.llm?.usage);
    }
    if (kind === "tool" || standsForTool(node)) run.toolCalls += 1;
    run.lastError = closing?.error;
    if (run.lastError !== undefined) run.failures += 1;
    this.#output.workEnded(node);
  }

  /** The outer of two views of one call tells the usage of the inner. */
  #handUsageOn(node: SpanNode, outer: SpanNode): void {
    const innerUsage = node.closing?.llm?.usage ?? node.extra?.innerUsage;
    if (innerUsage !== undefined) outer.note({ innerUsage });
  }

  /** What our API was told outside of any run is told all the same: with its session, or alone. */
  #beginOutsideOfRuns(node: SpanNode): void {
    const session = this.#sessions.around(node);
    if (session !== undefined) node.note({ session });
    node.isOpen = true;
    this.#output.workBegan(node);
  }
}
