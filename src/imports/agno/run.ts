/** The spans of one run of Agno. */
import { ATTR_AGENT_STEP_KEY, ATTR_AGENT_STEP_NAME } from "../../semconv/index.ts";
import { type Json, list, number, object, objects, text, word } from "../json.ts";
import { RunTrace } from "../run-trace.ts";
import { tellSources } from "../sources.ts";
import { type ImportedSpan, linkTo } from "../span.ts";
import { isFiner, MICROSECONDS, microseconds } from "../timeline.ts";
import { type Building, bear, type Handlers, SECONDS, type Surroundings, timeOf } from "./building.ts";
import { eventsOf, type FoundRun } from "./document.ts";
import { bareName } from "./event-names.ts";
import { factsOf, type RunFacts, runOfEvents } from "./facts.ts";
import { durationUs } from "./metrics.ts";
import { ModelCalls, ownMessages } from "./model-calls.ts";
import { linksOf, rootAttributes } from "./root.ts";
import { RUN_LISTS, WORKFLOW_AGENT } from "./schema.ts";
import { statusOf } from "./status.ts";
import { StepWaits } from "./step-waits.ts";
import { Steps } from "./steps.ts";
import { SYSTEM } from "./system.ts";
import { Tools } from "./tools.ts";
import { isWaiting, Waits, waitOf } from "./waits.ts";
import { OtherWork } from "./work.ts";

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
  const stepWaits = new StepWaits(building, steps);
  const work = new OtherWork(building);

  tellEvents(building, { models, tools, waits, steps, stepWaits, work });
  tellLists(building, { models, tools, waits, steps, stepWaits });
  // Sums that grow as long as the run goes on.
  if (!GOES_ON.has(building.status.status)) models.otherRoles(object(run.metrics));
  trace.settleOpen(GOES_ON.has(building.status.status), building.status.failure);
  const sources = tellSources(trace, object(run.citations)?.urls, undefined, SECONDS);
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
  stepWaits: StepWaits;
  work: OtherWork;
}

function tellEvents(building: Building, { models, tools, waits, steps, stepWaits, work }: Parts): void {
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
    ...stepWaits.handlers,
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
function tellLists(
  building: Building,
  { models, tools, waits, steps, stepWaits }: Omit<Parts, "work">,
): void {
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
  stepWaits.rest();
}

/** Calls of the run this one goes on from, which are listed once more. */
function copiedCalls(run: Json): ReadonlySet<string> {
  const upTo = number(run.forked_from_message_index) ?? 0;
  const copied = objects(run.messages).filter(({ index }) => index < upTo);
  return new Set(
    copied.flatMap(({ item }) => objects(item.tool_calls).flatMap(({ item: call }) => text(call.id) ?? [])),
  );
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
  const { run, events, found, document } = building;
  const parent = found.parentId === undefined ? undefined : document.runs.get(found.parentId)?.main?.run;
  const said = saidStart(run, events) ?? microseconds(parent?.created_at) ?? 0;
  const asked = building.handoffs.get(building.found.id)?.at.us;
  const isSameSecond = asked !== undefined && asked > said && asked - said < MICROSECONDS;
  return isSameSecond && !isFiner(said) ? asked + 1 : said;
}

/** When a run began, as far as it says. */
export function saidStart(run: Json, events: readonly { readonly event: Json }[]): number | undefined {
  const began = microseconds(run.created_at);
  if (began !== undefined) return began;
  const said = [...events.map(({ event }) => event), ...objects(run.messages).map(({ item }) => item)];
  return said.flatMap(({ created_at }) => microseconds(created_at) ?? [])[0];
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
