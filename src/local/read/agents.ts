import { boundaryOf } from "../boundary.ts";
import { pageCursor, pageLimit, pathParameter, readQuery } from "../http/query.ts";
import { notFound } from "../http/refusal.ts";
import type { AppContext, Route } from "../http/route.ts";
import type { Services } from "../services.ts";
import { presentAgent } from "../store/agents.ts";

const MAX_VERSIONS = 100;

function listAgents(c: AppContext, { store }: Services): Response {
  const { limit, cursor } = readQuery(c, { limit: pageLimit(50, 500), cursor: pageCursor() });
  return c.json(store.agents.list(limit, cursor));
}

function readAgent(c: AppContext, { store }: Services): Response {
  const id = pathParameter(c, "agentId");
  const agent = store.agents.byId(id) ?? store.agents.byKey(id);
  if (agent === undefined) throw notFound("agent", id);
  return c.json({
    agent: presentAgent(agent),
    versions: store.agents.versions(agent.id, MAX_VERSIONS),
    capabilities: store.declarations.capabilities(agent.id),
    tools: store.declarations.tools(agent.id),
    boundary: boundaryOf(store, agent.id),
  });
}

export const agentRoutes: readonly Route[] = [
  {
    method: "GET",
    path: "/api/agents",
    summary: "Agents, the one seen first last",
    query: { limit: "1 to 500, default 50", cursor: "next_cursor of the page before" },
    handle: listAgents,
  },
  {
    method: "GET",
    path: "/api/agents/:agentId",
    summary: "An agent by id or key: versions, capabilities, tools, declared against observed boundary",
    handle: readAgent,
  },
];
