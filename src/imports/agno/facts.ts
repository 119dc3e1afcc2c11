/** Who a run of Agno is, and what it says of itself. */

import { slug } from "../../config/index.ts";
import type { AgentSessionKind } from "../../semconv/index.ts";
import { type Json, list, object, objects, text } from "../json.ts";
import type { PlacedEvent } from "./document.ts";
import { bareName } from "./event-names.ts";

export type RunKind = "agent" | "team" | "workflow";
export type AgnoShape = "raw" | "schema" | "legacy" | "events";

export interface RunFacts {
  kind: RunKind;
  shape: AgnoShape;
  agentKey: string;
  agentName: string | undefined;
  sessionId: string | undefined;
  userId: string | undefined;
  model: string | undefined;
  provider: string | undefined;
  /** Content. */
  input: unknown;
}

const SESSION_KINDS: Readonly<Record<RunKind, AgentSessionKind>> = {
  agent: "single_agent",
  team: "multi_agent",
  workflow: "pipeline",
};

export const sessionKindOf = (kind: RunKind): AgentSessionKind => SESSION_KINDS[kind];

/** The first that is said, by the run itself or one of its events. */
function firstSaid(name: string, run: Json, events: readonly PlacedEvent[]): string | undefined {
  const said = text(run[name]);
  if (said !== undefined) return said;
  for (const { event } of events) {
    const inEvent = text(event[name]);
    if (inEvent !== undefined) return inEvent;
  }
  return undefined;
}

function kindOf(run: Json, events: readonly PlacedEvent[] = []): RunKind {
  if (firstSaid("team_id", run, events) !== undefined) return "team";
  const isAgent = firstSaid("agent_id", run, events) !== undefined;
  // An agent's run in a workflow's session may be served with the fields of a workflow, all of them empty.
  const hasSteps = list(run.step_results).length + list(run.step_executor_runs).length > 0;
  return hasSteps || (!isAgent && firstSaid("workflow_id", run, events) !== undefined) ? "workflow" : "agent";
}

function shapeOf(run: Json | undefined): AgnoShape {
  if (run === undefined) return "events";
  if (run.agent_session_id !== undefined) return "legacy";
  return typeof run.created_at === "string" || run.run_input !== undefined ? "schema" : "raw";
}

export const sessionIdOf = (run: Json, events: readonly PlacedEvent[]): string | undefined =>
  text(run.session_id) ?? text(run.agent_session_id) ?? firstSaid("session_id", run, events);

export function factsOf(run: Json, events: readonly PlacedEvent[], isRun: boolean): RunFacts {
  const kind = kindOf(run, events);
  const name = firstSaid(`${kind}_name`, run, events);
  const id = firstSaid(`${kind}_id`, run, events);
  return {
    kind,
    shape: shapeOf(isRun ? run : undefined),
    agentKey: id ?? (slug(name ?? "") || kind),
    agentName: name,
    sessionId: sessionIdOf(run, events),
    userId: text(run.user_id),
    ...modelOf(run, events),
    input: object(run.input)?.input_content ?? run.input ?? run.run_input,
  };
}

/** Its model: where neither the run nor an event says it, the only one that its metrics name. */
function modelOf(run: Json, events: readonly PlacedEvent[]): Pick<RunFacts, "model" | "provider"> {
  const said = firstSaid("model", run, events);
  const provider = firstSaid("model_provider", run, events);
  const used = objects(object(object(run.metrics)?.details)?.model).map(({ item }) => item);
  const ofModel = said === undefined ? used : used.filter(({ id }) => id === said);
  const [one, ...others] = ofModel;
  if (one === undefined || others.some(({ id }) => id !== one.id)) return { model: said, provider };
  return { model: said ?? text(one.id), provider: provider ?? text(one.provider) };
}

/** A run of which only the events are known, as far as they say what it would. */
export function runOfEvents(id: string, events: readonly PlacedEvent[]): Json {
  const last = events.findLast(({ event }) => ["RunCompleted", "RunPaused"].includes(bareName(event)))?.event;
  const started = events[0]?.event;
  const { content, metrics, citations, step_results } = last ?? {};
  return { run_id: id, created_at: started?.created_at, content, metrics, citations, step_results };
}
