/** The spans of one run of Agno. */
import type { LinkLike, ResourceLike } from "../../model/span.ts";
import {
  type AgentSessionKind,
  ATTR_AGENT_ACTION_TYPE,
  ATTR_AGENT_HANDOFF_ID,
  ATTR_AGENT_METADATA,
  ATTR_AGENT_RESOURCE_ID,
  ATTR_AGENT_RESOURCE_TYPE,
  ATTR_AGENT_ROLE,
  ATTR_AGENT_RUN_INPUT_VALUE,
  ATTR_AGENT_RUN_LLM_CALL_COUNT,
  ATTR_AGENT_RUN_OUTPUT_TYPE,
  ATTR_AGENT_RUN_OUTPUT_VALUE,
  ATTR_AGENT_RUN_PARENT_ID,
  ATTR_AGENT_RUN_SOURCES,
  ATTR_AGENT_RUN_STATUS,
  ATTR_AGENT_RUN_TOOL_CALL_COUNT,
  ATTR_AGENT_SESSION_KIND,
  ATTR_AGENT_SOURCE_SHAPE,
  ATTR_AGENT_SOURCE_STATUS,
  ATTR_AGENT_STEP_KEY,
  ATTR_AGENT_STEP_NAME,
  ATTR_GEN_AI_OUTPUT_TYPE,
  ATTR_GEN_AI_PROVIDER_NAME,
  ATTR_GEN_AI_REQUEST_MODEL,
  ATTR_GEN_AI_WORKFLOW_NAME,
  ATTR_USER_ID,
} from "../../semconv/index.ts";
import { runContext, sessionContext } from "../ids.ts";
import { content, type Json, list, number, object, objects, text, word } from "../json.ts";
import { RunTrace } from "../run-trace.ts";
import { type Attributes, type ImportedSpan, linkTo } from "../span.ts";
import { isFiner, MICROSECONDS, microseconds } from "../timeline.ts";
import { type Building, bear, type Handlers, type Handoff, SECONDS, timeOf } from "./building.ts";
import { type AgnoDocument, eventsOf, type FoundRun } from "./document.ts";
import { bareName } from "./event-names.ts";
import { factsOf, type RunFacts, runOfEvents } from "./facts.ts";
import { durationUs, runUsage } from "./metrics.ts";
import { ModelCalls, ownMessages } from "./model-calls.ts";
import type { AgnoContext } from "./options.ts";
import { RUN_LISTS, WORKFLOW_AGENT } from "./schema.ts";
import { statusOf } from "./status.ts";
import { Steps } from "./steps.ts";
import { SYSTEM } from "./system.ts";
import { Tools } from "./tools.ts";
import { isWaiting, Waits, waitOf } from "./waits.ts";
import { OtherWork } from "./work.ts";

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

export interface BuiltRun {
  readonly facts: RunFacts;
  readonly spans: Iterable<ImportedSpan>;
  /** Step of this run that a run it started belongs to. */
  stepOf(child: Json): Surroundings["step"];
}

/** Runs that are not over. */
const GOES_ON: ReadonlySet<string> = new Set(["pending", "running", "paused"]);

/** Lists whose members are borne by spans of their own. */
const SPREAD = ["messages", "tools", "events", "step_results"] as const;

