/** Runs in flight: opened, waiting for their work, closed. */
import type { Activity } from "../model/activity.ts";
import type { Imported, RunProgress } from "../model/scope.ts";
import type { Bounds } from "./bounds.ts";
import { isModelCall } from "./kinds.ts";
import { type SpanNode, withoutContent } from "./node.ts";
import type { TrackerOptions } from "./options.ts";
import type { TrackingOutput } from "./output.ts";
import { type ClosedBy, type RunHandoff, type RunParent, RunState } from "./run.ts";
import type { SessionState } from "./session.ts";
import type { Sessions } from "./sessions.ts";
import type { TraceState } from "./trace.ts";

export interface RunOpening {
  id: string;
  origin: "api" | "foreign" | "implicit";
  root: SpanNode;
  activity: Activity;
  agentKey: string;
  agentName: string | undefined;
  session: SessionState | undefined;
  parent?: RunParent | undefined;
  handoff?: RunHandoff | undefined;
  startMs: number;
  /** Apie's id, and what was done before, of a run that goes on after a pause. */
  apieId?: string | undefined;
  resumed?: RunProgress | undefined;
  /** Complete at Apie already. */
  isComplete?: boolean | undefined;
  imported?: Imported | undefined;
}

/** The part of adopted runs that is forgotten in one go: looking for them takes time. */
const ROOM = 1 / 8;

export class Runs {
  /** Runs that are not closed, and those whose trace is still remembered, by our id. */
  readonly #runs = new Map<string, RunState>();
  readonly #open = new Set<RunState>();
  /** Runs of other processes, that with the latest sign of life last. */
  readonly #adopted = new Set<RunState>();
  /** Runs whose root has ended and whose work has not, with the time they wait until. */
  readonly #waiting = new Map<RunState, number>();
  readonly #options: TrackerOptions;
  readonly #bounds: Bounds;
  readonly #sessions: Sessions;
  readonly #output: TrackingOutput;
  readonly #onChanged: (trace: TraceState) => void;

  /** @param onChanged told of traces in which a run has begun or ended. */
  constructor(
    options: TrackerOptions,
    bounds: Bounds,
    sessions: Sessions,
    output: TrackingOutput,
    onChanged: (trace: TraceState) => void,
  ) {
    this.#options = options;
    this.#bounds = bounds;
    this.#sessions = sessions;
    this.#output = output;
    this.#onChanged = onChanged;
  }

  get isEmpty(): boolean {
    return this.#runs.size === 0;
  }

  get(id: string): RunState | undefined {
    return this.#runs.get(id);
  }

  get open(): ReadonlySet<RunState> {
    return this.#open;
  }

  begin(opening: RunOpening): RunState {
    const run = new RunState({
      ...opening,
      convention: opening.activity.convention,
      opening: opening.activity,
      step: opening.activity.step ?? opening.root.parent?.step,
      now: this.#options.now(),
    });
    this.#runs.set(run.id, run);
    this.#open.add(run);
    opening.root.rootOf = run;
    opening.root.trace.addRun(run);
    this.#onChanged(opening.root.trace);
    if (run.session !== undefined) this.#sessions.runOpened(run.session);
    this.#output.runOpened(run);
    run.opening = withoutContent(run.opening);
    return run;
  }

