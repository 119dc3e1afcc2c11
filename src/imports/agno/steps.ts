/** Steps of a workflow: from their events, else from what the run says of their results. */
import {
  ATTR_AGENT_METADATA,
  ATTR_AGENT_STEP_INDEX,
  ATTR_AGENT_STEP_KEY,
  ATTR_AGENT_STEP_NAME,
  ATTR_AGENT_STEP_TYPE,
} from "../../semconv/index.ts";
import { type Json, list, number, object, objects, text } from "../json.ts";
import type { Draft } from "../run-trace.ts";
import type { Attributes, SpanFailure } from "../span.ts";
import { type Instant, microseconds } from "../timeline.ts";
import { type Building, bear, type Handler, type Handlers, SECONDS, timeOf } from "./building.ts";
import { durationUs } from "./metrics.ts";

/** Events that begin and end a step, by what the step is. */
const KINDS: readonly (readonly [begin: string, end: string, kind: string])[] = [
  ["StepStarted", "StepCompleted", "Step"],
  ["LoopExecutionStarted", "LoopExecutionCompleted", "Loop"],
  ["LoopIterationStarted", "LoopIterationCompleted", "LoopIteration"],
  ["ParallelExecutionStarted", "ParallelExecutionCompleted", "Parallel"],
  ["ConditionExecutionStarted", "ConditionExecutionCompleted", "Condition"],
  ["RouterExecutionStarted", "RouterExecutionCompleted", "Router"],
  ["StepsExecutionStarted", "StepsExecutionCompleted", "Steps"],
];

interface Step {
  draft: Draft;
  id: string | undefined;
  /** Name and index: some events lack the id. */
  place: string;
  kind: string;
}

const placeOf = (event: Json): string => JSON.stringify([event.step_name ?? null, event.step_index ?? null]);

export class Steps {
  readonly #building: Building;
  readonly #open: Step[] = [];
  /** Every step by its id, or its place: the last of that key. */
  readonly #known = new Map<string, Draft>();
  #order = 0;

  constructor(building: Building) {
    this.#building = building;
  }

  get handlers(): Handlers {
    const handlers: Record<string, Handler> = { StepError: (event) => this.#failed(event) };
    for (const [begin, end, kind] of KINDS) {
      handlers[begin] = (event) => this.#begin(event, kind).draft;
      handlers[end] = (event) => this.#end(event, kind);
    }
    return handlers;
  }

  /** The step a run of an executor belongs to. */
  stepOf(stepId: string | undefined): Draft | undefined {
    return stepId === undefined ? undefined : this.#known.get(stepId);
  }

  /** The step that is at work where an event is about it. */
  openAt(of: Json): Draft | undefined {
    const id = text(of.step_id);
    const place = placeOf(of);
    return this.#open.findLast((step) => (id === undefined ? step.place === place : step.id === id))?.draft;
  }

  /** The key of a step, as far as what names it says; `undefined` for nothing. */
  keyOf(of: Json): string | undefined {
    const name = text(of.step_name);
    const index = of.step_index ?? undefined;
    const byName = name === undefined || index === undefined ? name : `${name}#${JSON.stringify(index)}`;
    return text(of.step_id) ?? byName;
  }

  /** The run's own list of results: each is borne by its step; steps that no event told of are told by it. */
  results(): void {
    const { run } = this.#building;
    const areKnown = this.#known.size > 0;
    for (const { item, index } of objects(run.step_results)) {
      const draft = areKnown ? this.#find(item) : this.#fromResult(item, undefined, index);
      bear(this.#building, draft, "step_results", index, item);
    }
  }

  fail(at: Instant, failure: SpanFailure): void {
    for (const { draft } of this.#open.splice(0)) {
      draft.end = at;
      draft.failure = failure;
    }
  }

  #find(of: Json): Draft | undefined {
    const id = text(of.step_id);
    return (id === undefined ? undefined : this.#known.get(id)) ?? this.#known.get(text(of.step_name) ?? "");
  }

  #begin(event: Json, kind: string): Step {
    const id = text(event.step_id);
    const parentId = text(event.parent_step_id);
    const above =
      parentId === undefined ? undefined : this.#open.findLast((open) => open.id === parentId)?.draft;
    const isIteration = kind === "LoopIteration";
    const around = isIteration ? this.#open.findLast((open) => open.kind === "Loop")?.draft : above;
    const draft = this.#draft(event, kind, around, timeOf(this.#building, event));
    const step = { draft, id: isIteration ? undefined : id, place: placeOf(event), kind };
    this.#open.push(step);
    return step;
  }

  #end(event: Json, kind: string): Draft {
    const step = this.#opened(event, kind) ?? this.#begin(event, kind);
    const place = this.#open.indexOf(step);
    if (place >= 0) this.#open.splice(place, 1);
    step.draft.end = timeOf(this.#building, event);
    const response = object(event.step_response);
    if (response?.success === false) step.draft.failure = failureOf(response);
    return step.draft;
  }

  #failed(event: Json): Draft {
    const step = this.#opened(event, "Step") ?? this.#begin(event, "Step");
    const at = timeOf(this.#building, event);
    step.draft.failure = failureOf(event);
    step.draft.end = at;
    const place = this.#open.indexOf(step);
    if (place >= 0) this.#open.splice(place, 1);
    return step.draft;
  }

  #opened(event: Json, kind: string): Step | undefined {
    const id = text(event.step_id);
    const place = placeOf(event);
    const open = this.#open.filter((step) => step.kind === kind);
    if (kind === "LoopIteration") return open.at(-1);
    return (
      (id === undefined ? undefined : open.findLast((step) => step.id === id)) ??
      open.findLast((step) => step.place === place)
    );
  }