export function buildRun(found: FoundRun, around: Surroundings): BuiltRun {
  const { document, context } = around;
  const events = eventsOf(document, found);
  const { main } = found;
  const run = main?.run ?? runOfEvents(found.id, events);
  const facts = factsOf(run, events, main !== undefined);
  const trace = new RunTrace({
    system: SYSTEM,
    runId: found.id,
    agentKey: facts.agentKey,
    agentName: facts.agentName,
    sessionId: around.session?.id,
    resource: around.resource,
  });
  const building: Building = {
    document,
    found,
    run,
    pointer: main?.isPlaced === true ? main.pointer : undefined,
    facts,
    events,
    status: statusOf(run, events),
    trace,
    context,
    handoffs: around.handoffs,
  };
  const startUs = startOf(building);
  const models = new ModelCalls(building);
  const tools = new Tools(building);
  const waits = new Waits(building);
  const steps = new Steps(building);
  const work = new OtherWork(building);

  tellEvents(building, { models, tools, waits, steps, work });
  tellLists(building, { models, tools, waits, steps });
  // Sums that grow as long as the run goes on.
  if (!GOES_ON.has(building.status.status)) models.otherRoles(object(run.metrics));
  trace.settleOpen(GOES_ON.has(building.status.status), building.status.failure);
  const sources = tellSources(building);
  bearRest(building);

  const spans = {
    *[Symbol.iterator]() {
      const duration = durationUs(object(run.metrics));
      yield* trace.spans({
        startUs,
        endUs: duration === undefined ? undefined : startUs + duration,
        attributes: rootAttributes(building, around, { models: models.count, tools: tools.count, sources }),
        links: linksOf(building, around),
        failure: building.status.failure,
      });
    },
  };
  return {
    facts,
    spans,
    stepOf(child) {
      const draft =
        steps.stepOf(text(child.workflow_step_id) ?? text(child.step_id)) ??
        steps.stepOf(stepIdOf(run, child));
      if (draft === undefined) return undefined;
      const { [ATTR_AGENT_STEP_KEY]: key, [ATTR_AGENT_STEP_NAME]: name } = draft.attributes;
      return { key: String(key), name: String(name), link: linkTo(trace.contextOf(draft), "caused_by") };
    },
  };
}

interface Parts {
  models: ModelCalls;
  tools: Tools;
  waits: Waits;
  steps: Steps;
  work: OtherWork;
}

function tellEvents(building: Building, { models, tools, waits, steps, work }: Parts): void {
  const fail = (event: Json): undefined => {
    const at = timeOf(building, event);
    const failure = building.status.failure ?? {
      type: word(event.error_type) ?? "Error",
      message: text(event.content),
    };
    models.fail(at, failure);
    tools.fail(at, failure);
    steps.fail(at, failure);
    work.fail(at, failure, word(event.error_id));
    return undefined;
  };
  const handlers: Handlers = {
    ...models.handlers,
    ...tools.handlers,
    ...waits.handlers,
    ...steps.handlers,
    ...work.handlers,
    RunError: fail,
  };
  for (const { event, pointer } of building.events) {
    const name = bareName(event);
    const draft = Object.hasOwn(handlers, name) ? handlers[name]?.(event) : work.unknown(event);
    if (bearsOwnEvents(building)) (draft ?? building.trace).record.push([pointer, event]);
  }
}

/** Events that stand in another run's list are borne there. */
const bearsOwnEvents = ({ found, document, pointer }: Building): boolean =>
  document.shape === "events" || (found.eventsOf === found.id && pointer !== undefined);

/** What the run lists and no event told of: all of it, where no events were stored. */
function tellLists(building: Building, { models, tools, waits, steps }: Omit<Parts, "work">): void {
  const { run, events } = building;
  const hasModelEvents = events.some(({ event }) => bareName(event) === "ModelRequestStarted");
  const own = ownMessages(run);
  const askedFor = (message: Json) =>
    objects(message.tool_calls)
      .flatMap(({ item }) => tools.listed(item.id) ?? [])
      .filter(({ item }) => !isWaiting(item));
  if (!hasModelEvents) {
    for (const message of own) {
      models.fromMessage(message);
      const asked = askedFor(message.item);
      for (const { item } of asked) if (waitOf(item) !== undefined) waits.settled(item);
      tools.fromList(asked);
    }
  }
  const copied = copiedCalls(run);
  for (const listed of tools.rest()) {
    const { item, index } = listed;
    if (copied.has(text(item.tool_call_id) ?? "")) bear(building, undefined, "tools", index, item);
    else if (isWaiting(item)) bear(building, waits.ask(item), "tools", index, item);
    else {
      if (waitOf(item) !== undefined) waits.settled(item);
      tools.fromList([listed]);
    }
  }
  steps.results();
}

