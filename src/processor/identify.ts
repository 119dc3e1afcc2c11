/** What is said of the agent when it registers. */
import { hostname } from "node:os";
import type { IdentifyBody } from "../apie-api/index.ts";
import type { ApieConfig } from "../config/index.ts";
import type { Redactor } from "../events/index.ts";

export function identifyBody(config: ApieConfig): IdentifyBody {
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
      key: agent.key,
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
  const copy: unknown = JSON.parse(JSON.stringify(value), (_name, member: unknown) =>
    typeof member === "string" ? redactor.secrets(member) : member,
  );
  return copy as T;
}
