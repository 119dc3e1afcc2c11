/**
 * What must hold for a run of Agno to be read (field lists of Agno 2.0 to 2.9). Only what is read is looked at, and what is
 * not known is let through: fields and events grow with each release.
 */
import { z } from "zod";
import { type ImportIssue, issuesOf, MAX_ISSUES } from "../errors.ts";
import { type Json, objects } from "../json.ts";
import { microseconds } from "../timeline.ts";

const maybeText = z.string("expected text").nullish();
const members = z.record(z.string(), z.unknown(), "expected an object");
const maybeMembers = members.nullish();
const listOf = (item: z.ZodType) => z.array(item, "expected a list").nullish();

const time = z
  .union([z.number(), z.string()], "expected seconds since the epoch, or an ISO 8601 time")
  .nullish()
  .refine(
    (value) => value === null || value === undefined || value === "" || microseconds(value) !== undefined,
    {
      message: "expected a time: seconds since the epoch, or ISO 8601",
    },
  );

const message = z.looseObject(
  {
    role: z.string("expected the role, as text"),
    created_at: time,
    tool_calls: listOf(members),
    metrics: maybeMembers,
    tool_call_id: maybeText,
  },
  "expected a message, an object",
);

const tool = z.looseObject(
  {
    tool_call_id: maybeText,
    tool_name: maybeText,
    metrics: maybeMembers,
    child_run_id: maybeText,
  },
  "expected a tool call, an object",
);

export const eventSchema = z.looseObject(
  {
    event: z.string("expected the event's name, as text").min(1, "expected the event's name"),
    created_at: time,
    run_id: maybeText,
    parent_run_id: maybeText,
    session_id: maybeText,
    tool: tool.nullish(),
  },
  "expected an event, an object",
);

const runSchema = z.looseObject(
  {
    run_id: z.string("expected the run's id, as text").min(1, "expected the run's id"),
    parent_run_id: maybeText,
    session_id: maybeText,
    agent_session_id: maybeText,
    agent_id: maybeText,
    team_id: maybeText,
    workflow_id: maybeText,
    status: maybeText,
    created_at: time,
    metrics: maybeMembers,
    messages: listOf(message),
    tools: listOf(tool),
    events: listOf(eventSchema),
    step_results: listOf(members),
    requirements: listOf(members),
    step_requirements: listOf(members),
    error_requirements: listOf(members),
    forked_from_message_index: z.int("expected a whole number").nullish(),
  },
  "expected a run, an object",
);

/** Lists of runs within a run. */
export const RUN_LISTS = ["member_responses", "step_executor_runs"] as const;
export const WORKFLOW_AGENT = "workflow_agent_run";
const MAX_DEPTH = 64;

/** Everything that is wrong with a run and the runs within. */
export function runIssues(run: unknown, path: string, depth = 0): ImportIssue[] {
  if (depth > MAX_DEPTH) return [{ path, message: `runs are nested deeper than ${MAX_DEPTH}` }];
  const issues = issuesOf(runSchema, run, path);
  if (typeof run !== "object" || run === null) return issues;
  for (const name of RUN_LISTS) {
    const inner = (run as Json)[name];
    if (inner === undefined || inner === null) continue;
    if (!Array.isArray(inner)) issues.push({ path: `${path}/${name}`, message: "expected a list" });
    else
      for (const [index, member] of inner.entries())
        if (issues.length < MAX_ISSUES)
          issues.push(...runIssues(member, `${path}/${name}/${index}`, depth + 1));
  }
  const agent = (run as Json)[WORKFLOW_AGENT];
  if (typeof agent === "object" && agent !== null)
    issues.push(...runIssues(agent, `${path}/${WORKFLOW_AGENT}`, depth + 1));
  return issues;
}

/** A run without any time cannot be placed. */
export function hasTime(run: Json): boolean {
  const said = [
    run,
    ...objects(run.events).map(({ item }) => item),
    ...objects(run.messages).map(({ item }) => item),
  ];
  return said.some(({ created_at }) => microseconds(created_at) !== undefined);
}
