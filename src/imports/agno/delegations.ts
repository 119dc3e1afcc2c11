/**
 * Which run a delegation led to. The id that the tool call names is overwritten by each later delegation (Agno 2.9), so it is
 * asked last: before it come the order of the events, the member that was asked, and the task it was given.
 */
import { type Json, object, objects, text } from "../json.ts";
import { type AgnoDocument, eventsOf, type FoundRun, type PlacedEvent } from "./document.ts";
import { bareName } from "./event-names.ts";
import { factsOf } from "./facts.ts";

/** Tools that give work to other agents, and whether to several at once. */
const DELEGATIONS: ReadonlyMap<string, "one" | "many"> = new Map([
  ["delegate_task_to_member", "one"],
  ["delegate_task_to_members", "many"],
  ["execute_task", "one"],
  ["execute_tasks_parallel", "many"],
]);

const isDelegation = (tool: Json): boolean => DELEGATIONS.has(text(tool.tool_name) ?? "");

export interface Target {
  runId: string;
  agentKey: string;
  agentName: string | undefined;
}

/** Runs by the call that led to them. */
export type Delegations = ReadonlyMap<string, readonly Target[]>;

export function delegationsOf(
  document: AgnoDocument,
  found: FoundRun,
  run: Json,
  events: readonly PlacedEvent[],
): Delegations {
  const calls = callsIn(run, events);
  const delegations = new Map<string, Target[]>();
  if (calls.size === 0) return delegations;
  const free = new Map<string, Target & { input: string | undefined }>();
  for (const child of found.children) {
    const { agentKey, agentName, input } = factsOf(child.main?.run ?? {}, eventsOf(document, child), true);
    free.set(child.id, { runId: child.id, agentKey, agentName, input: text(input) });
  }
  const claim = (callId: string, target: Target | undefined): void => {
    if (target === undefined) return;
    free.delete(target.runId);
    const { runId, agentKey, agentName } = target;
    delegations.set(callId, [...(delegations.get(callId) ?? []), { runId, agentKey, agentName }]);
  };
  for (const [callId, runIds] of startedWithin(document, found))
    if (calls.has(callId)) for (const runId of runIds) claim(callId, free.get(runId));
  for (const [callId, tool] of calls) {
    const takesMany = DELEGATIONS.get(text(tool.tool_name) ?? "") === "many";
    if (delegations.has(callId)) continue;
    const { member_id, task } = object(tool.tool_args) ?? {};
    const ofMember = [...free.values()].filter(({ agentKey }) => agentKey === member_id);
    const ofTask = [...free.values()].filter(({ input }) => input !== undefined && input === task);
    if (takesMany) for (const target of ofTask) claim(callId, target);
    else
      claim(
        callId,
        ofMember.find(({ input }) => input === task) ??
          ofMember[0] ??
          ofTask[0] ??
          named(tool, free, document),
      );
  }
  return delegations;
}

/** The run a call names itself, unless that is known to have come of another call. */
function named(tool: Json, free: ReadonlyMap<string, Target>, { runs }: AgnoDocument): Target | undefined {
  const runId = text(tool.child_run_id);
  if (runId === undefined) return undefined;
  const agentKey = text(object(tool.tool_args)?.member_id) ?? "member";
  return free.get(runId) ?? (runs.has(runId) ? undefined : { runId, agentKey, agentName: undefined });
}

function callsIn(run: Json, events: readonly PlacedEvent[]): Map<string, Json> {
  const tools = [
    ...events.map(({ event }) => object(event.tool)),
    ...objects(run.tools).map(({ item }) => item),
  ];
  const calls = new Map<string, Json>();
  for (const tool of tools) {
    const id = text(tool?.tool_call_id);
    if (tool !== undefined && id !== undefined && isDelegation(tool)) calls.set(id, tool);
  }
  return calls;
}

/** Runs that began, by the order of events, while a call was under way. With several under way it cannot be told. */
function startedWithin(document: AgnoDocument, found: FoundRun): Map<string, string[]> {
  const within = new Map<string, string[]>();
  const open = new Set<string>();
  for (const { item: event } of objects(found.main?.run.events ?? document.document)) {
    const isOwn = (text(event.run_id) ?? found.id) === found.id;
    const tool = object(event.tool);
    const callId = text(tool?.tool_call_id);
    const name = bareName(event);
    if (isOwn && tool !== undefined && callId !== undefined && isDelegation(tool)) {
      if (name === "ToolCallStarted") open.add(callId);
      else open.delete(callId);
    }
    const [only] = open;
    if (
      name === "RunStarted" &&
      !isOwn &&
      event.parent_run_id === found.id &&
      open.size === 1 &&
      only !== undefined
    )
      within.set(only, [...(within.get(only) ?? []), text(event.run_id) ?? ""]);
  }
  return within;
}
