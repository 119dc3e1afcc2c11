/** What is said of the agent when it registers. */
import { hostname } from "node:os";
import type { IdentifyBody } from "../apie-api/index.ts";
import type { ApieConfig } from "../config/index.ts";
import type { Redactor } from "../events/index.ts";

/** @param agentKey by which Apie knows the agent, in events too. */
export function identifyBody(config: ApieConfig, agentKey: string): IdentifyBody {
  const { agent, runtime, model } = config;
  const version = known({
    version: config.version?.version,
    framework: config.version?.framework ?? runtime?.framework,
    model_provider: config.version?.modelProvider ?? model?.provider,
    model_name: config.version?.modelName ?? model?.name,
  });
  const source = known({ git_sha: config.source?.gitSha, deployment_id: config.source?.deploymentId });
  return {
    agent: {
      key: agentKey,
      name: agent.name,
      purpose: agent.purpose,
      owner_email: agent.owner,
      team: agent.team,
      description: agent.description,
    },
    runtime: {
      environment: runtime?.environment,
      framework: runtime?.framework,
      language: config.language,
      sdk_version: config.sdkVersion,
    },
    model: model === undefined ? undefined : known({ provider: model.provider, name: model.name }),
    mode: config.mode,
    tools: config.tools?.map((tool) => ({
      name: tool.name,
      action_types: tool.actionTypes,
      resource_types: tool.resourceTypes,
      risk_level: tool.riskLevel,
      provider: tool.provider,
    })),
    prompt_hash: config.promptHash,
    hostname: process.env.HOSTNAME ?? hostname(),
    version,
    source,
  };
}

function known(members: Record<string, string | undefined>): Record<string, string> | undefined {
  const entries = Object.entries(members).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

/**
 * The same value without secrets, which are told by their form alone: a schema has members named `password`, and an agent
 * must be the one its events name.
 * @throws {TypeError} when it cannot be written as JSON.
 */
export function withoutSecrets<T>(value: T, redactor: Redactor): T {
  return clean(JSON.parse(JSON.stringify(value)), redactor) as T;
}

function clean(value: unknown, redactor: Redactor): unknown {
  if (typeof value === "string") return redactor.secrets(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => clean(item, redactor));
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [redactor.secrets(name), clean(member, redactor)]),
  );
}
