/** Work inside runs: model calls, tools, steps, and everything else that begins and ends. */
import type { Activity } from "../model/activity.ts";
import type { Agents } from "./agents.ts";
import { isModelCall, isToolCall, standsForTool } from "./kinds.ts";
import { withInner } from "./merging.ts";
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

/** What a model call or an MCP request sends over the wire is that call. */
function sentBy(node: SpanNode): SpanNode | undefined {
  const above = ancestor(
    node,
    ({ kind }) => isModelCall(kind) || kind === "mcp",
    ({ kind }) => kind === "run" || kind === "tool",
  );
  return above?.mergedInto ?? above;
}

/** A graph within a graph is told by the node it stands for and by itself. */
function sameStepAbove(node: SpanNode, { step, convention }: Activity): SpanNode | undefined {
  const above = ancestor(node, ({ kind }) => kind === "step", opensOtherRun);
  const isSame =
    above?.isOpen === true &&
    above.opening?.convention === convention &&
    above.opening.step?.key === step?.key;
  return isSame ? (above.mergedInto ?? above) : undefined;
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
    const isStep = activity.kind === "step" && !this.#isOwn(activity);
    if (isStep && this.#agents.beginStep(node, activity)) return;
    const run = this.#placement.runFor(node, activity);
    if (run === undefined) {
      if (this.#isOwn(activity)) this.#beginOutsideOfRuns(node);
      return;
    }
    if (run.closed) {
      this.#counts.late += 1;
      return;
    }
    // The agent that was handed over to, seen once more.
    if (isStep && run.handoff?.asking !== undefined && run.agentName === activity.step?.name) return;
    if (activity.step !== undefined) node.step = activity.step;
    node.run = run;
    node.isOpen = true;
    run.open.add(node);
    run.lastSeen = this.#options.now();
    if (activity.kind === "handoff") this.#noteHandoff(node, activity);
    const mergedInto = isStep
      ? sameStepAbove(node, activity)
      : activity.kind === "resource" && !this.#isOwn(activity)
        ? sentBy(node)
        : sameWorkAbove(node, activity);
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
    else if (node.mergedInto !== undefined) this.#handOn(node, node.mergedInto);
    else if (!run.closed) this.#tellEnd(node, run);
    this.#runs.closeWhenDone(run);
  }

  #tellEnd(node: SpanNode, run: RunState): void {
    const { kind } = node;
    if (isModelCall(kind)) {
      this.#takeInner(node);
      if (kind === "llm") run.modelCalls += 1;
      run.addUsage(node.closing?.llm?.usage);
    }
    const { closing } = node;
    if (kind === "tool" || standsForTool(node)) run.toolCalls += 1;
    // Its target was known at its beginning, or is now.
    if (closing?.handoff !== undefined && node.opening?.handoff?.targetName === undefined)
      this.#noteHandoff(node, closing);
    run.lastError = closing?.error;
    if (run.lastError !== undefined) run.failures += 1;
    this.#output.workEnded(node);
  }

  /** A library's hand-off names the agent that goes on; its span does not enclose that agent's. */
  #noteHandoff(node: SpanNode, activity: Activity): void {
    const { handoff, error } = activity;
    if (handoff === undefined || this.#isOwn(activity)) return;
    handoff.sourceName ??= node.run?.agentName;
    if (handoff.targetName !== undefined && error === undefined)
      node.trace.askHandoff(handoff.targetName, node);
  }

  #isOwn({ convention }: Activity): boolean {
    return convention === this.#options.ownConvention;
  }

  /** The outer of two views of one call tells what only the inner knows. */
  #handOn(node: SpanNode, outer: SpanNode): void {
    if (node.closing === undefined || !isModelCall(node.kind)) return;
    this.#takeInner(node);
    const { llm, content } = node.closing;
    outer.note({ inner: { llm, content } });
  }

  #takeInner(node: SpanNode): void {
    const inner = node.extra?.inner;
    if (inner === undefined || node.closing === undefined) return;
    node.closing = withInner(node.closing, inner);
    node.note({ inner: undefined });
  }

  /** What our API was told outside of any run is told all the same: with its session, or alone. */
  #beginOutsideOfRuns(node: SpanNode): void {
    const session = this.#sessions.around(node);
    if (session !== undefined) node.note({ session });
    node.isOpen = true;
    this.#output.workBegan(node);
  }
}
