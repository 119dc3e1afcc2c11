/** Requests to MCP servers. */
import { contentOf, type EventFacts, type EventParts } from "./facts.ts";

export function mcpCall({ activity }: EventFacts): Record<string, unknown> {
  const { mcp, action, resource } = activity;
  return {
    ...activity.payloadSummary,
    server: mcp?.server,
    tool: mcp?.toolName,
    method: mcp?.method,
    action_type: action?.type,
    resource_type: resource?.type,
    inferred: action?.inferred,
    environment: resource?.environment,
  };
}

export function mcpEnd(facts: EventFacts): EventParts {
  const content = contentOf(facts);
  return {
    payload_summary: { ...mcpCall(facts), duration_ms: facts.durationMs },
    metadata: { ...facts.activity.metadata, arguments: content?.input, result: content?.output },
  };
}

export function toolsListed({ activity }: EventFacts): EventParts {
  const { mcp } = activity;
  const server = mcp?.server ?? "mcp";
  // Not every convention names the tools: then their number is not known either, and is not none.
  const tools = mcp?.toolNames === undefined ? undefined : [...mcp.toolNames];
  return {
    step_name: `${server}.tools_list`,
    payload_summary: { server, tool_count: mcp?.toolCount ?? tools?.length, tools },
    metadata: { ...activity.metadata, mcp: { server, server_version: mcp?.serverVersion, tools } },
  };
}
