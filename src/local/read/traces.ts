import { pageCursor, pageLimit, pathParameter, readQuery } from "../http/query.ts";
import { notFound, refuseInvalidField } from "../http/refusal.ts";
import type { AppContext, Route } from "../http/route.ts";
import type { Services } from "../services.ts";

function readTrace(c: AppContext, { store }: Services): Response {
  const { limit, cursor } = readQuery(c, { limit: pageLimit(500, 2_000), cursor: pageCursor(2) });
  const traceId = pathParameter(c, "traceId").toLowerCase();
  if (!/^[0-9a-f]{32}$/.test(traceId)) throw refuseInvalidField("traceId", "must be 32 hex digits");
  const spans = store.spans.ofTrace(traceId, limit, cursor);
  if (spans.items.length === 0 && cursor === undefined) throw notFound("trace", traceId);
  return c.json({ trace_id: traceId, ...spans });
}

export const traceRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/traces/:traceId/spans",
    summary: "Spans of a trace by start time, with resource, scope, events and links",
    query: { limit: "1 to 2000, default 500", cursor: "next_cursor of the page before" },
    handle: readTrace,
  },
];
