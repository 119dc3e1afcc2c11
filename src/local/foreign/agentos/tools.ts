/** Tool calls of a run, as AgentOS lists them. */
import { type Members, members, textOf } from "../../members.ts";
import type { RecordedRun } from "../recorded.ts";
import { factsOf, hasFailed, isToolCall, isWait, timesOf, type Work, waitOf } from "../work.ts";
import { asText, type Json, seconds, wholeSeconds } from "./names.ts";

/** What is asked of people before a call is made; nulls stand in these objects where there is nothing. */
const NOTHING_ASKED = {
  requires_confirmation: null,
  confirmed: null,
  confirmation_note: null,
  requires_user_input: null,
  user_input_schema: null,
  user_feedback_schema: null,
  answered: null,
  external_execution_required: null,
  external_execution_silent: null,
  approval_type: null,
  approval_id: null,
};

/** Arguments are an object; where none was captured they are not known, and any other value has a name of its own. */
function argsOf(work: Work): Members | null {
  const said = members(factsOf(work.begin).metadata).arguments;
  if (said === undefined || said === null) return null;
  return typeof said === "object" && !Array.isArray(said) ? (said as Members) : { input: said };
}

function resultOf({ end }: Work): string | null {
  const { metadata, error } = factsOf(end);
  const value = members(members(metadata).result).value;
  return asText(value) ?? textOf(members(error).message) ?? null;
}

const callIdOf = ({ begin, made, end, spanId }: Work): string | undefined => {
  for (const event of [begin, made, end]) {
    const id = textOf(members(factsOf(event).metadata).call_id);
    if (id !== undefined) return id;
  }
  return spanId ?? textOf(factsOf(begin ?? made ?? end).event_id);
};

/** A wait as AgentOS shows what is waited for: a call of a tool that has not been made. */
function waitingTool(work: Work): Json {
  const { startUs } = timesOf(work);
  const wait = waitOf(work);
  const approvalId = textOf(members(factsOf(work.begin ?? work.end).approval).approval_id);
  const asked: Readonly<Record<string, Json>> = {
    confirmation: { requires_confirmation: true, approval_id: approvalId ?? null },
    user_input: { requires_user_input: true, user_input_schema: [] },
    user_feedback: { user_feedback_schema: [] },
    external_execution: { external_execution_required: true },
  };
  const { tool, action } = factsOf(work.begin ?? work.end);
  return {
    tool_call_id: approvalId ?? callIdOf(work) ?? work.name,
    tool_name: textOf(members(tool).name, members(action).name) ?? work.name,
    tool_args: null,
    tool_call_error: null,
    result: null,
    metrics: null,
    child_run_id: null,
    stop_after_tool_call: false,
    created_at: wholeSeconds(startUs),
    ...NOTHING_ASKED,
    ...(asked[wait ?? ""] ?? {}),
  };
}

function calledTool(work: Work, childRunId: string | undefined): Json {
  const { startUs, endUs } = timesOf(work);
  const isOver = endUs !== undefined;
  return {
    tool_call_id: callIdOf(work) ?? work.name,
    tool_name: work.name,
    tool_args: argsOf(work),
    tool_call_error: isOver ? hasFailed(work) : null,
    result: resultOf(work),
    metrics: isOver
      ? { start_time: seconds(startUs), end_time: seconds(endUs), duration: seconds(endUs - startUs) }
      : null,
    child_run_id: childRunId ?? null,
    stop_after_tool_call: false,
    created_at: wholeSeconds(endUs ?? startUs),
    ...NOTHING_ASKED,
  };
}

/** Decision on an approval: `undefined` while it waits, and when nobody decided. */
function confirmedIn({ end }: Work): boolean | undefined {
  const { status } = members(factsOf(end).approval);
  return status === "approved" ? true : status === "rejected" ? false : undefined;
}

export class Tools {
  readonly #called = new Map<Work, Json>();
  /** Runs that calls led to, by the spans of those. */
  readonly #children = new Map<string, string>();
  readonly #waiting = new Map<Work, Json>();

  /** @param runOfHandoff run that took over, by the id of the hand-off. */
  constructor({ told, works }: RecordedRun, runOfHandoff: ReadonlyMap<string, string>) {
    const calls = new Set(works.filter(isToolCall).map(({ spanId }) => spanId));
    for (const { event } of told) {
      const { type, metadata } = factsOf(event);
      if (type !== "agent.handoff.requested") continue;
      const { handoff_id, target_run_id, otel } = members(metadata);
      const child = runOfHandoff.get(String(handoff_id)) ?? textOf(target_run_id);
      const around = textOf(members(otel).parent_span_id);
      if (child !== undefined && around !== undefined && calls.has(around)) this.#children.set(around, child);
    }
    for (const work of works)
      if (isToolCall(work)) this.#called.set(work, calledTool(work, this.#children.get(work.spanId ?? "")));
    for (const work of works) if (isWait(work)) this.#waiting.set(work, this.#waitFor(work));
  }

  /** @param spanId of a call: whether it is known which run that led to. */
  hasChild(spanId: string | undefined): boolean {
    return spanId !== undefined && this.#children.has(spanId);
  }

  /** What events of the work bear. */
  of(work: Work): Json | undefined {
    return this.#called.get(work) ?? this.#waiting.get(work);
  }

  /** The run's own list: calls, and what is waited for. */
  get listed(): Json[] {
    const open = [...this.#waiting].filter(([{ end }]) => end === undefined);
    return [...this.#called.values(), ...open.map(([, tool]) => tool)];
  }

  /** The call an approval was for is the next one of its name; it says then that it was confirmed. */
  #waitFor(work: Work): Json {
    const waiting = waitingTool(work);
    if (work.kind !== "approval" || confirmedIn(work) !== true) return waiting;
    const { endUs = 0 } = timesOf(work);
    for (const [call, tool] of this.#called) {
      const isNext = call.name === waiting.tool_name && timesOf(call).startUs >= endUs;
      if (!isNext || tool.confirmed === true) continue;
      const { approval_id } = waiting;
      this.#called.set(call, { ...tool, requires_confirmation: true, confirmed: true, approval_id });
      return { ...waiting, tool_call_id: tool.tool_call_id };
    }
    return waiting;
  }
}
