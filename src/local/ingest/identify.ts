/** `POST /v1/agents/identify`: an agent, and a version of it for each configuration it was seen with. */
import { createHash } from "node:crypto";
import { readObject, withWarnings } from "../http/body.ts";
import type { AppContext, Route } from "../http/route.ts";
import type { Services } from "../services.ts";
import { IDENTIFY, type IdentifyBody } from "../wire/agents.ts";
import { orNull } from "../wire/fields.ts";

/** Objects with sorted keys and without nulls, so that equal configurations have equal text. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, field]) => field !== null && field !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, field]) => [key, canonical(field)]),
  );
}

/**
 * What decides how the agent behaves makes a version: framework, language, SDK, model, version, source, prompt and
 * tools. Where it runs (environment, hostname, deployment), its mode and whom to ask about it do not.
 */
function configurationOf(body: IdentifyBody): unknown {
  const { environment: _, ...runtime } = body.runtime ?? {};
  return canonical({
    runtime,
    model: body.model ?? {},
    version: body.version ?? {},
    git_sha: body.source?.git_sha,
    prompt_hash: body.prompt_hash,
    tools: body.tools?.toSorted((a, b) => (a.name < b.name ? -1 : 1)) ?? [],
  });
}

async function identify(c: AppContext, services: Services): Promise<Response> {
  const { body, warnings } = await readObject(c, services, IDENTIFY);
  const config = configurationOf(body);
  const configHash = createHash("sha256").update(JSON.stringify(config)).digest("hex");
  const now = services.timestamp();
  const { agents } = services.store;
  const { agent, version } = services.store.transaction(() => {
    const { key, name, purpose, owner_email, team, description } = body.agent;
    const agent = agents.identify(
      {
        key,
        name,
        purpose: orNull(purpose),
        owner_email: orNull(owner_email),
        team: orNull(team),
        description: orNull(description),
        mode: orNull(body.mode),
      },
      now,
    );
    return { agent, version: agents.version(agent.id, configHash, config, now) };
  });
  services.changes.publish([{ kind: "agent", id: agent.id }]);
  const answer = {
    agent_id: agent.id,
    agent_version_id: version.id,
    workspace_id: "ws_local",
    config_hash: configHash,
    status: "registered",
    created: agent.created,
    version_created: version.created,
    ingest_url: `${services.url()}/v1/events`,
    recommended_next_step: agent.created ? "Send a run: its session replay appears at dashboard_url" : "",
    dashboard_url: services.url(),
  };
  return c.json(withWarnings(answer, warnings), agent.created ? 201 : 200);
}

export const identifyRoutes: readonly Route[] = [
  {
    method: "POST",
    path: "/v1/agents/identify",
    summary: "Register an agent and the version its configuration makes",
    handle: identify,
  },
];
