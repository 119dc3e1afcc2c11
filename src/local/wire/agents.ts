/** Bodies of registration and of the declared boundary. The latter two are camelCase on the wire. */
import { z } from "zod";
import { mode, name, object, text, texts } from "./fields.ts";

export const IDENTIFY = z.object({
  agent: z.object({ key: name, name, purpose: text, owner_email: text, team: text, description: text }),
  runtime: z.object({ environment: text, framework: text, language: text, sdk_version: text }).nullish(),
  model: z.object({ provider: text, name: text }).nullish(),
  mode: mode.nullish(),
  tools: z
    .array(z.object({ name, action_types: texts, resource_types: texts, risk_level: text, provider: text }))
    .nullish(),
  prompt_hash: text,
  hostname: text,
  version: z.object({ version: text, framework: text, model_provider: text, model_name: text }).nullish(),
  source: z.object({ git_sha: text, deployment_id: text }).nullish(),
});

export type IdentifyBody = z.output<typeof IDENTIFY>;

export const DECLARE = z.object({
  capabilities: z.array(
    z.object({
      tool: z.object({ name, provider: text }),
      actions: texts,
      resources: texts,
      environments: texts,
      riskLevel: text,
    }),
  ),
});

export const DEFINE_TOOL = z.object({
  name,
  provider: text,
  description: text,
  inputSchema: object.nullish(),
  actionTypes: texts,
  resourceTypes: texts,
  riskLevel: text,
});
