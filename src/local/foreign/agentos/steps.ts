/** Steps of a run: the events that begin and end them, and the results a workflow lists. */
import { entryOf, type Members, members, numberOf, textOf } from "../../members.ts";
import type { RecordedRun } from "../recorded.ts";
import { factsOf, hasFailed, timesOf, type Work } from "../work.ts";
import { callMetrics, metricsOf } from "./metrics.ts";
import { contentOf, type Json, kindOf, known, seconds } from "./names.ts";

/** First words of the events of a step, by what the step is; `undefined`: a step, and no container of others. */
const STEMS: Readonly<Record<string, string>> = {
  Loop: "LoopExecution",
  LoopIteration: "LoopIteration",
  Parallel: "ParallelExecution",
  Condition: "ConditionExecution",
  Router: "RouterExecution",
  Steps: "StepsExecution",
};

/** Work that has events of its own in AgentOS, by the key of its step here. */
const OWN_EVENTS: Readonly<Record<string, string>> = {
  reasoning: "Reasoning",
  memory_update: "MemoryUpdate",
  session_summary: "SessionSummary",
  compression: "Compression",
  followups: "Followups",
  workflow_agent: "WorkflowAgent",
};

/** And by what kind of step it is, whatever it is called. */
const OWN_EVENTS_BY_KIND: Readonly<Record<string, string>> = {
  reasoning: "Reasoning",
  memory: "MemoryUpdate",
};

/** `LoopIteration` and its like bear the key of their loop, with a last word of their own. */
const ITERATION = /-iteration$/;

export interface StepNames {
  /** First word of the events, of which `Started` and `Completed` are the last. */
  readonly stem: string;
  /** Only steps of a workflow are told with what they gave. */
  readonly isStep: boolean;
  readonly isHook: boolean;
}

const payloadIn = (work: Work): Members => members(factsOf(work.begin).payload_summary);

const stepTypeOf = (work: Work): string =>
  textOf(members(factsOf(work.begin ?? work.end).metadata).step_type) ?? "Step";

export function stepNames(work: Work): StepNames {
  const { kind } = payloadIn(work);
  const isHook = kind === "hook";
  const own = entryOf(OWN_EVENTS, work.name) ?? entryOf(OWN_EVENTS_BY_KIND, String(kind));
  return {
    stem: own ?? entryOf(STEMS, stepTypeOf(work)) ?? "Step",
    isStep: own === undefined && !isHook,
    isHook,
  };
}

/** Runs that did the work of a step, by the key of the step. */
export type Executors = ReadonlyMap<string, RecordedRun>;

/** Steps within steps that are shown: runs of other clients may tell of a circle of them. */
const MAX_DEPTH = 32;

/** The steps of a run, and which of them lie within which; seen once, as there may be any number of them. */
export class Steps {
  readonly #executors: Executors;
  /** Those that have results: iterations have none of their own. */
  readonly #withResults: readonly Work[];
  readonly #bySpan = new Map<string, Work>();
  readonly #within = new Map<string, Work[]>();
  readonly #outermost: readonly Work[];

  constructor({ works }: RecordedRun, executors: Executors) {
    this.#executors = executors;
    const steps = works.filter(({ kind }) => kind === "step");
    for (const step of steps)
      if (step.spanId !== undefined && !this.#bySpan.has(step.spanId)) this.#bySpan.set(step.spanId, step);
    this.#withResults = steps.filter((step) => stepNames(step).isStep && !ITERATION.test(step.name));
    const spans = new Set(this.#withResults.map(({ spanId }) => spanId));
    for (const step of this.#withResults) {
      const { parentSpanId } = step;
      if (parentSpanId === undefined) continue;
      const siblings = this.#within.get(parentSpanId);
      if (siblings === undefined) this.#within.set(parentSpanId, [step]);
      else siblings.push(step);
    }
    this.#outermost = this.#withResults.filter(
      ({ parentSpanId }) => parentSpanId === undefined || !spans.has(parentSpanId),
    );
  }

  /** Members that say which step an event is about. */
  fields(work: Work): Json {
    const { step_key, step_name, step_index } = factsOf(work.begin ?? work.end);
    const above = work.parentSpanId === undefined ? undefined : this.#bySpan.get(work.parentSpanId);
    const index = numberOf(step_index);
    return known({
      step_id: String(step_key ?? work.name).replace(ITERATION, ""),
      step_name: textOf(step_name) ?? work.name,
      step_index: index,
      parent_step_id: above?.name.replace(ITERATION, ""),
      iteration: ITERATION.test(String(step_key)) ? index : undefined,
    });
  }

  /** Results of the outermost steps that have ended, those within them below. */
  results(): Json[] {
    return this.#outermost.filter(({ end }) => end !== undefined).map((step) => this.response(step));
  }

  /** What a step gave, as `StepOutput` of AgentOS. */
  response(work: Work, depth = 1): Json {
    const executor = this.#executors.get(work.name);
    const below =
      work.spanId === undefined || depth >= MAX_DEPTH ? [] : (this.#within.get(work.spanId) ?? []);
    const error = textOf(members(factsOf(work.end).error).message);
    const type = stepTypeOf(work);
    const { startUs, endUs } = timesOf(work);
    return {
      content: executor === undefined ? null : (contentOf(executor) ?? null),
      step_name: textOf(factsOf(work.begin ?? work.end).step_name) ?? work.name,
      step_id: work.name,
      step_type: type,
      executor_type:
        executor === undefined ? (type === "Step" ? "function" : null) : kindOf(executor.opening),
      executor_name:
        executor === undefined ? null : (textOf(executor.opening.agent_name) ?? executor.row.agent_key),
      step_run_id: executor?.row.id ?? null,
      images: null,
      videos: null,
      audio: null,
      files: null,
      metrics:
        executor === undefined
          ? endUs === undefined
            ? null
            : { duration: seconds(endUs - startUs) }
          : metricsOf(executor),
      success: !hasFailed(work),
      error: error ?? null,
      stop: false,
      is_paused: false,
      ...(below.length === 0 ? {} : { steps: below.map((step) => this.response(step, depth + 1)) }),
    };
  }

  /** A workflow counts by step; its own tokens are nowhere. */
  metrics({ startUs, endUs }: RecordedRun): Json {
    const steps = this.#withResults.map((work) => {
      const executor = this.#executors.get(work.name);
      const name = textOf(factsOf(work.begin ?? work.end).step_name) ?? work.name;
      return [
        name,
        {
          step_name: name,
          executor_type: executor === undefined ? "function" : kindOf(executor.opening),
          executor_name:
            executor === undefined ? name : (textOf(executor.opening.agent_name) ?? executor.row.agent_key),
          metrics: executor === undefined ? callMetrics(work) : metricsOf(executor),
        },
      ];
    });
    return {
      steps: Object.fromEntries(steps),
      ...(endUs === undefined ? {} : { duration: seconds(endUs - startUs) }),
    };
  }
}
