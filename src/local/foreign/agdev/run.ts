/** A run and its events in the schema of ag.dev (api.ag.dev, get run and list events). */
import { entryOf, type Members, members, textOf } from "../../members.ts";
import { saidIn, saidInStep, sourcesOf } from "../content.ts";
import type { RecordedRun } from "../recorded.ts";
import { factsOf, hasFailed, isToolCall, timesOf, type Work } from "../work.ts";

export type Json = Record<string, unknown>;

/** ISO 8601 in UTC with milliseconds. */
const isoTime = (us: number): string => new Date(Math.floor(us / 1_000)).toISOString();

const MILLISECOND = 1_000;

/** It knows no run that was cancelled: that did not finish either. */
const STATUSES: Readonly<Record<string, string>> = {
  running: "running",
  completed: "done",
  failed: "error",
  cancelled: "error",
};

/** Text that is an object in JSON, or what it is. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const isObject = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Input is an object; other input than that has the name `input`. */
function inputOf({ row }: RecordedRun): Members {
  if (row.input_summary === null) return {};
  const input = parsed(row.input_summary);
  return isObject(input) ? input : { input: row.input_summary };
}

function resultOf(run: RecordedRun): Json {
  const { output, row } = run;
  if (row.status !== "completed" || output === undefined || output === null)
    return { resultType: null, resultData: null };
  if (isObject(output)) return { resultType: "json", resultData: output };
  return {
    resultType: "document",
    resultData: {
      result: typeof output === "string" ? output : JSON.stringify(output),
      sources: sourcesOf(run),
    },
  };
}

export function showRun(run: RecordedRun): Json {
  const { row, startUs, endUs, error, told } = run;
  const last = told.at(-1)?.event;
  const updatedUs = endUs ?? Math.max(startUs, last === undefined ? 0 : last.replay_us);
  const status = entryOf(STATUSES, row.status) ?? "running";
  return {
    id: row.id,
    agentId: row.agent_key,
    input: inputOf(run),
    status,
    createdAt: isoTime(startUs),
    updatedAt: isoTime(updatedUs),
    ...(status === "error"
      ? { error: { code: error?.type ?? row.status, message: error?.message ?? row.status } }
      : {}),
    ...resultOf(run),
    ...(endUs === undefined ? {} : { completedAt: isoTime(endUs) }),
  };
}

/** Steps that are events of ag.dev, by the key or the kind they have here. */
const STEP_TYPES: Readonly<Record<string, string>> = {
  planning: "planning",
  plan: "planning",
  reasoning: "reasoning",
  narration: "narration",
  context_compression: "context_compression",
  compression: "context_compression",
};

function stepType(work: Work): string | undefined {
  const { kind } = members(factsOf(work.begin).payload_summary);
  return entryOf(STEP_TYPES, work.name) ?? entryOf(STEP_TYPES, String(kind));
}

function stepData(work: Work, type: string): Json {
  const facts = { ...members(factsOf(work.begin).metadata), ...members(factsOf(work.end).metadata) };
  const { otel: _, capture_source: __, duration_ms: ___, text: ____, ...rest } = facts;
  return type === "context_compression" ? rest : { content: saidInStep(work) ?? null };
}

function toolData(work: Work): Json {
  const { begin, made, end, spanId, name } = work;
  const facts = [begin, made, end].map((event) => members(factsOf(event).metadata));
  const id = textOf(...facts.map(({ call_id }) => call_id), spanId, factsOf(made ?? begin).event_id);
  const output = members(facts[2]?.result).value ?? textOf(members(factsOf(end).error).message);
  return {
    id,
    name,
    input: facts[0]?.arguments ?? {},
    // An open call has none, and a call whose answer was not captured neither.
    ...(output === undefined ? {} : { output }),
  };
}

/** What of the work is an event of ag.dev: it tells no model calls, but what the model said meanwhile. */
function typeAndData(work: Work): readonly [type: string, data: Json] | undefined {
  if (isToolCall(work)) return ["tool_call", toolData(work)];
  if (work.kind === "step") {
    const type = stepType(work);
    return type === undefined ? undefined : [type, stepData(work, type)];
  }
  if (work.kind !== "model") return undefined;
  const content = saidIn(members(factsOf(work.end).payload_summary).output);
  return content === undefined ? undefined : ["narration", { content }];
}

/** There is no mark for a call that failed: one that went down with its run is one that never ended. */
function isLeftOpen(work: Work, { error, endUs }: RecordedRun): boolean {
  if (error === undefined || endUs === undefined || !isToolCall(work) || !hasFailed(work)) return false;
  return (timesOf(work).endUs ?? endUs) >= endUs - MILLISECOND;
}

/** In the order they began. */
export function showEvents(run: RecordedRun): Json[] {
  const { row, works } = run;
  return works.flatMap((work) => {
    const [type, known = {}] = typeAndData(work) ?? [];
    if (type === undefined) return [];
    const isOpen = isLeftOpen(work, run);
    const { output: _, ...withoutOutput } = known;
    const data = isOpen ? withoutOutput : known;
    const { startUs, endUs } = timesOf(work);
    return [
      {
        id: textOf(factsOf(work.begin ?? work.made ?? work.end).event_id),
        runId: row.id,
        type,
        data,
        startedAt: isoTime(startUs),
        finishedAt: endUs === undefined || isOpen ? null : isoTime(endUs),
      },
    ];
  });
}
