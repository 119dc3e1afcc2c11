/** A run in flight. */
import type { Activity, ErrorFacts, RunFacts, StepFacts, Usage } from "../model/activity.ts";
import type { Imported, RunProgress } from "../model/scope.ts";
import type { SpanNode } from "./node.ts";
import type { SessionState } from "./session.ts";

export type RunOrigin =
  /** Opened by our API. */
  | "api"
  /** The outermost agent span of a foreign library, or a nested one of another agent. */
  | "foreign"
  /** Made for model or tool work with no agent above it. */
  | "implicit"
  /** Opened elsewhere; Apie knows it already. */
  | "external";

/** Why a run was closed although its root had not ended, or its work was not done. */
export type ClosedBy = "grace" | "idle" | "shutdown" | "evicted";

export interface RunParent {
  /** Our id of it, or the application's text. */
  readonly id: string;
  readonly run: RunState | undefined;
  /** Apie's id, for a parent that is not of this process. */
  readonly apieId?: string | undefined;
}

export interface RunHandoff {
  readonly id: string | undefined;
  /** The run that handed over; `undefined` when it is not known here. */
  readonly source: RunState | undefined;
  /** The hand-off was asked for by a span of its own, so no request is made up. */
  readonly announced: boolean;
  readonly type: string;
  /** The span it was asked for with, where that was no agent's and is known here. */
  readonly asking?: SpanNode | undefined;
}

/** An imported run may have been recorded while it was at work, or before. */
const GOES_ON: ReadonlySet<string | undefined> = new Set(["paused", "running", "pending"]);

const USAGES = ["input", "output", "total", "cacheRead", "cacheWrite", "reasoning"] as const;

export class RunState {
  /** Our own id. */
  readonly id: string;
  readonly origin: RunOrigin;
  readonly root: SpanNode | undefined;
  readonly agentKey: string;
  agentName: string | undefined;
  /** The name is that of a span which may be no agent: the first agent within it is the run's. */
  nameIsAssumed: boolean;
  readonly apieId: string | undefined;
  readonly session: SessionState | undefined;
  readonly parent: RunParent | undefined;
  readonly handoff: RunHandoff | undefined;
  readonly convention: string;
  readonly facts: RunFacts | undefined;
  readonly step: StepFacts | undefined;
  opening: Activity | undefined;
  readonly startMs: number;
  /** Goes on after a pause, here or in another process. */
  readonly isResumed: boolean;
  /** It is told again at another time, when nothing of it has died with this process. */
  readonly imported: Imported | undefined;
  /** Its beginning was told before. */
  readonly hasBegun: boolean;
  /** Apie knows that it is complete: told once more by an import. */
  readonly isComplete: boolean;

  closing: Activity | undefined;
  /** What an agent span folded into the run says of itself. */
  reported: RunFacts | undefined;
  endMs: number | undefined;
  rootEnded = false;
  closed = false;
  closedBy: ClosedBy | undefined;
  status: "completed" | "failed" = "completed";
  error: ErrorFacts | undefined;
  /** Work of the run that has begun and not ended. */
  readonly open = new Set<SpanNode>();
  /** Over the leaf model calls of the run. */
  readonly usage: Usage = {};
  hasUsage = false;
  modelCalls = 0;
  toolCalls = 0;
  failures = 0;
  /** The error of the last work that ended, if it failed. */
  lastError: ErrorFacts | undefined;
  lastSeen: number;
  #sequence = 0;
  lane: unknown;

  constructor(details: {
    id: string;
    origin: RunOrigin;
    root?: SpanNode | undefined;
    agentKey: string;
    agentName?: string | undefined;
    apieId?: string | undefined;
    session?: SessionState | undefined;
    parent?: RunParent | undefined;
    handoff?: RunHandoff | undefined;
    convention: string;
    opening?: Activity | undefined;
    step?: StepFacts | undefined;
    startMs: number;
    now: number;
    resumed?: RunProgress | undefined;
    isComplete?: boolean | undefined;
    imported?: Imported | undefined;
  }) {
    this.id = details.id;
    this.origin = details.origin;
    this.root = details.root;
    this.agentKey = details.agentKey;
    this.agentName = details.agentName;
    this.nameIsAssumed = details.opening?.agent?.assumed === true;
    this.apieId = details.apieId;
    this.session = details.session;
    this.parent = details.parent;
    this.handoff = details.handoff;
    this.convention = details.convention;
    this.opening = details.opening;
    this.facts = details.opening?.run;
    this.step = details.step;
    this.startMs = details.startMs;
    this.lastSeen = details.now;
    this.isResumed = details.resumed !== undefined;
    this.hasBegun = (details.resumed?.sequence ?? 0) > 0;
    this.isComplete = details.isComplete === true;
    this.imported = details.imported;
    if (details.resumed !== undefined) this.continueFrom(details.resumed);
  }

  /** Ended for now: the run goes on in a later segment, here or in another process. */
  get isPaused(): boolean {
    return GOES_ON.has(this.closing?.run?.status) && this.closing?.error === undefined;
  }

  get progress(): RunProgress {
    return {
      sequence: this.#sequence,
      modelCalls: this.modelCalls,
      toolCalls: this.toolCalls,
      failures: this.failures,
      usage: this.hasUsage ? { ...this.usage } : undefined,
    };
  }

  continueFrom({ sequence, modelCalls, toolCalls, failures, usage }: RunProgress): void {
    this.#sequence = sequence;
    this.modelCalls = modelCalls;
    this.toolCalls = toolCalls;
    this.failures = failures;
    for (const name of USAGES) delete this.usage[name];
    this.addUsage(usage);
  }

  /** From 1, in the order events go into the run's lane. */
  nextSequence(): number {
    this.#sequence += 1;
    return this.#sequence;
  }

  addUsage(usage: Usage | undefined): void {
    if (usage === undefined) return;
    this.hasUsage = true;
    const sum = this.usage;
    // Spelled out: every model call comes through here.
    sum.input = plus(sum.input, usage.input);
    sum.output = plus(sum.output, usage.output);
    sum.total = plus(sum.total, totalOf(usage));
    sum.cacheRead = plus(sum.cacheRead, usage.cacheRead);
    sum.cacheWrite = plus(sum.cacheWrite, usage.cacheWrite);
    sum.reasoning = plus(sum.reasoning, usage.reasoning);
  }
}

/** What was not told is not counted; it is not none. */
const plus = (sum: number | undefined, value: number | undefined): number | undefined =>
  value === undefined ? sum : (sum ?? 0) + value;

function totalOf(usage: Usage): number | undefined {
  if (usage.total !== undefined) return usage.total;
  return usage.input === undefined && usage.output === undefined
    ? undefined
    : (usage.input ?? 0) + (usage.output ?? 0);
}