/** Calls of the run this one goes on from, which are listed once more. */
function copiedCalls(run: Json): ReadonlySet<string> {
  const upTo = number(run.forked_from_message_index) ?? 0;
  const copied = objects(run.messages).filter(({ index }) => index < upTo);
  return new Set(
    copied.flatMap(({ item }) => objects(item.tool_calls).flatMap(({ item: call }) => text(call.id) ?? [])),
  );
}

const urlsOf = (run: Json): string[] => [
  ...new Set(objects(object(run.citations)?.urls).flatMap(({ item }) => text(item.url) ?? [])),
];

/** Pages the answer names. */
function tellSources({ run, trace }: Building): string[] {
  const urls = urlsOf(run);
  for (const [index, url] of urls.entries()) {
    trace.instant({
      key: `source:${index}`,
      operation: "resource_access",
      name: "access source",
      at: trace.timeline.add(undefined),
      attributes: {
        ...SECONDS,
        [ATTR_AGENT_RESOURCE_TYPE]: "source",
        [ATTR_AGENT_RESOURCE_ID]: url,
        [ATTR_AGENT_ACTION_TYPE]: "read",
      },
    });
  }
  return urls;
}

/** All of the run that no span below bears, on its root span. */
function bearRest(building: Building): void {
  const { run, pointer, found, trace, document } = building;
  for (const copy of found.copies) if (copy.isPlaced) trace.record.push([copy.pointer, copy.run]);
  if (pointer === undefined) return;
  const inner = RUN_LISTS.filter((name) => Array.isArray(run[name]));
  const rest: Record<string, unknown> = { ...run };
  for (const name of [...SPREAD, ...inner]) if (Array.isArray(rest[name])) rest[name] = [];
  if (object(run[WORKFLOW_AGENT]) !== undefined) delete rest[WORKFLOW_AGENT];
  trace.record.push([pointer, rest]);
  // Runs within are borne by their own spans; what is none, or stands there a second time, is borne here.
  const members = inner.flatMap((name) =>
    list(run[name]).map((item, index) => ({ at: `${pointer}/${name}/${index}`, item })),
  );
  const agent = object(run[WORKFLOW_AGENT]);
  if (agent !== undefined) members.push({ at: `${pointer}/${WORKFLOW_AGENT}`, item: agent });
  for (const { at, item } of members) {
    const id = text(object(item)?.run_id);
    const known = id === undefined ? undefined : document.runs.get(id);
    const isBorne = known?.main?.pointer === at || known?.copies.some((copy) => copy.pointer === at) === true;
    if (!isBorne) trace.record.push([at, item]);
  }
  const borne = new Set([...trace.drafts, trace].flatMap(({ record }) => record.map(([at]) => at)));
  for (const name of SPREAD)
    for (const [index, item] of list(run[name]).entries()) {
      const at = `${pointer}/${name}/${index}`;
      if (!borne.has(at)) trace.record.push([at, item]);
    }
}

/** In whole seconds a run may seem to begin before it was asked for. */
function startOf(building: Building): number {
  const said = microseconds(building.run.created_at) ?? firstTime(building) ?? 0;
  const asked = building.handoffs.get(building.found.id)?.at.us;
  const isSameSecond = asked !== undefined && asked > said && asked - said < MICROSECONDS;
  return isSameSecond && !isFiner(said) ? asked + 1 : said;
}

function firstTime({ run, events, found, document }: Building): number | undefined {
  const said = [...events.map(({ event }) => event), ...objects(run.messages).map(({ item }) => item)];
  const times = said.flatMap(({ created_at }) => microseconds(created_at) ?? []);
  const parent = found.parentId === undefined ? undefined : document.runs.get(found.parentId)?.main?.run;
  return times[0] ?? microseconds(parent?.created_at);
}

