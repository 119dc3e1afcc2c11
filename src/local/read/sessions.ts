import { z } from "zod";
import { pageCursor, pageLimit, readQuery, textFilter } from "../http/query.ts";
import type { AppContext, Route } from "../http/route.ts";
import { sessionOfPath } from "../ingest/sessions.ts";
import type { Services } from "../services.ts";
import { SESSION_KINDS } from "../wire/runs.ts";
import { VIEW, VIEW_HELP, viewed } from "./events.ts";

export const STATUSES = ["running", "completed", "failed", "cancelled"] as const;

function listSessions(c: AppContext, { store }: Services): Response {
  const { limit, cursor, ...filter } = readQuery(c, {
    status: z.enum(STATUSES).optional(),
    kind: z.enum(SESSION_KINDS).optional(),
    agent: textFilter,
    text: textFilter,
    limit: pageLimit(50, 500),
    cursor: pageCursor(),
  });
  return c.json(store.sessions.list(filter, limit, cursor));
}

function readSession(c: AppContext, services: Services): Response {
  const session = sessionOfPath(c, services);
  return c.json({
    session: services.store.sessions.present(session),
    unopened_runs: services.store.events.unopenedRuns({ session: session.id }),
  });
}

function sessionRuns(c: AppContext, services: Services): Response {
  const { id } = sessionOfPath(c, services);
  const { limit, cursor } = readQuery(c, { limit: pageLimit(200, 1_000), cursor: pageCursor() });
  return c.json(services.store.runs.list({ session: id }, "oldest", limit, cursor));
}

function sessionEvents(c: AppContext, services: Services): Response {
  const { id } = sessionOfPath(c, services);
  const { view, limit, cursor } = readQuery(c, {
    view: VIEW,
    limit: pageLimit(500, 2_000),
    cursor: pageCursor(3),
  });
  return c.json(viewed(services.store.events.ofSession(id, limit, cursor), view));
}

function sessionHandoffs(c: AppContext, services: Services): Response {
  const { id } = sessionOfPath(c, services);
  const { limit, cursor } = readQuery(c, { limit: pageLimit(200, 1_000), cursor: pageCursor() });
  return c.json(services.store.handoffs.ofSession(id, limit, cursor));
}

const CURSOR = "next_cursor of the page before";

export const sessionRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/sessions",
    summary: "Sessions, newest first, with their counts",
    query: {
      status: STATUSES.join(", "),
      kind: SESSION_KINDS.join(", "),
      agent: "key of an agent that orchestrates the session or has a run in it",
      text: "anywhere in the summaries or step names, or the whole id",
      limit: "1 to 500, default 50",
      cursor: CURSOR,
    },
    handle: listSessions,
  },
  {
    method: "GET",
    path: "/api/sessions/:sessionId",
    summary: "A session with its counts, and the runs that only events speak of",
    handle: readSession,
  },
  {
    method: "GET",
    path: "/api/sessions/:sessionId/runs",
    summary: "All runs of a session in the order they were opened",
    query: { limit: "1 to 1000, default 200", cursor: CURSOR },
    handle: sessionRuns,
  },
  {
    method: "GET",
    path: "/api/sessions/:sessionId/events",
    summary: "All events of a session by time, each run in its own order, then by session sequence number",
    query: { view: VIEW_HELP, limit: "1 to 2000, default 500", cursor: CURSOR },
    handle: sessionEvents,
  },
  {
    method: "GET",
    path: "/api/sessions/:sessionId/handoffs",
    summary: "Hand-offs of a session in order of arrival",
    query: { limit: "1 to 1000, default 200", cursor: CURSOR },
    handle: sessionHandoffs,
  },
];
