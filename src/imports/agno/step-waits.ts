/**
 * What a workflow waits for people for: before a step, after it, at a fork, after an error, or within its executor. Events say
 * when, where they are stored; the run's list of requirements says what became of it. That list grows with each pause, and only
 * its last entry can be open; that of errors holds the one the run waits at.
 */
import {
  type AgentApprovalStatus,
  ATTR_AGENT_APPROVAL_REASON,
  ATTR_AGENT_METADATA,
  ATTR_AGENT_STEP_KEY,
  ATTR_AGENT_STEP_NAME,
  ATTR_GEN_AI_TOOL_NAME,
} from "../../semconv/index.ts";
import { type Json, list, object, objects, text } from "../json.ts";
import type { Draft } from "../run-trace.ts";
import type { Instant } from "../timeline.ts";
import { type Building, type Handler, type Handlers, timeOf } from "./building.ts";
import { bareName } from "./event-names.ts";
import type { Steps } from "./steps.ts";
import { closeWait, openWait } from "./wait-span.ts";
import { CONFIRMATION, isWaiting, waitOf } from "./waits.ts";

interface Requirement {
  /** The requirement, or the call of a tool that an executor's requirement is about. */
  item: Json;
  of: "step" | "error" | "tool";
  /** It is told of. */
  isClaimed: boolean;
}

interface Wait {
  kind: string;
  name: string;
  key: string;
  /** Content. */
  reason?: string | undefined;
  tool?: string | undefined;
  requirement: Requirement | undefined;
  at: Instant;
}

interface StepWait {
  draft: Draft;
  requirement: Requirement | undefined;
  event: Json;
}

const PAUSES = ["StepPaused", "RouterPaused", "ConditionPaused", "StepOutputReview", "StepExecutorPaused"];
const CONTINUATIONS = ["StepContinued", "StepExecutorContinued"];
const REVIEW = "output_review";
const ROUTE = "route_selection";
const INPUT = "user_input";
const ERROR = "error_decision";

/** What is decided on; anything else is answered. */
const DECIDED: ReadonlySet<string> = new Set([CONFIRMATION, REVIEW]);

const isSameStep = (a: Json, b: Json): boolean => {
  const [one, other] = [text(a.step_id), text(b.step_id)];
  return one !== undefined && other !== undefined ? one === other : a.step_name === b.step_name;
};

export class StepWaits {
  readonly #building: Building;
  readonly #steps: Steps;
  readonly #requirements: readonly Requirement[];
  readonly #waits: StepWait[] = [];
  readonly #times = new Map<string, number>();

  constructor(building: Building, steps: Steps) {
    this.#building = building;
    this.#steps = steps;
    this.#requirements = requirementsOf(building);
  }

  get handlers(): Handlers {
    const handlers: Record<string, Handler> = {};
    for (const name of PAUSES) handlers[name] = (event) => this.#paused(event);
    for (const name of CONTINUATIONS) handlers[name] = (event) => this.#continued(event);
    return handlers;
  }

  /** What no event said the end of, and what none told of. */
  rest(): void {
    this.#settle(this.#waits);
    for (const requirement of this.#requirements) {
      if (requirement.isClaimed) continue;
      const earlier = this.#waits.length;
      this.#ask(requirement.item, requirement, this.#building.trace.timeline.add(undefined));
      this.#settle(this.#waits.slice(earlier));
    }
  }

