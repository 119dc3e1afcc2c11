import { z } from "zod";
import { pageCursor, pageLimit, pathParameter, readQuery, textFilter } from "../http/query.ts";
import { notFound } from "../http/refusal.ts";
import type { AppContext, Route } from "../http/route.ts";
import type { Services } from "../services.ts";
import type { StoredEvent } from "../store/events.ts";
import type { Page } from "../store/paging.ts";
import { lineOf } from "./event-lines.ts";

/** `view` of the lists of events. */
export const VIEW = z.enum(["full", "lines"]).default("full");
export const VIEW_HELP = "full (default), or lines: what one line of a replay shows";

/** The page of events as it was asked for. */
export const viewed = (page: Page<StoredEvent>, view: z.output<typeof VIEW>) =>
  view === "full" ? page : { ...page, items: page.items.map(lineOf) };

function listEvents(c: AppContext, { store }: Services): Response {
  const { type, order, view, limit, cursor, ...filter } = readQuery(c, {
    type: textFilter,
    agent: textFilter,
    run: textFilter,
    session: textFilter,
    tool: textFilter,
    action: textFilter,
    resource: textFilter,
    text: textFilter,
    view: VIEW,
    order: z.enum(["oldest", "newest"]).default("oldest"),
    limit: pageLimit(200, 2_000),
    cursor: pageCursor(),
  });
  const page = store.events.list({ ...filter, types: type?.split(",") }, order, limit, cursor);
  return c.json(viewed(page, view));
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
      action: "type of the action",
      resource: "type of the resource",
      text: "anywhere in the event's JSON",
      view: VIEW_HELP,
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
