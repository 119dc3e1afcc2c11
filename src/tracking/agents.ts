/** Agent spans: each opens a run, is part of the run above it, or hands over to a child run. */
import type { Activity } from "../model/activity.ts";
import { isToolCall } from "./kinds.ts";
import { nestingOf } from "./nesting.ts";
import { ancestor, type SpanNode } from "./node.ts";
import type { TrackerOptions } from "./options.ts";
import type { TrackingCounts } from "./output.ts";
import type { Placement } from "./placement.ts";
import type { RunParent, RunState } from "./run.ts";
import type { Runs } from "./runs.ts";
import type { SessionState } from "./session.ts";
import type { Sessions } from "./sessions.ts";

export class Agents {
  readonly #options: TrackerOptions;
  readonly #runs: Runs;
  readonly #sessions: Sessions;
  readonly #placement: Placement;
  readonly #counts: TrackingCounts;
  /** Keys of the agents the user declared, by their names. */
  readonly #declared: ReadonlyMap<string, string>;

  constructor(
    options: TrackerOptions,
    runs: Runs,
    sessions: Sessions,
    placement: Placement,
    counts: TrackingCounts,
  ) {
    this.#options = options;
    this.#runs = runs;
    this.#sessions = sessions;
    this.#placement = placement;
    this.#counts = counts;
    this.#declared = new Map([options.agent, ...options.agents].map(({ key, name }) => [name, key]));
  }

  begin(node: SpanNode, activity: Activity): void {
    if (activity.convention === this.#options.ownConvention) {
      this.#beginOwn(node, activity);
      return;
    }
    const name = activity.agent?.name;
    if (node.rootOf !== undefined) {
      // Work below it came first and made a run of this span: now that run has a name.
      node.rootOf.agentName ??= name;
      return;
    }
    const enclosing = this.#placement.enclosing(node);
    if (this.#takeOver(node, activity, enclosing)) return;
    if (enclosing === undefined) {
      this.#runs.begin({
        ...this.#foreign(node, activity),
        session: this.#sessions.of(activity, node.scope, node, false),
      });
    } else if (enclosing.closed) {
      this.#counts.late += 1;
    } else if (activity.agent?.assumed === true) {
      // Part of the run above. What else it is may be known at its end.
      node.opening = { kind: "none", convention: activity.convention };
    } else if (nestingOf(node, activity, enclosing, (other) => this.#declared.has(other)) === "fold") {
      if (enclosing.agentName === undefined || enclosing.nameIsAssumed) this.#name(enclosing, name);
      enclosing.lastSeen = this.#options.now();
      enclosing.open.add(node);
      node.run = enclosing;
      node.isOpen = true;
    } else {
      this.#beginChild(enclosing, node, activity);
    }
  }

  /**
   * A step that bears the name of an agent the work was handed over to is that agent at work.
   * @returns whether it is.
   */
  beginStep(node: SpanNode, activity: Activity): boolean {
    const name = activity.step?.name;
    if (name === undefined || activity.convention === this.#options.ownConvention) return false;
    const { convention, error, content, sessionId } = activity;
    const asRun: Activity = { kind: "run", convention, agent: { name }, error, content, sessionId };
    if (!this.#takeOver(node, asRun, this.#placement.enclosing(node))) return false;
    node.opening = asRun;
    if (node.closing !== undefined) node.closing = asRun;
    return true;
  }

  /** Begins the run of an agent that another handed over to, wherever in the trace that was. */
  #takeOver(node: SpanNode, activity: Activity, enclosing: RunState | undefined): boolean {
    const name = activity.agent?.name;
    // Within a run of our API a library's agents are that run, as is the agent at work.
    const isFree =
      enclosing === undefined || enclosing.origin === "foreign" || enclosing.origin === "implicit";
    if (name === undefined || !isFree) return false;
    if (enclosing?.closed === false && enclosing.agentName === name) return false;
    const asking = node.trace.takeHandoff(name);
    if (asking?.run === undefined) return false;
    this.#beginChild(asking.run, node, activity, asking);
    return true;
  }

  #name(run: RunState, name: string | undefined): void {
    if (name === undefined) return;
    run.agentName = name;
    run.nameIsAssumed = false;
  }

  /** What a folded agent span says is the run's, where the run's own span does not say it. */
  end(run: RunState, closing: Activity | undefined): void {
    if (closing === undefined) return;
    run.agentName ??= closing.agent?.name;
    if (run.origin === "implicit") run.closing ??= closing;
    run.reported ??= closing.run;
  }

  /** @param asked hand-off that is known to have asked for it */
  #beginChild(parent: RunState, node: SpanNode, activity: Activity, asked?: SpanNode): void {
    const name = activity.agent?.name;
    const asking = asked ?? (name === undefined ? undefined : node.trace.takeHandoff(name));
    const over =
      asking ??
      ancestor(
        node,
        (candidate) => isToolCall(candidate.kind) || candidate.kind === "handoff",
        (candidate) => candidate.rootOf === parent,
      );
    const runParent = { id: parent.id, run: parent };
    this.#runs.begin({
      ...this.#foreign(node, activity),
      session: this.#sessionForChild(runParent, node),
      parent: runParent,
      handoff: {
        id: over?.opening?.handoff?.id,
        source: parent,
        announced: over?.kind === "handoff",
        type: over === asking ? "transfer" : "delegate",
        asking,
      },
    });
  }

  #beginOwn(node: SpanNode, activity: Activity): void {
    const parent = this.#parentOf(node, activity);
    const handoffId = activity.run?.handoffId;
    this.#runs.begin({
      id: activity.runId ?? this.#options.runIdFor(node.trace.id, node.spanId, 0),
      origin: "api",
      root: node,
      activity,
      agentKey: activity.agent?.key ?? this.#options.agent.key,
      agentName: activity.agent?.name,
      session: this.#sessions.of(activity, node.scope, node, true) ?? this.#sessionForChild(parent, node),
      parent,
      handoff:
        handoffId === undefined
          ? undefined
          : { id: handoffId, source: parent?.run, announced: true, type: "delegate" },
      startMs: node.startMs,
      resumed: node.scope?.run?.resumed,
      apieId: node.scope?.run?.resumed === undefined ? undefined : node.scope.run.apieId,
      isComplete: node.scope?.run?.isComplete,
      imported: node.scope?.imported,
    });
  }

  #parentOf(node: SpanNode, activity: Activity): RunParent | undefined {
    const id = activity.run?.parentId;
    if (id === undefined) return undefined;
    const parent = { id, run: this.#runs.get(id), apieId: node.scope?.run?.parentApieId };
    if (parent.run === undefined && parent.apieId === undefined) this.#counts.unknownParents += 1;
    return parent;
  }

  /** A parent's session, or one that is made for its children. A parent Apie does not know needs none. */
  #sessionForChild(parent: RunParent | undefined, node: SpanNode): SessionState | undefined {
    if (parent === undefined || (parent.run === undefined && parent.apieId === undefined)) return undefined;
    return parent.run?.session ?? this.#sessions.madeFor(parent, node);
  }

  #foreign(node: SpanNode, activity: Activity) {
    const name = activity.agent?.name;
    return {
      id: this.#options.runIdFor(node.trace.id, node.spanId, 0),
      origin: "foreign" as const,
      root: node,
      activity,
      agentKey: (name === undefined ? undefined : this.#declared.get(name)) ?? this.#options.agent.key,
      agentName: name,
      startMs: node.startMs,
    };
  }
}
