/** A run as it was recorded here, as far as schemas of other systems ask for it. */
import { type Members, members, numberOf, textOf } from "../members.ts";
import { fromJson } from "../store/database.ts";
import type { StoredEvent } from "../store/events.ts";
import type { Store } from "../store/index.ts";
import type { RunRow } from "../store/runs.ts";
import { microsecondsOf } from "../wire/events.ts";
import { factsOf, hasFailed, isWait, readWork, type Told, type Work } from "./work.ts";

export interface RunError {
  /** Class or code. */
  readonly type: string;
  readonly message: string;
}

export interface RecordedRun {
  readonly row: RunRow;
  /** What was said when it was opened. */
  readonly opening: Members;
  /** What was said when it was completed. */
  readonly ending: Members;
  readonly told: readonly Told[];
  readonly works: readonly Work[];
  readonly startUs: number;
  /** `undefined` while it goes on. */
  readonly endUs: number | undefined;
  /** What it gave, where that was captured or told. */
  readonly output: unknown;
  readonly error: RunError | undefined;
}

const PAGE = 2_000;

/** All events of the run, by their order in it. */
function eventsOf(store: Store, runId: string): StoredEvent[] {
  const events: StoredEvent[] = [];
  let cursor: readonly bigint[] | undefined;
  do {
    const page = store.events.ofRun(runId, PAGE, cursor);
    events.push(...page.items);
    cursor = page.next_cursor?.split(".").map(BigInt);
  } while (cursor !== undefined);
  return events;
}

/** Times that the run's metadata tells are those of the work; the row's are those of the calls. */
const timeIn = (said: unknown, otherwise: string): number =>
  microsecondsOf(textOf(said) ?? "") ?? microsecondsOf(otherwise) ?? 0;

/** When the work of the run began, in microseconds since the epoch. */
export function startOf(row: RunRow): number {
  const said = members(fromJson(row.metadata)).started_at;
  return timeIn(said ?? members(fromJson(row.completion_metadata)).started_at, row.started_at);
}

export function readRun(store: Store, row: RunRow): RecordedRun {
  const opening = members(fromJson(row.metadata));
  const ending = members(fromJson(row.completion_metadata));
  const { told, works } = readWork(eventsOf(store, row.id));
  const startUs = startOf(row);
  return {
    row,
    opening,
    ending,
    told,
    works,
    startUs,
    endUs:
      row.completed_at === null ? undefined : Math.max(startUs, timeIn(ending.ended_at, row.completed_at)),
    output: ending.output ?? ending.outputSummary ?? ending.output_summary,
    error: row.status === "failed" || row.status === "cancelled" ? errorOf(told, works, ending) : undefined,
  };
}

/** What the run failed of: the last error that nobody handled, else the last work that failed. */
function errorOf(told: readonly Told[], works: readonly Work[], ending: Members): RunError {
  const unhandled = told.findLast(({ event }) => {
    const { type, metadata } = factsOf(event);
    return type === "agent.error" && members(metadata).handled !== true;
  })?.event;
  const failed = works.findLast((work) => hasFailed(work) && work.kind !== "approval");
  const event = factsOf(unhandled ?? failed?.end ?? failed?.made);
  const message = textOf(members(event.error).message);
  const type = textOf(ending.error_type, members(event.metadata).error_type) ?? "Error";
  return { type, message: message ?? type };
}

/** Whoever the run was done for, where that is known. */
export const userOf = ({ opening }: Pick<RecordedRun, "opening">): string | undefined =>
  textOf(opening.user_id);

export const agentNameOf = ({ opening, ending }: RecordedRun): string | undefined =>
  textOf(opening.agent_name, ending.agent_name);

/** The run waits for somebody: an approval, or an answer, that was asked for last and has not come. */
export const isPaused = ({ row, works }: RecordedRun): boolean =>
  row.status === "running" && works.some((work) => isWait(work) && work.end === undefined);

export interface Usage {
  readonly input: number | undefined;
  readonly output: number | undefined;
  readonly total: number | undefined;
  readonly cacheRead: number | undefined;
  readonly cacheWrite: number | undefined;
  readonly reasoning: number | undefined;
}

/** Tokens, as `payload_summary.usage` of model calls and `usage` of completed runs tell them. */
export function usageOf(said: unknown): Usage | undefined {
  const usage = members(said);
  const [input, output] = [numberOf(usage.input), numberOf(usage.output)];
  if (input === undefined && output === undefined) return undefined;
  return {
    input,
    output,
    total: numberOf(usage.total) ?? (input ?? 0) + (output ?? 0),
    cacheRead: numberOf(usage.cache_read),
    cacheWrite: numberOf(usage.cache_write),
    reasoning: numberOf(usage.reasoning),
  };
}