  #settle(waits: readonly StepWait[]): void {
    const { timeline } = this.#building.trace;
    for (const { draft, requirement } of waits)
      if (draft.end === undefined && !this.#waitsStill(requirement))
        closeWait(draft, timeline.add(undefined), this.#decision(requirement?.item, "expired"));
  }

  #paused(event: Json): Draft | undefined {
    const kind = kindOf(event);
    const requirement = this.#requirements.find(
      ({ item, of, isClaimed }) =>
        !isClaimed && of === "step" && isSameStep(item, event) && kindOf(item) === kind,
    );
    return this.#ask(event, requirement, timeOf(this.#building, event));
  }

  /** @param from the event, or the requirement itself where there is none. */
  #ask(from: Json, requirement: Requirement | undefined, at: Instant): Draft | undefined {
    if (requirement !== undefined) requirement.isClaimed = true;
    const of = { ...requirement?.item, ...said(from) };
    if (list(of.executor_requirements).length > 0) return this.#askOfExecutor(of, at);
    const kind = requirement?.of === "error" ? ERROR : kindOf(requirement?.item ?? from);
    return this.#open(of, {
      kind,
      name: DECIDED.has(kind) ? (text(of.step_name) ?? "step") : kind,
      key: text(of.step_id) ?? JSON.stringify([of.step_name ?? null, of.step_index ?? null]),
      reason: text(of.confirmation_message) ?? text(of.output_review_message),
      requirement,
      at,
    });
  }

  /** What tools of the executor wait for, unless its own run is there to tell. */
  #askOfExecutor(of: Json, at: Instant): Draft | undefined {
    if (this.#building.document.runs.get(text(of.executor_run_id) ?? "")?.main !== undefined)
      return undefined;
    const drafts = objects(of.executor_requirements).map(({ item, index }) => {
      const tool: Json = { confirmed: item.confirmation, ...said(object(item.tool_execution) ?? {}) };
      const kind = waitOf(tool) ?? CONFIRMATION;
      const name = text(tool.tool_name) ?? "tool";
      return this.#open(of, {
        kind,
        name: DECIDED.has(kind) ? name : kind,
        key: `${text(of.step_id) ?? ""}:${text(item.id) ?? text(tool.tool_call_id) ?? index}`,
        tool: name,
        requirement: { item: tool, of: "tool", isClaimed: true },
        at,
      });
    });
    return drafts[0];
  }

  #open(of: Json, wait: Wait): Draft {
    const { trace } = this.#building;
    const { kind, name, reason, tool, requirement, at } = wait;
    const key = `wait:${wait.key}`;
    const times = this.#times.get(key) ?? 0;
    this.#times.set(key, times + 1);
    const decision = requirement?.of === "error" ? text(requirement.item.decision) : undefined;
    const draft = openWait(trace, {
      key,
      approvalId: DECIDED.has(kind) ? trace.idOf(`${key}|${times}`) : undefined,
      name,
      at,
      parent: this.#steps.openAt(of),
      attributes: {
        [ATTR_AGENT_STEP_KEY]: this.#steps.keyOf(of),
        [ATTR_AGENT_STEP_NAME]: text(of.step_name),
        [ATTR_AGENT_APPROVAL_REASON]: DECIDED.has(kind) ? reason : undefined,
        [ATTR_GEN_AI_TOOL_NAME]: tool,
        [ATTR_AGENT_METADATA]: decision === undefined ? undefined : JSON.stringify({ decision }),
      },
    });
    this.#waits.push({ draft, requirement, event: of });
    return draft;
  }

  #continued(event: Json): Draft | undefined {
    const at = timeOf(this.#building, event);
    const open = this.#waits.filter(({ draft }) => draft.end === undefined);
    const ofStep = open.filter((wait) => isSameStep(wait.event, event));
    const over = ofStep.length > 0 ? ofStep : open.slice(-1);
    for (const { draft, requirement } of over)
      closeWait(draft, at, this.#decision(requirement?.item, "approved"));
    return over[0]?.draft;
  }

  #waitsStill(requirement: Requirement | undefined): boolean {
    if (this.#building.status.status !== "paused") return false;
    return requirement === undefined || !isResolved(requirement);
  }

  /** @param otherwise when nobody has said. */
  #decision(item: Json | undefined, otherwise: AgentApprovalStatus): AgentApprovalStatus {
    if (typeof item?.confirmed === "boolean") return item.confirmed ? "approved" : "rejected";
    return this.#building.status.status === "cancelled" ? "cancelled" : otherwise;
  }
}

/** Those the run lists; where it does not, those the last event of a pause does. */
function requirementsOf({ run, events }: Building): Requirement[] {
  const paused = events.findLast(
    ({ event }) => bareName(event) === "RunPaused" && Array.isArray(event.step_requirements),
  );
  const steps = Array.isArray(run.step_requirements)
    ? run.step_requirements
    : paused?.event.step_requirements;
  const listed = (from: unknown, of: "step" | "error"): Requirement[] =>
    objects(from).map(({ item }) => ({ item, of, isClaimed: false }));
  return [...listed(steps, "step"), ...listed(run.error_requirements, "error")];
}

/** Members that say something. */
const said = (of: Json): Json =>
  Object.fromEntries(Object.entries(of).filter(([, value]) => value !== null && value !== undefined));

/** A review of what came out asks for a confirmation, too, and is none. */
function kindOf(of: Json): string {
  const name = bareName(of);
  if (of.requires_output_review === true || name === "StepOutputReview") return REVIEW;
  if (of.requires_confirmation === true) return CONFIRMATION;
  if (of.requires_route_selection === true || name === "RouterPaused") return ROUTE;
  return of.requires_user_input === true ? INPUT : CONFIRMATION;
}

function isResolved({ item, of }: Requirement): boolean {
  if (of === "error") return text(item.decision) !== undefined;
  if (of === "tool") return !isWaiting(item);
  const kind = kindOf(item);
  if (DECIDED.has(kind)) return typeof item.confirmed === "boolean";
  return kind === ROUTE ? list(item.selected_choices).length > 0 : isAnswered(item);
}

/** All that must be answered is; without a list of what that is, anything. */
function isAnswered({ user_input_schema, user_input }: Json): boolean {
  const fields = objects(user_input_schema);
  return fields.length > 0
    ? fields.every(({ item }) => item.required === false || (item.value ?? null) !== null)
    : Object.keys(object(user_input) ?? {}).length > 0;
}
