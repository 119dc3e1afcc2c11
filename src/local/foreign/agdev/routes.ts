/** Where ag.dev answers with a run and its events, for tools that read those. */
import { pageLimit, pathParameter, readQuery, wholeNumber } from "../../http/query.ts";
import { notFound } from "../../http/refusal.ts";
import type { AppContext, Route } from "../../http/route.ts";
import type { Services } from "../../services.ts";
import { type RecordedRun, readRun } from "../recorded.ts";
import { showEvents, showRun } from "./run.ts";

const MAX_OFFSET = 1_000_000_000;

/** @throws Refusal 404 */
function runOfPath(c: AppContext, { store }: Services): RecordedRun {
  const agentId = pathParameter(c, "agentId");
  const runId = pathParameter(c, "runId");
  const row = store.runs.byId(runId) ?? store.runs.bySourceId(runId);
  if (row === undefined || (row.agent_key !== agentId && row.agent_id !== agentId))
    throw notFound(`run of the agent ${agentId}`, runId);
  return readRun(store, row);
}

function run(c: AppContext, services: Services): Response {
  readQuery(c, {});
  return c.json(showRun(runOfPath(c, services)));
}

function runEvents(c: AppContext, services: Services): Response {
  const { limit, offset } = readQuery(c, {
    limit: pageLimit(100, 100),
    offset: wholeNumber({ min: 0, max: MAX_OFFSET, fallback: 0 }),
  });
  const events = showEvents(runOfPath(c, services));
  return c.json({
    data: events.slice(offset, offset + limit),
    pagination: { limit, offset, total: events.length },
  });
}

export const agDevRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/agents/:agentId/runs/:runId",
    summary: "A run as ag.dev answers it",
    handle: run,
  },
  {
    method: "GET",
    path: "/agents/:agentId/runs/:runId/events",
    summary: "Events of a run as ag.dev answers them, in the order they began",
    query: { limit: "1 to 100, default 100", offset: "events to leave out, default 0" },
    handle: runEvents,
  },
];
