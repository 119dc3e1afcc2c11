/** What else happens in a run: hooks, reasoning, memory, summaries, tasks of a team, and what is not known here. */
import {
  type AgentOperationName,
  ATTR_AGENT_EVENT_TYPE,
  ATTR_AGENT_GUARDRAIL_EFFECTIVE_DECISION,
  ATTR_AGENT_GUARDRAIL_ENFORCEMENT_ACTION,
  ATTR_AGENT_GUARDRAIL_MODE,
  ATTR_AGENT_GUARDRAIL_NAME,
  ATTR_AGENT_GUARDRAIL_POLICY_DECISION,
  ATTR_AGENT_GUARDRAIL_TARGET,
  ATTR_AGENT_GUARDRAIL_TRIGGERED,
  ATTR_AGENT_MEMORY_SCOPE,
  ATTR_AGENT_REASONING_CONTENT,
  ATTR_AGENT_STEP_KEY,
  ATTR_AGENT_STEP_NAME,
  ATTR_AGENT_STEP_TYPE,
  ATTR_GEN_AI_OPERATION_NAME,
} from "../../semconv/index.ts";
import { content, type Json, object, text, word } from "../json.ts";
import type { Draft } from "../run-trace.ts";
import type { Attributes, SpanFailure } from "../span.ts";
import type { Instant } from "../timeline.ts";
import { type Building, type Handler, type Handlers, SECONDS, timeOf } from "./building.ts";
import { bareName } from "./event-names.ts";

interface Pair {
  /** `XStarted` and `XCompleted`. */
  stem: string;
  operation: AgentOperationName;
  step: string;
  type: string;
  more?: Attributes;
  /** Content that is known at the end. */
  said?: (event: Json) => Attributes;
}

const PAIRS: readonly Pair[] = [
  {
    stem: "Reasoning",
    operation: "reasoning",
    step: "reasoning",
    type: "reasoning",
    said: (event) => ({ [ATTR_AGENT_REASONING_CONTENT]: content(event.reasoning_content ?? event.content) }),
  },
  {
    stem: "MemoryUpdate",
    operation: "memory",
    step: "memory_update",
    type: "memory",
    more: { [ATTR_GEN_AI_OPERATION_NAME]: "upsert_memory", [ATTR_AGENT_MEMORY_SCOPE]: "user" },
  },
  {
    stem: "SessionSummary",
    operation: "memory",
    step: "session_summary",
    type: "memory",
    more: { [ATTR_GEN_AI_OPERATION_NAME]: "upsert_memory", [ATTR_AGENT_MEMORY_SCOPE]: "session" },
  },
  { stem: "Compression", operation: "workflow_step", step: "compression", type: "other" },
  { stem: "Followups", operation: "workflow_step", step: "followups", type: "other" },
  { stem: "WorkflowAgent", operation: "workflow_step", step: "workflow_agent", type: "other" },
  { stem: "TeamTaskIteration", operation: "workflow_step", step: "task_iteration", type: "task" },
];

/** Events that say nothing beyond the run itself, or are borne by it: deltas of its answer, stages, control frames. */
const OF_THE_RUN: ReadonlySet<string> = new Set([
  "RunStarted",
  "RunCompleted",
  "RunCancelled",
  "RunContent",
  "RunIntermediateContent",
  "RunContentCompleted",
  "ReasoningContentDelta",
  "ReasoningStep",
  "StepOutput",
  "TeamTaskStateUpdated",
  "replay",
  "catch_up",
  "subscribed",
]);

const GUARDRAIL = /Guardrail$/;

export class OtherWork {
  readonly #building: Building;
  readonly #open = new Map<string, Draft[]>();
  readonly #tasks = new Map<string, Draft>();

  constructor(building: Building) {
    this.#building = building;
  }

  get handlers(): Handlers {
    const handlers: Record<string, Handler> = {};
    for (const pair of PAIRS) {
      handlers[`${pair.stem}Started`] = (event) =>
        this.#begin(pair.stem, event, () => this.#work(pair, event));
      handlers[`${pair.stem}Completed`] = (event) =>
        this.#end(pair.stem, event, () => this.#work(pair, event), pair.said?.(event));
    }
    for (const stem of ["PreHook", "PostHook"]) {
      handlers[`${stem}Started`] = (event) => this.#begin(stem, event, () => this.#hook(stem, event));
      handlers[`${stem}Completed`] = (event) =>
        this.#end(stem, event, () => this.#hook(stem, event), undefined);
    }
    handlers.TeamTaskCreated = (event) => this.#task(event);
    handlers.TeamTaskUpdated = (event) => this.#task(event);
    return handlers;
  }

  /** An event of a name that is not known: kept, and told by its name. */
  unknown(event: Json): Draft | undefined {
    const name = bareName(event);
    if (OF_THE_RUN.has(name)) {
      timeOf(this.#building, event);
      return undefined;
    }
    const type = `agno.${word(name) ?? "event"}`;
    return this.#building.trace.instant({
      key: `event:${type}`,
      operation: "event",
      name: `event ${type}`,
      at: timeOf(this.#building, event),
      attributes: { ...SECONDS, [ATTR_AGENT_EVENT_TYPE]: type },
    });
  }

