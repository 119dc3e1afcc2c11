/** What a run waits for people for: approvals of tool calls, and answers and results that somebody else has to give. */
import { type AgentApprovalStatus, ATTR_GEN_AI_TOOL_NAME } from "../../semconv/index.ts";
import { type Json, object, objects, text } from "../json.ts";
import type { Draft } from "../run-trace.ts";
import { type Instant, microseconds } from "../timeline.ts";
import { type Building, type Handlers, timeOf } from "./building.ts";
import { closeWait, openWait } from "./wait-span.ts";

export const CONFIRMATION = "confirmation";

/** What a call waits for, in the order Agno asks; `undefined` for one that waits for nobody. */
export function waitOf(tool: Json): string | undefined {
  if (tool.user_feedback_schema !== null && tool.user_feedback_schema !== undefined) return "user_feedback";
  if (tool.external_execution_required === true) return "external_execution";
  if (tool.requires_user_input === true) return "user_input";
  return tool.requires_confirmation === true ? CONFIRMATION : undefined;
}

export function isWaiting(tool: Json): boolean {
  const hasRun = (tool.result !== null && tool.result !== undefined) || object(tool.metrics) !== undefined;
  if (hasRun) return false;
  const wait = waitOf(tool);
  if (wait === undefined) return false;
  return wait === CONFIRMATION ? typeof tool.confirmed !== "boolean" : tool.answered !== true;
}

export class Waits {
  readonly #building: Building;
  readonly #open = new Map<string, { draft: Draft; tool: Json }>();
  readonly #told = new Set<string>();

  constructor(building: Building) {
    this.#building = building;
  }

  readonly handlers: Handlers = {
    RunPaused: (event) => this.#paused(event),
    RunContinued: (event) => this.#continued(event),
  };

  /** @param at when it was asked for; else when the call was made. */
  ask(tool: Json, at?: Instant): Draft | undefined {
    const id = text(tool.tool_call_id);
    const wait = waitOf(tool);
    if (wait === undefined || id === undefined || this.#told.has(id)) return undefined;
    this.#told.add(id);
    const { trace } = this.#building;
    const name = text(tool.tool_name) ?? "unknown";
    const draft = openWait(trace, {
      key: `wait:${id}`,
      approvalId: wait === CONFIRMATION ? this.#approvalId(tool, id) : undefined,
      name: wait === CONFIRMATION ? name : wait,
      at: at ?? trace.timeline.add(microseconds(tool.created_at)),
      attributes: { [ATTR_GEN_AI_TOOL_NAME]: name },
    });
    this.#open.set(id, { draft, tool });
    return draft;
  }

  /** Calls that were decided on, with no event to tell when: before they ran. */
  settled(tool: Json): void {
    const draft = this.ask(tool);
    if (draft !== undefined)
      this.#settle(text(tool.tool_call_id) ?? "", tool, this.#building.trace.timeline.add(undefined));
  }

  #paused(event: Json): undefined {
    const at = timeOf(this.#building, event);
    const required = objects(event.requirements).flatMap(({ item }): Json[] => {
      const tool = object(item.tool_execution);
      return tool === undefined ? [] : [tool];
    });
    const asked: Json[] = [...objects(event.tools).map(({ item }) => item), ...required];
    for (const tool of asked) if (isWaiting(tool)) this.ask(tool, at);
    return undefined;
  }

  #continued(event: Json): undefined {
    const at = timeOf(this.#building, event);
    for (const [id, { tool }] of this.#open) {
      const now =
        objects(this.#building.run.tools).find(({ item }) => item.tool_call_id === id)?.item ?? tool;
      // It may have gone on with some of what it waited for.
      if (!isWaiting(now) || this.#building.status.status !== "paused") this.#settle(id, now, at);
    }
    return undefined;
  }

  #settle(id: string, tool: Json, at: Instant): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    this.#open.delete(id);
    closeWait(open.draft, at, decisionOn(tool));
  }

  #approvalId(tool: Json, callId: string): string {
    const requirement = objects(this.#building.run.requirements).find(
      ({ item }) => object(item.tool_execution)?.tool_call_id === callId,
    );
    return text(tool.approval_id) ?? text(requirement?.item.id) ?? callId;
  }
}

/** A run that goes on without a decision has let it expire. */
function decisionOn(tool: Json): AgentApprovalStatus {
  if (typeof tool.confirmed === "boolean") return tool.confirmed ? "approved" : "rejected";
  return tool.result !== null && tool.result !== undefined ? "approved" : "expired";
}
