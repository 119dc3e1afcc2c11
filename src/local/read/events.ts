import { z } from "zod";
import { pageCursor, pageLimit, pathParameter, readQuery, textFilter } from "../http/query.ts";
import { notFound } from "../http/refusal.ts";
import type { AppContext, Route } from "../http/route.ts";
import type { Services } from "../services.ts";

function listEvents(c: AppContext, { store }: Services): Response {
  const { type, order, limit, cursor, ...filter } = readQuery(c, {
    type: textFilter,
    agent: textFilter,
    run: textFilter,
    session: textFilter,
    tool: textFilter,
    order: z.enum(["oldest", "newest"]).default("oldest"),
    limit: pageLimit(200, 2_000),
    cursor: pageCursor(),
  });
  return c.json(store.events.list({ ...filter, types: type?.split(",") }, order, limit, cursor));
}

function readEvent(c: AppContext, { store }: Services): Response {
  const id = pathParameter(c, "eventId");
  const event = store.events.byId(id);
  if (event === undefined) throw notFound("event", id);
  return c.json({ event, raw: store.events.rawById(id) });
}

export const eventRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/events",
    summary: "Events by arrival; last_cursor goes on from here even when nothing more has come yet",
    query: {
      type: "one type or several with commas",
      agent: "key of the agent",
      run: "id of the run",
      session: "id of the session",
      tool: "name of the tool",
      order: "oldest (default) or newest first",
      limit: "1 to 2000, default 200",
      cursor: "next_cursor or last_cursor of the page before",
    },
    handle: listEvents,
  },
  {
    method: "GET",
    path: "/api/events/:eventId",
    summary: "An event, and its JSON exactly as it was sent",
    handle: readEvent,
  },
];
