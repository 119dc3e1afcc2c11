/**
 * The guardrail templates Apie documents (docs: guardrails/enable-guardrail-templates, recipes/mcp-enforcement). Their keys
 * are the vendor's; what exactly they match there is not documented, so here each says it in full.
 */
import type { Policy, PolicyMatch } from "./policy.ts";

const ANY: PolicyMatch = {
  tools: [],
  actions: [],
  resources: [],
  environments: [],
  risk_levels: [],
  agents: [],
  undeclared_tool: false,
};

const PRODUCTION = ["production", "prod"];

export const TEMPLATES: readonly Policy[] = [
  {
    key: "prod-secrets",
    name: "Secrets of production",
    decision: "block",
    reason: "Secrets of production are not for agents",
    match: { ...ANY, resources: ["secret"], environments: PRODUCTION },
  },
  {
    key: "prod-deploys",
    name: "Deployments to production",
    decision: "require_approval",
    reason: "Deployments to production need a human's approval",
    match: {
      ...ANY,
      actions: ["execute", "create", "update", "deploy"],
      resources: ["deployment_event", "pipeline_run"],
      environments: PRODUCTION,
    },
  },
  {
    key: "prod-database",
    name: "Changes of production databases",
    decision: "require_approval",
    reason: "Changes of production databases need a human's approval",
    match: {
      ...ANY,
      actions: ["create", "update", "delete", "write", "execute"],
      resources: ["database_record"],
      environments: PRODUCTION,
    },
  },
  {
    key: "prod-shell",
    name: "Shell commands in production",
    decision: "block",
    reason: "Shell commands in production are not for agents",
    match: { ...ANY, resources: ["shell_command"], environments: PRODUCTION },
  },
  {
    key: "prod-merge",
    name: "Merges",
    decision: "require_approval",
    reason: "Merges need a human's approval",
    match: { ...ANY, actions: ["merge"], resources: ["code_repository"] },
  },
  {
    key: "require_approval_unknown_mcp_tools",
    name: "Unknown MCP tools",
    decision: "require_approval",
    reason: "The agent has not declared this MCP tool",
    match: { ...ANY, tools: ["mcp/*"], undeclared_tool: true },
  },
];
