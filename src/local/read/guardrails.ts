import { z } from "zod";
import { pageCursor, pageLimit, readQuery, textFilter } from "../http/query.ts";
import type { AppContext, Route } from "../http/route.ts";
import type { Services } from "../services.ts";

function listDecisions(c: AppContext, { store }: Services): Response {
  const { run, limit, cursor } = readQuery(c, {
    run: textFilter,
    limit: pageLimit(50, 500),
    cursor: pageCursor(),
  });
  return c.json(store.guardrails.decisions({ run }, limit, cursor));
}

function listApprovals(c: AppContext, { store }: Services): Response {
  const { status, limit, cursor } = readQuery(c, {
    status: z.string().min(1).optional(),
    limit: pageLimit(50, 500),
    cursor: pageCursor(),
  });
  return c.json(store.guardrails.approvals({ status }, limit, cursor));
}

const PAGE = { limit: "1 to 500, default 50", cursor: "next_cursor of the page before" };

export const guardrailRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/decisions",
    summary: "Guardrail decisions, newest first",
    query: { run: "id of the run", ...PAGE },
    handle: listDecisions,
  },
  {
    method: "GET",
    path: "/api/approvals",
    summary: "Approvals, newest first",
    query: { status: "pending, approved, rejected, …", ...PAGE },
    handle: listApprovals,
  },
];
