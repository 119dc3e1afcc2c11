import { z } from "zod";
import { pageCursor, pageLimit, pathParameter, readQuery, textFilter } from "../http/query.ts";
import { notFound } from "../http/refusal.ts";
import type { AppContext, Route } from "../http/route.ts";
import type { Services } from "../services.ts";
import { presentRun } from "../store/runs.ts";
import { VIEW, VIEW_HELP, viewed } from "./events.ts";
import { STATUSES } from "./sessions.ts";

function listRuns(c: AppContext, { store }: Services): Response {
  const { limit, cursor, session, trace_id, ...filter } = readQuery(c, {
    session: textFilter,
    agent: textFilter,
    status: z.enum(STATUSES).optional(),
    parent: textFilter,
    trace_id: textFilter,
    limit: pageLimit(50, 500),
    cursor: pageCursor(),
  });
  const scope = session === "none" ? { alone: true } : { session };
  return c.json(
    store.runs.list({ ...filter, ...scope, trace: trace_id?.toLowerCase() }, "newest", limit, cursor),
  );
}

/** A run that was opened here, or one that only events speak of, which has no record of its own. @throws Refusal 404 */
function findRun(c: AppContext, { store }: Services) {
  const id = pathParameter(c, "runId");
  const row = store.runs.byId(id);
  const [unopened] = row === undefined ? store.events.unopenedRuns({ run: id }) : [];
  if (row === undefined && unopened === undefined) throw notFound("run", id);
  return { id, row, unopened };
}

function readRun(c: AppContext, services: Services): Response {
  const { limit } = readQuery(c, { limit: pageLimit(500, 2_000) });
  const { id, row, unopened } = findRun(c, services);
  return c.json({
    run: row === undefined ? null : presentRun(row),
    ...(unopened === undefined ? {} : { unopened }),
    events: services.store.events.ofRun(id, limit, undefined),
  });
}

function runEvents(c: AppContext, services: Services): Response {
  const { view, limit, cursor } = readQuery(c, {
    view: VIEW,
    limit: pageLimit(500, 2_000),
    cursor: pageCursor(2),
  });
  return c.json(viewed(services.store.events.ofRun(findRun(c, services).id, limit, cursor), view));
}

function runSpans(c: AppContext, services: Services): Response {
  const { limit, cursor } = readQuery(c, { limit: pageLimit(500, 2_000), cursor: pageCursor(2) });
  const { row } = findRun(c, services);
  const { trace_id, span_id } = row ?? { trace_id: null, span_id: null };
  const page =
    trace_id === null
      ? { items: [], next_cursor: null }
      : services.store.spans.ofTrace(trace_id, limit, cursor);
  return c.json({ trace_id, span_id, ...page });
}

const CURSOR = "next_cursor of the page before";

export const runRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/runs",
    summary: "Runs, newest first",
    query: {
      session: "id of a session, or none for runs outside of any",
      agent: "key of the agent",
      status: STATUSES.join(", "),
      parent: "id of the parent run",
      trace_id: "trace the run's metadata names, in hex",
      limit: "1 to 500, default 50",
      cursor: CURSOR,
    },
    handle: listRuns,
  },
  {
    method: "GET",
    path: "/api/runs/:runId",
    summary:
      "A run with the first page of its events by sequence number; run is null for one that only events name",
    query: { limit: "events, 1 to 2000, default 500" },
    handle: readRun,
  },
  {
    method: "GET",
    path: "/api/runs/:runId/events",
    summary: "Events of a run by sequence number, then arrival",
    query: { view: VIEW_HELP, limit: "1 to 2000, default 500", cursor: CURSOR },
    handle: runEvents,
  },
  {
    method: "GET",
    path: "/api/runs/:runId/spans",
    summary: "Spans of the trace that the run's metadata.otel names; span_id is the run's own span",
    query: { limit: "1 to 2000, default 500", cursor: CURSOR },
    handle: runSpans,
  },
];