  /** What was under way when the run failed; a check that stopped it is told as the decision it was. */
  fail(at: Instant, failure: SpanFailure, checkId: string | undefined): void {
    let isTold = checkId === undefined;
    for (const drafts of this.#open.values())
      for (const draft of drafts.splice(0)) {
        draft.end = at;
        if (draft.attributes[ATTR_AGENT_GUARDRAIL_NAME] === undefined) draft.failure = failure;
        else if (checkId !== undefined) {
          draft.attributes = { ...draft.attributes, ...BLOCKED };
          isTold = true;
        }
      }
    for (const draft of this.#tasks.values()) if (draft.end === undefined) draft.end = at;
    if (isTold || checkId === undefined) return;
    this.#building.trace.instant({
      key: `guardrail:${checkId}`,
      operation: "guardrail",
      name: `guardrail ${checkId}`,
      at,
      attributes: {
        ...SECONDS,
        [ATTR_AGENT_GUARDRAIL_NAME]: checkId,
        [ATTR_AGENT_GUARDRAIL_MODE]: "enforce",
        ...BLOCKED,
      },
    });
  }

  #begin(stem: string, event: Json, make: () => Draft): Draft {
    const draft = make();
    const open = this.#open.get(this.#keyOf(stem, event));
    if (open === undefined) this.#open.set(this.#keyOf(stem, event), [draft]);
    else open.push(draft);
    return draft;
  }

  #end(stem: string, event: Json, make: () => Draft, said: Attributes | undefined): Draft {
    const begun = this.#open.get(this.#keyOf(stem, event))?.pop();
    const draft = begun ?? make();
    draft.end = begun === undefined ? draft.start : timeOf(this.#building, event);
    draft.attributes = { ...draft.attributes, ...said };
    return draft;
  }

  #keyOf(stem: string, event: Json): string {
    return `${stem}:${text(event.pre_hook_name) ?? text(event.post_hook_name) ?? ""}`;
  }

  #work({ stem, operation, step, type, more }: Pair, event: Json): Draft {
    const { trace, facts } = this.#building;
    const agent = facts.agentName ?? facts.agentKey;
    const name =
      { reasoning: `reasoning ${agent}`, memory: "upsert_memory" }[operation as string] ??
      `workflow_step ${step}`;
    return trace.open({
      key: `work:${stem}`,
      operation,
      name,
      at: timeOf(this.#building, event),
      attributes: {
        ...SECONDS,
        ...more,
        [ATTR_AGENT_STEP_KEY]: step,
        [ATTR_AGENT_STEP_NAME]: step,
        [ATTR_AGENT_STEP_TYPE]: type,
      },
    });
  }

  #hook(stem: string, event: Json): Draft {
    const { trace, context } = this.#building;
    const name = text(event.pre_hook_name) ?? text(event.post_hook_name) ?? stem;
    const isGuardrail = context.isGuardrail?.(name) ?? GUARDRAIL.test(name);
    const at = timeOf(this.#building, event);
    if (!isGuardrail)
      return trace.open({
        key: `hook:${name}`,
        operation: "workflow_step",
        name: `workflow_step ${name}`,
        at,
        attributes: {
          ...SECONDS,
          [ATTR_AGENT_STEP_KEY]: name,
          [ATTR_AGENT_STEP_NAME]: name,
          [ATTR_AGENT_STEP_TYPE]: "hook",
        },
      });
    return trace.open({
      key: `guardrail:${name}`,
      operation: "guardrail",
      name: `guardrail ${name}`,
      at,
      attributes: {
        ...SECONDS,
        [ATTR_AGENT_GUARDRAIL_NAME]: name,
        [ATTR_AGENT_GUARDRAIL_MODE]: "enforce",
        [ATTR_AGENT_GUARDRAIL_TARGET]: stem === "PreHook" ? "input" : "output",
        [ATTR_AGENT_GUARDRAIL_POLICY_DECISION]: "allow",
        [ATTR_AGENT_GUARDRAIL_EFFECTIVE_DECISION]: "allow",
        [ATTR_AGENT_GUARDRAIL_ENFORCEMENT_ACTION]: "proceed",
      },
    });
  }

  /** One span for each task of a team, from when it is at work, or first heard of, to when it is done. */
  #task(event: Json): Draft {
    const at = timeOf(this.#building, event);
    const id = text(event.task_id) ?? text(object(event.task)?.id) ?? "task";
    const key = `task-${id}`;
    const draft =
      this.#tasks.get(id) ??
      this.#building.trace.open({
        key: `task:${id}`,
        operation: "workflow_step",
        name: "workflow_step task",
        at,
        attributes: {
          ...SECONDS,
          [ATTR_AGENT_STEP_KEY]: key,
          [ATTR_AGENT_STEP_NAME]: "task",
          [ATTR_AGENT_STEP_TYPE]: "task",
        },
      });
    this.#tasks.set(id, draft);
    if (event.status === "completed" || event.status === "failed") {
      draft.end = at;
      draft.failure =
        event.status === "failed" ? { type: "task_failed", message: text(event.result) } : undefined;
    }
    return draft;
  }
}

const BLOCKED: Attributes = {
  [ATTR_AGENT_GUARDRAIL_POLICY_DECISION]: "block",
  [ATTR_AGENT_GUARDRAIL_EFFECTIVE_DECISION]: "block",
  [ATTR_AGENT_GUARDRAIL_ENFORCEMENT_ACTION]: "block",
  [ATTR_AGENT_GUARDRAIL_TRIGGERED]: true,
};
