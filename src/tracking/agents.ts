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
    if (enclosing === undefined) {
      this.#runs.begin({
        ...this.#foreign(node, activity),
        session: this.#sessions.of(activity, node.scope, node, false),
      });
    } else if (enclosing.closed) {
      this.#counts.late += 1;
    } else if (nestingOf(node, activity, enclosing, (other) => this.#declared.has(other)) === "fold") {
      enclosing.agentName ??= name;
      enclosing.lastSeen = this.#options.now();
      enclosing.open.add(node);
      node.run = enclosing;
      node.isOpen = true;
    } else {
      this.#beginChild(enclosing, node, activity);
    }
  }

  /** What a folded agent span says is the run's, where the run's own span does not say it. */
  end(run: RunState, closing: Activity | undefined): void {
    if (closing === undefined) return;
    run.agentName ??= closing.agent?.name;
    if (run.origin === "implicit") run.closing ??= closing;
    run.reported ??= closing.run;
  }

  #beginChild(parent: RunState, node: SpanNode, activity: Activity): void {
    const over = ancestor(
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
        type: over === undefined ? "transfer" : "delegate",
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
