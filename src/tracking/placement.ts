/** Which run a piece of work belongs to. */
import type { Activity } from "../model/activity.ts";
import { opensImplicitRun } from "./kinds.ts";
import { localRoot, type SpanNode } from "./node.ts";
import type { TrackerOptions } from "./options.ts";
import type { TrackingCounts } from "./output.ts";
import { RunState } from "./run.ts";
import type { Runs } from "./runs.ts";
import type { Sessions } from "./sessions.ts";

export class Placement {
  readonly #options: TrackerOptions;
  readonly #runs: Runs;
  readonly #sessions: Sessions;
  readonly #counts: TrackingCounts;

  constructor(options: TrackerOptions, runs: Runs, sessions: Sessions, counts: TrackingCounts) {
    this.#options = options;
    this.#runs = runs;
    this.#sessions = sessions;
    this.#counts = counts;
  }

  /** The run the work names, the one above it, the one around it, or one made for it. */
  runFor(node: SpanNode, activity: Activity): RunState | undefined {
    if (activity.convention === this.#options.ownConvention) {
      const named = this.#named(node, activity);
      if (named !== undefined || activity.runId !== undefined) return named;
    }
    for (let above = node.parent; above !== undefined; above = above.parent) {
      const run = above.innerRun;
      if (run === undefined) continue;
      // Work goes on below a span whose run was closed for want of news: it is told as a run of its own.
      if (run.closed && (run.origin === "implicit" || run.closedBy === "idle")) break;
      return run;
    }
    return (
      this.around(node) ?? (opensImplicitRun(activity.kind) ? this.#implicit(node, activity) : undefined)
    );
  }

  /** The run an agent span lies in. */
  enclosing(node: SpanNode): RunState | undefined {
    for (let above = node.parent; above !== undefined; above = above.parent) {
      const run = above.innerRun;
      if (run !== undefined) return run.closed && run.origin === "implicit" ? undefined : run;
    }
    return this.around(node);
  }

  /** The run of the code a span was started in. */
  around(node: SpanNode): RunState | undefined {
    const scope = node.scope?.run;
    if (scope === undefined) return undefined;
    const known = this.#runs.get(scope.id);
    if (known !== undefined) return this.#runs.seen(known);
    if (scope.apieId === undefined) {
      this.#counts.late += 1;
      return undefined;
    }
    return this.#runs.adopt(
      new RunState({
        id: scope.id,
        origin: "external",
        agentKey: scope.agentKey,
        agentName: scope.agentName,
        apieId: scope.apieId,
        session: this.#sessions.around(node),
        convention: this.#options.ownConvention,
        startMs: node.startMs,
        now: this.#options.now(),
      }),
    );
  }

  /** Our own spans say which run they belong to. */
  #named(node: SpanNode, activity: Activity): RunState | undefined {
    const around = node.scope?.run;
    if (around !== undefined && (activity.runId === undefined || activity.runId === around.id))
      return this.around(node);
    if (activity.runId === undefined) return undefined;
    const run = this.#runs.get(activity.runId);
    if (run === undefined) this.#counts.late += 1;
    return run;
  }

  /** A run rooted at the topmost span of the process above the work. */
  #implicit(node: SpanNode, activity: Activity): RunState | undefined {
    const policy = this.#options.implicitRuns;
    if (policy === "drop") return undefined;
    if (policy === "attach") {
      const open = [...this.#runs.open].filter((run) => run.origin === "api");
      return open.length === 1 ? open[0] : undefined;
    }
    const top = localRoot(node);
    if (top.rootOf !== undefined && !top.rootOf.closed) return top.rootOf;
    const index = top.trace.runs.filter((run) => run.root === top).length;
    const sessionId = activity.sessionId ?? top.extra?.sessionHint;
    const run = this.#runs.begin({
      id: this.#options.runIdFor(top.trace.id, top.spanId, index),
      origin: "implicit",
      root: top,
      activity,
      agentKey: this.#options.agent.key,
      agentName: activity.agent?.name,
      session: this.#sessions.of({ ...activity, sessionId }, node.scope, node, false),
      startMs: node.startMs,
    });
    run.rootEnded = top.endMs !== undefined;
    return run;
  }
}