  #draft(of: Json, kind: string, parent: Draft | undefined, at: Instant): Draft {
    const name = text(of.step_name) ?? kind;
    const key = text(of.step_id) ?? `${name}#${JSON.stringify(of.step_index ?? this.#order)}`;
    const draft = this.#building.trace.open({
      key: kind === "LoopIteration" ? `iteration:${key}` : `step:${key}`,
      operation: "workflow_step",
      name: `workflow_step ${labelOf(kind, name)}`,
      parent,
      at,
      attributes: { ...SECONDS, ...this.#attributes(of, kind, key, name) },
    });
    this.#order += 1;
    if (kind !== "LoopIteration") {
      this.#known.set(key, draft);
      this.#known.set(name, draft);
    }
    return draft;
  }

  #attributes(of: Json, kind: string, key: string, name: string): Attributes {
    const path = list(of.step_index).filter((part) => typeof part === "number");
    const index = number(of.step_index) ?? number(path.at(-1)) ?? number(of.iteration);
    return {
      [ATTR_AGENT_STEP_KEY]: kind === "LoopIteration" ? `${key}-iteration` : key,
      [ATTR_AGENT_STEP_NAME]: labelOf(kind, name),
      [ATTR_AGENT_STEP_INDEX]:
        index !== undefined && Number.isSafeInteger(index) && index >= 0 ? index : undefined,
      [ATTR_AGENT_STEP_TYPE]: kind === "Step" ? "task" : "other",
      [ATTR_AGENT_METADATA]: JSON.stringify({
        step_type: kind,
        ...(path.length > 1 ? { step_path: path.join(".") } : {}),
      }),
    };
  }

  /** Times are those of the run of its executor, else between its neighbours'. */
  #fromResult(result: Json, parent: Draft | undefined, index: number): Draft {
    const { runs } = this.#building.document;
    const { timeline } = this.#building.trace;
    const executor = runs.get(text(result.step_run_id) ?? "")?.main?.run;
    const began = microseconds(executor?.created_at);
    const kind = text(result.step_type) ?? "Step";
    const draft = this.#draft(
      { step_index: index, ...result },
      kind === "Function" ? "Step" : kind,
      parent,
      timeline.add(began),
    );
    for (const { item, index: place } of objects(result.steps)) this.#fromResult(item, draft, place);
    const lasted = durationUs(object(executor?.metrics)) ?? durationUs(object(result.metrics));
    draft.end = timeline.add(began === undefined || lasted === undefined ? undefined : began + lasted);
    if (result.success === false) draft.failure = failureOf(result);
    return draft;
  }
}

/** Rounds of a loop bear its name, and are not it. */
const labelOf = (kind: string, name: string): string => (kind === "LoopIteration" ? "iteration" : name);

const failureOf = (of: Json): SpanFailure => ({ type: "step_failed", message: text(of.error) });
