/** A tracker with a clock of its own, spans by one-letter names, and what it tells as short lines. */
import type { Activity } from "../../src/model/activity.ts";
import type { Scope } from "../../src/model/scope.ts";
import { type RunState, type SpanNode, Tracker, type TrackerOptions } from "../../src/tracking/index.ts";

export const OWN = "apie";

export interface Spec {
  parent?: string;
  trace?: string;
  /** `undefined`: nothing is known at the start. */
  activity?: Activity | undefined;
  scope?: Scope;
  mayTurnOut?: boolean;
  sessionHint?: string;
}

export const agent = (name?: string, more: Partial<Activity> = {}): Activity => ({
  kind: "run",
  convention: "foreign",
  agent: { name },
  ...more,
});
export const llm = (more: Partial<Activity> = {}): Activity => ({
  kind: "llm",
  convention: "foreign",
  llm: {},
  ...more,
});
export const tool = (name: string, more: Partial<Activity> = {}): Activity => ({
  kind: "tool",
  convention: "foreign",
  tool: { name },
  ...more,
});
export const FAILED = { error: { type: "Boom" } };

export class Trial {
  readonly told: string[] = [];
  readonly tracker: Tracker;
  readonly runs: RunState[] = [];
  time = 0;
  readonly #nodes = new Map<string, SpanNode>();

  constructor(options: Partial<TrackerOptions> = {}) {
    const name = (node: SpanNode): string => node.spanId;
    this.tracker = new Tracker(
      {
        agent: { key: "main", name: "Main" },
        agents: [],
        implicitRuns: "run",
        idleTimeoutMs: 60_000,
        ownConvention: OWN,
        runIdFor: (_trace, span, index) => (index === 0 ? `run-${span}` : `run-${span}#${index}`),
        now: () => this.time,
        ...options,
      },
      {
        sessionOpened: (session) => this.told.push(`session+ ${session.id} ${session.origin}`),
        sessionClosed: (session) => this.told.push(`session- ${session.id} ${session.status}`),
        runOpened: (run) => {
          this.runs.push(run);
          const parent = run.parent === undefined ? "" : ` under ${run.parent.id}`;
          const session = run.session === undefined ? "" : ` in ${run.session.id}`;
          this.told.push(`run+ ${run.id} ${run.agentName ?? "?"}${parent}${session}`);
        },
        runClosed: (run) =>
          this.told.push(
            `run- ${run.id} ${run.status}${run.closedBy === undefined ? "" : ` by ${run.closedBy}`}`,
          ),
        workBegan: (node) =>
          this.told.push(`begin ${name(node)} ${node.kind} in ${node.run?.id ?? "nothing"}`),
        workEnded: (node) =>
          this.told.push(
            `end ${name(node)} ${node.closing?.error === undefined ? "ok" : node.closing.error.type}`,
          ),
        sessionFailed: (session) => this.told.push(`session! ${session.id}`),
      },
    );
  }

  start(id: string, spec: Spec = {}): this {
    this.time += 1;
    const { trace = "t", parent, scope, mayTurnOut = false, sessionHint } = spec;
    const node = this.tracker.started(
      {
        traceId: trace,
        spanId: id,
        parentId: parent,
        name: id,
        scopeName: "",
        scope,
        startMs: this.time,
        mayTurnOut,
        sessionHint,
      },
      spec.activity,
    );
    this.#nodes.set(id, node);
    return this;
  }

  /** Ends a span as what it was at its start, unless told otherwise. */
  end(id: string, activity?: Activity): this {
    this.time += 1;
    const node = this.#nodes.get(id);
    if (node === undefined) throw new Error(`no span ${id}`);
    this.tracker.ended(node, {
      endMs: this.time,
      activity: activity ?? node.opening,
      failure: undefined,
      droppedAttributes: 0,
    });
    return this;
  }

  fail(id: string): this {
    const opening = this.#nodes.get(id)?.opening;
    if (opening === undefined) throw new Error(`nothing known of ${id}`);
    return this.end(id, { ...opening, ...FAILED });
  }

  /** Lets time pass. */
  pass(ms: number): this {
    this.time += ms;
    this.tracker.sweep();
    return this;
  }

  run(id: string): RunState {
    const run = this.runs.find((candidate) => candidate.id === id);
    if (run === undefined)
      throw new Error(`no run ${id} among ${this.runs.map((candidate) => candidate.id).join(", ")}`);
    return run;
  }

  /** What was told since the last time this was asked. */
  news(): string[] {
    return this.told.splice(0);
  }
}
