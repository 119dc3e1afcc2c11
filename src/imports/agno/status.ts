/** How a run of Agno stands, in the words of the convention. */
import type { AgentRunStatus } from "../../semconv/index.ts";
import { type Json, text, word } from "../json.ts";
import type { SpanFailure } from "../span.ts";
import type { PlacedEvent } from "./document.ts";
import { bareName } from "./event-names.ts";

export interface RunStatus {
  status: AgentRunStatus;
  /** Agno's own word. */
  said: string | undefined;
  /** The answer was replaced by a later run's. */
  isSuperseded: boolean;
  failure: SpanFailure | undefined;
}

/** REGENERATED is a completed run whose answer was replaced; it cost what it cost. */
const STATUSES: ReadonlyMap<string, AgentRunStatus> = new Map([
  ["PENDING", "pending"],
  ["RUNNING", "running"],
  ["PAUSED", "paused"],
  ["COMPLETED", "completed"],
  ["REGENERATED", "completed"],
  ["CANCELLED", "cancelled"],
  ["ERROR", "failed"],
]);

/** By the last event that says how the run goes; a cancelled run says afterwards that it is completed. */
const BY_EVENT: ReadonlyMap<string, AgentRunStatus> = new Map([
  ["RunStarted", "running"],
  ["RunPaused", "paused"],
  ["RunContinued", "running"],
  ["RunCompleted", "completed"],
  ["RunCancelled", "cancelled"],
  ["RunError", "failed"],
]);

export function statusOf(run: Json, events: readonly PlacedEvent[]): RunStatus {
  const said = text(run.status);
  const status =
    STATUSES.get(said?.toUpperCase() ?? "") ?? byEvents(events) ?? (hasAnswer(run) ? "completed" : "running");
  return {
    status,
    said,
    isSuperseded: said?.toUpperCase() === "REGENERATED",
    failure: status === "failed" ? failureOf(run, events) : undefined,
  };
}

function byEvents(events: readonly PlacedEvent[]): AgentRunStatus | undefined {
  let status: AgentRunStatus | undefined;
  for (const { event } of events) {
    const next = BY_EVENT.get(bareName(event));
    if (next === undefined || status === "cancelled") continue;
    status = next;
  }
  return status;
}

const hasAnswer = ({ content }: Json): boolean => content !== undefined && content !== null && content !== "";

function failureOf(run: Json, events: readonly PlacedEvent[]): SpanFailure {
  const told = events.findLast(({ event }) => bareName(event) === "RunError")?.event;
  const message = told?.content ?? told?.error ?? run.content;
  return { type: word(told?.error_type) ?? "Error", message: text(message) };
}
