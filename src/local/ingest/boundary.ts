/** The boundary an agent declares: `capabilities/declare` and `tools/define`. */
import { readObject, withWarnings } from "../http/body.ts";
import { pathParameter } from "../http/query.ts";
import { notFound } from "../http/refusal.ts";
import type { AppContext, Route } from "../http/route.ts";
import type { Services } from "../services.ts";
import type { AgentRow } from "../store/agents.ts";
import { DECLARE, DEFINE_TOOL } from "../wire/agents.ts";
import { orNull } from "../wire/fields.ts";

/** The agent the path names by its id. @throws Refusal 404 */
export function agentOfPath(c: AppContext, services: Services): AgentRow {
  const id = pathParameter(c, "agentId");
  const agent = services.store.agents.byId(id);
  if (agent === undefined) throw notFound("agent", id);
  return agent;
}

async function declareCapabilities(c: AppContext, services: Services): Promise<Response> {
  const agent = agentOfPath(c, services);
  const { body, warnings } = await readObject(c, services, DECLARE);
  const now = services.timestamp();
  const declared = services.store.transaction(() =>
    body.capabilities.map(({ tool, actions, resources, environments, riskLevel }) =>
      services.store.declarations.declare(
        agent.id,
        {
          tool: { name: tool.name, provider: orNull(tool.provider) },
          actions: actions ?? [],
          resources: resources ?? [],
          environments: environments ?? [],
          risk_level: orNull(riskLevel),
        },
        now,
      ),
    ),
  );
  services.changes.publish([{ kind: "agent", id: agent.id }]);
  return c.json(withWarnings({ agent_id: agent.id, declared }, warnings));
}

async function defineTool(c: AppContext, services: Services): Promise<Response> {
  const agent = agentOfPath(c, services);
  const { body, warnings } = await readObject(c, services, DEFINE_TOOL);
  const now = services.timestamp();
  const tool = services.store.transaction(() =>
    services.store.declarations.define(
      agent.id,
      {
        name: body.name,
        provider: orNull(body.provider),
        description: orNull(body.description),
        input_schema: orNull(body.inputSchema),
        action_types: body.actionTypes ?? [],
        resource_types: body.resourceTypes ?? [],
        risk_level: orNull(body.riskLevel),
      },
      now,
    ),
  );
  services.changes.publish([{ kind: "agent", id: agent.id }]);
  return c.json(withWarnings(tool, warnings), tool.created ? 201 : 200);
}

export const boundaryRoutes: readonly Route[] = [
  {
    method: "POST",
    path: "/v1/agents/:agentId/capabilities/declare",
    summary: "Declare capabilities; one for the same tool and provider is replaced",
    handle: declareCapabilities,
  },
  {
    method: "POST",
    path: "/v1/agents/:agentId/tools/define",
    summary: "Define a tool; one of the same name and provider is replaced",
    handle: defineTool,
  },
];
