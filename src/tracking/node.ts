/** A span in flight, as far as it is needed to place the work below it. The span itself is not kept. */
import type { Activity, StepFacts } from "../model/activity.ts";
import type { Scope } from "../model/scope.ts";
import type { InnerView } from "./merging.ts";
import type { RunState } from "./run.ts";
import type { SessionState } from "./session.ts";
import type { TraceState } from "./trace.ts";

/** What few spans have; kept apart, because nodes are many and wait with their events. */
export interface NodeExtra {
  /** The session its events belong to, for work outside of any run. */
  session?: SessionState | undefined;
  /** The session this span is the root of. */
  sessionOf?: SessionState | undefined;
  /** Another instrumentation's view of the work of this node: it makes no events of its own. */
  mergedInto?: SpanNode | undefined;
  /** What a span merged into this one told. */
  inner?: InnerView | undefined;
  /** Session the span names, for an implicit run that may be rooted here. */
  sessionHint?: string | undefined;
  /** What it is taken for when its end does not come in time. */
  provisional?: Activity | undefined;
  /** Made for a span that did not arrive, and may yet. */
  standsIn?: boolean | undefined;
  /** A hand-off whose target run has begun: how it goes is told there. */
  reachedTarget?: boolean | undefined;
  droppedAttributes?: number | undefined;
}

const OPEN = 1;
const UNDETERMINED = 2;
const SAW_END = 4;
const TOLD = 8;

export class SpanNode {
  readonly trace: TraceState;
  readonly spanId: string;
  readonly parentId: string | undefined;
  /** The parent, where it is a span of this process that is still known. */
  readonly parent: SpanNode | undefined;
  readonly name: string;
  readonly scopeName: string;

  /** What was active where it was started; needed until it is placed. */
  scope: Scope | undefined;
  /** What the span was seen to be when it was first looked at; opening events are made of it and stay so. */
  opening: Activity | undefined = undefined;
  /** What it was at its end. */
  closing: Activity | undefined = undefined;
  /** The run its work belongs to. */
  run: RunState | undefined = undefined;
  /** The run this span is the root of. */
  rootOf: RunState | undefined = undefined;
  /** Nearest enclosing step, this one included. */
  step: StepFacts | undefined;
  extra: NodeExtra | undefined = undefined;
  // Whole microseconds since the trace's first span, and four flags in one: small integers, kept without a box.
  #startUs: number;
  #endUs: number | undefined = undefined;
  #flags = 0;

  constructor(
    trace: TraceState,
    spanId: string,
    parentId: string | undefined,
    parent: SpanNode | undefined,
    name: string,
    scopeName: string,
    scope: Scope | undefined,
    startMs: number,
  ) {
    this.trace = trace;
    this.spanId = spanId;
    this.parentId = parentId;
    this.parent = parent;
    this.name = name;
    this.scopeName = scopeName;
    this.#startUs = Math.round((startMs - trace.baseMs) * 1_000);
    this.scope = scope;
    this.step = parent?.step;
  }

  get startMs(): number {
    return this.trace.baseMs + this.#startUs / 1_000;
  }

  get endMs(): number | undefined {
    return this.#endUs === undefined ? undefined : this.trace.baseMs + this.#endUs / 1_000;
  }

  set endMs(ms: number) {
    this.#endUs = Math.round((ms - this.trace.baseMs) * 1_000);
  }

  get durationMs(): number | undefined {
    return this.#endUs === undefined ? undefined : (this.#endUs - this.#startUs) / 1_000;
  }

  /** Began, and not ended: the run waits for it. */
  get isOpen(): boolean {
    return this.#is(OPEN);
  }

  set isOpen(is: boolean) {
    this.#set(OPEN, is);
  }

  /** Nothing is known of it, and its convention may show it later: work below waits. */
  get undetermined(): boolean {
    return this.#is(UNDETERMINED);
  }

  set undetermined(is: boolean) {
    if (is !== this.undetermined) this.trace.undetermined += is ? 1 : -1;
    this.#set(UNDETERMINED, is);
  }

  /** It had ended when it was first looked at: what was seen then is all there is. */
  get sawEnd(): boolean {
    return this.#is(SAW_END);
  }

  set sawEnd(is: boolean) {
    this.#set(SAW_END, is);
  }

  /** There is an event that tells its beginning, for others to refer to. */
  get told(): boolean {
    return this.#is(TOLD);
  }

  set told(is: boolean) {
    this.#set(TOLD, is);
  }

  get kind(): Activity["kind"] | undefined {
    return this.opening?.kind;
  }

  /** The run work below this span belongs to. */
  get innerRun(): RunState | undefined {
    return this.rootOf ?? this.run;
  }

  get mergedInto(): SpanNode | undefined {
    return this.extra?.mergedInto;
  }

  #is(flag: number): boolean {
    return (this.#flags & flag) !== 0;
  }

  #set(flag: number, is: boolean): void {
    this.#flags = is ? this.#flags | flag : this.#flags & ~flag;
  }

  /** Nothing more will come of it: it is remembered for work below that comes late. */
  get isFinished(): boolean {
    return this.endMs !== undefined && !this.isOpen && !this.undetermined && this.rootOf?.closed !== false;
  }

  /** Once told, content is with what waits to be sent; work below is placed without. */
  dropContent(): void {
    const { opening, closing } = this;
    this.opening = withoutContent(opening);
    this.closing = closing === opening ? this.opening : withoutContent(closing);
    if (this.extra?.inner !== undefined) this.note({ inner: undefined });
  }

  note(extra: NodeExtra): void {
    this.extra = this.extra === undefined ? extra : { ...this.extra, ...extra };
  }
}

export function withoutContent(activity: Activity | undefined): Activity | undefined {
  return activity?.content === undefined ? activity : { ...activity, content: undefined };
}

/** Nearest ancestor that `select` takes; stops at `until`. */
export function ancestor(
  node: SpanNode,
  select: (candidate: SpanNode) => boolean,
  until: (candidate: SpanNode) => boolean = () => false,
): SpanNode | undefined {
  for (let above = node.parent; above !== undefined; above = above.parent) {
    if (select(above)) return above;
    if (until(above)) return undefined;
  }
  return undefined;
}

/** Topmost span of the process above (or at) this one. */
export function localRoot(node: SpanNode): SpanNode {
  let top = node;
  while (top.parent !== undefined) top = top.parent;
  return top;
}