  /** A run that Apie knows and we did not open: events go into it, and that is all. */
  adopt(run: RunState): RunState {
    this.#runs.set(run.id, run);
    this.#open.add(run);
    this.#adopted.add(run);
    if (this.#adopted.size > this.#bounds.maxAdopted) this.#forgetAdopted();
    this.#output.runOpened(run);
    return run;
  }

  /** Nothing is lost by it: work that goes on knows its run, and the run may be adopted again. */
  #forgetAdopted(): void {
    let left = Math.ceil(this.#bounds.maxAdopted * ROOM);
    for (const run of this.#adopted) {
      if (left === 0) return;
      left -= 1;
      this.#forget(run);
    }
  }

  /** The run the work of this process belongs to was named again. */
  seen(run: RunState): RunState {
    if (this.#adopted.delete(run)) this.#adopted.add(run);
    return run;
  }

  /** The span a run is rooted at has ended: the run is complete when its work is. */
  endRoot(node: SpanNode, run: RunState): void {
    run.rootEnded = true;
    run.endMs = node.endMs;
    if (node.kind === "run") {
      run.closing = node.closing;
      const name = node.closing?.agent?.name;
      // A span that was provisional at its start said an id.
      run.agentName =
        node.extra?.provisional === undefined ? (run.agentName ?? name) : (name ?? run.agentName);
    }
    this.closeWhenDone(run);
    if (!run.closed && !this.#waiting.has(run))
      this.#waiting.set(run, this.#options.now() + this.#bounds.graceMs);
  }

  closeWhenDone(run: RunState): void {
    if (run.rootEnded && run.open.size === 0 && !run.closed) this.close(run, undefined);
  }

  close(run: RunState, closedBy: ClosedBy | undefined): void {
    if (run.closed) return;
    run.closedBy = closedBy;
    this.#endLeftovers(run);
    run.closed = true;
    this.#open.delete(run);
    this.#waiting.delete(run);
    const failsWithWork = run.origin === "implicit" || run.closing?.run?.failsWithItsWork === true;
    run.error = run.closing?.error ?? (failsWithWork ? run.lastError : undefined);
    const neverEnded = !run.rootEnded && run.origin !== "external";
    run.status = run.error !== undefined || neverEnded || saysFailed(run.closing) ? "failed" : "completed";
    this.#output.runClosed(run);
    run.closing = withoutContent(run.closing);
    if (run.session !== undefined) this.#sessions.runClosed(run.session);
    if (run.root === undefined) return;
    run.root.trace.openRuns.delete(run);
    this.#onChanged(run.root.trace);
  }

  /** Runs that waited long enough, and foreign ones that gave no sign for long. */
  sweep(): void {
    const now = this.#options.now();
    for (const [run, deadline] of this.#waiting) if (now >= deadline) this.close(run, "grace");
    const idleSince = now - this.#options.idleTimeoutMs;
    for (const run of this.#open) {
      if (run.lastSeen >= idleSince || isAtWork(run)) continue;
      if (run.origin === "external") this.#forget(run);
      else if (run.origin !== "api") this.close(run, "idle");
    }
  }

  /** Children first, so that a parent's failure is told after theirs. */
  closeAll(): void {
    for (const run of [...this.#open].reverse()) this.close(run, "shutdown");
    this.#runs.clear();
    this.#adopted.clear();
  }

  forget(runs: readonly RunState[]): void {
    for (const run of runs) this.#forget(run);
  }

  #forget(run: RunState): void {
    this.#open.delete(run);
    this.#adopted.delete(run);
    // The same span again, or the same id from outside, may have made another of it.
    if (this.#runs.get(run.id) === run) this.#runs.delete(run.id);
  }

  /** Work that has begun and will not be seen to end is ended here, and says so. */
  #endLeftovers(run: RunState): void {
    for (const node of [...run.open].reverse()) {
      run.open.delete(node);
      node.isOpen = false;
      if (node.kind === "run" || node.mergedInto !== undefined || node.opening === undefined) continue;
      node.closing = { ...node.opening, error: { type: "unfinished" } };
      run.failures += 1;
      this.#output.workEnded(node);
    }
  }
}

/** A tool or an approval may take its time; a model call that long is one whose span is never ended. */
function isAtWork({ open }: RunState): boolean {
  for (const { kind } of open) if (!isModelCall(kind) && kind !== "run") return true;
  return false;
}

function saysFailed(closing: Activity | undefined): boolean {
  const status = closing?.run?.status;
  return status === "failed" || status === "cancelled";
}
