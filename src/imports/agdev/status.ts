/** How a run of ag.dev stands, in the words of the convention. */
import type { AgentRunStatus } from "../../semconv/index.ts";
import { type Json, object, text, word } from "../json.ts";
import type { SpanFailure } from "../span.ts";

export interface RunStatus {
  status: AgentRunStatus;
  /** The run is not over: what is open in it will end. */
  goesOn: boolean;
  failure: SpanFailure | undefined;
}

const STATUSES: ReadonlyMap<string, AgentRunStatus> = new Map([
  ["pending", "pending"],
  ["running", "running"],
  ["done", "completed"],
  ["error", "failed"],
]);

const GOES_ON: ReadonlySet<AgentRunStatus> = new Set(["pending", "running"]);

export function statusOf(run: Json): RunStatus {
  const status = STATUSES.get((text(run.status) ?? "").toLowerCase()) ?? byTraces(run);
  return {
    status,
    goesOn: GOES_ON.has(status),
    failure: status === "failed" ? failureOf(run) : undefined,
  };
}

/** A word that is not known here: what a run has when it is over tells. */
function byTraces({ error, resultData, completedAt }: Json): AgentRunStatus {
  if (object(error) !== undefined) return "failed";
  const hasResult = resultData !== undefined && resultData !== null;
  return hasResult || text(completedAt) !== undefined ? "completed" : "running";
}

function failureOf(run: Json): SpanFailure {
  const { code, message } = object(run.error) ?? {};
  return { type: word(code) ?? "Error", message: text(message) };
}
