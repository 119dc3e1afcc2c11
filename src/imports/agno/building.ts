/** One run of Agno while its spans are put together: what all parts of that look at. */
import type { LinkLike, ResourceLike } from "../../model/span.ts";
import { type AgentSessionKind, ATTR_AGENT_SOURCE_TIME_RESOLUTION } from "../../semconv/index.ts";
import type { Json } from "../json.ts";
import type { Draft, RunTrace } from "../run-trace.ts";
import type { Attributes } from "../span.ts";
import { type Instant, microseconds } from "../timeline.ts";
import type { AgnoDocument, FoundRun, PlacedEvent } from "./document.ts";
import type { RunFacts } from "./facts.ts";
import type { AgnoContext } from "./options.ts";
import type { RunStatus } from "./status.ts";

/** What the import knows of a run that is not in it. */
export interface Surroundings {
  readonly document: AgnoDocument;
  readonly context: AgnoContext;
  readonly resource: ResourceLike;
  readonly handoffs: Map<string, Handoff>;
  readonly session: { readonly id: string; readonly kind: AgentSessionKind } | undefined;
  /** The run before it in its session. */
  readonly previousId: string | undefined;
  /** The run whose answer replaced its own. */
  readonly supersededBy: string | undefined;
  /** Its step, for a run of a workflow's executor. */
  readonly step: { readonly key: string; readonly name: string; readonly link: LinkLike } | undefined;
}

export interface Building {
  readonly document: AgnoDocument;
  readonly found: FoundRun;
  readonly run: Json;
  /** Where the run's own JSON stands, when its spans bear it. */
  readonly pointer: string | undefined;
  readonly facts: RunFacts;
  readonly events: readonly PlacedEvent[];
  readonly status: RunStatus;
  readonly trace: RunTrace;
  readonly context: AgnoContext;
  /** Hand-offs by the run they led to, for that run's spans. */
  readonly handoffs: Map<string, Handoff>;
}

export interface Handoff {
  readonly id: string;
  readonly from: ReturnType<RunTrace["contextOf"]>;
  /** When it was asked for: exact, where the runs it led to know whole seconds. */
  readonly at: Instant;
}

/** What handles events of some names. @returns the span the event is about, to bear its JSON; the root where there is none. */
export type Handler = (event: Json) => Draft | undefined;
export type Handlers = Readonly<Record<string, Handler>>;

/** When an event came: whole seconds. */
export const timeOf = (building: Building, event: Json): Instant =>
  building.trace.timeline.add(microseconds(event.created_at));

export const SECONDS: Attributes = { [ATTR_AGENT_SOURCE_TIME_RESOLUTION]: "s" };
export const EXACT: Attributes = { [ATTR_AGENT_SOURCE_TIME_RESOLUTION]: "us" };

/** A member of a list of the run's is borne by this span. */
export function bear(
  building: Building,
  draft: Draft | undefined,
  name: string,
  index: number,
  item: unknown,
): void {
  if (building.pointer === undefined) return;
  (draft ?? building.trace).record.push([`${building.pointer}/${name}/${index}`, item]);
}