/** Step whose result names the run. */
function stepIdOf(run: Json, child: Json): string | undefined {
  const waiting = objects(run.step_results).map(({ item }) => item);
  for (let step = waiting.pop(); step !== undefined; step = waiting.pop()) {
    if (step.step_run_id === child.run_id) return text(step.step_id) ?? text(step.step_name);
    waiting.push(...objects(step.steps).map(({ item }) => item));
  }
  return undefined;
}

interface Counts {
  models: number;
  tools: number;
  sources: readonly string[];
}

function rootAttributes(building: Building, around: Surroundings, counts: Counts): Attributes {
  const { run, facts, status, found } = building;
  const { kind, model, provider } = facts;
  const format = run.run_response_format ?? (run.content_type === "str" ? "text" : undefined);
  const answer = content(run.content);
  const isFailureText = status.failure !== undefined && answer === status.failure.message;
  const metadata = {
    run_kind: kind,
    superseded: status.isSuperseded || undefined,
    superseded_by: around.supersededBy,
    cancelled: status.status === "cancelled" || undefined,
    fork_message_index: number(run.forked_from_message_index),
  };
  return {
    ...SECONDS,
    [ATTR_AGENT_SOURCE_SHAPE]: facts.shape,
    [ATTR_AGENT_SOURCE_STATUS]: status.said,
    [ATTR_AGENT_RUN_STATUS]: status.status,
    [ATTR_AGENT_RUN_PARENT_ID]: found.parentId,
    [ATTR_AGENT_ROLE]: kind === "agent" || found.parentId !== undefined ? undefined : "orchestrator",
    [ATTR_AGENT_HANDOFF_ID]: around.handoffs.get(found.id)?.id,
    [ATTR_AGENT_SESSION_KIND]: around.session?.kind,
    [ATTR_AGENT_STEP_KEY]: around.step?.key,
    [ATTR_AGENT_STEP_NAME]: around.step?.name,
    [ATTR_GEN_AI_WORKFLOW_NAME]: kind === "workflow" ? (facts.agentName ?? facts.agentKey) : undefined,
    [ATTR_USER_ID]: facts.userId,
    [ATTR_GEN_AI_REQUEST_MODEL]: model,
    [ATTR_GEN_AI_PROVIDER_NAME]: provider?.toLowerCase(),
    [ATTR_AGENT_RUN_INPUT_VALUE]: content(facts.input),
    [ATTR_AGENT_RUN_OUTPUT_VALUE]: isFailureText ? undefined : answer,
    [ATTR_AGENT_RUN_OUTPUT_TYPE]: format === "text" || format === "json" ? format : undefined,
    [ATTR_GEN_AI_OUTPUT_TYPE]: format === "text" || format === "json" ? format : undefined,
    [ATTR_AGENT_RUN_SOURCES]: counts.sources.length === 0 ? undefined : counts.sources.slice(0, 100),
    [ATTR_AGENT_RUN_LLM_CALL_COUNT]: counts.models,
    [ATTR_AGENT_RUN_TOOL_CALL_COUNT]: counts.tools,
    [ATTR_AGENT_METADATA]: JSON.stringify(metadata),
    ...(kind === "workflow" ? {} : runUsage(object(run.metrics))),
  };
}

function linksOf(
  { found, run }: Building,
  { session, previousId, handoffs, step }: Surroundings,
): LinkLike[] {
  const handoff = handoffs.get(found.id);
  const to = (id: string | undefined, type: Parameters<typeof linkTo>[1]): LinkLike[] =>
    id === undefined ? [] : [linkTo(runContext(SYSTEM, id), type)];
  return [
    ...(session === undefined ? [] : [linkTo(sessionContext(SYSTEM, session.id), "session")]),
    ...to(found.parentId, "parent_run"),
    ...(handoff === undefined ? [] : [linkTo(handoff.from, "handoff_source")]),
    ...(step === undefined ? [] : [step.link]),
    ...to(previousId, "previous_run"),
    ...to(text(run.forked_from_run_id), "forked_from"),
    ...to(text(run.regenerated_from), "regenerated_from"),
  ];
}
