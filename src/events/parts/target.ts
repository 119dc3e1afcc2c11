/** The tool that was used, the action that was done, and the resource it was done to. */
import type { Activity } from "../../model/activity.ts";
import type { WireEvent } from "../wire.ts";
import { type EventFacts, type EventParts, UNKNOWN, wordOf } from "./facts.ts";

const RISKS = ["low", "medium", "high", "critical"] as const;

export function toolPart({ activity }: EventFacts): WireEvent["tool"] {
  const { tool, mcp } = activity;
  const name = tool?.name ?? mcp?.toolName;
  if (name === undefined) return undefined;
  return {
    name,
    provider: tool?.provider ?? (mcp === undefined ? undefined : "mcp"),
    risk_level: wordOf(RISKS, tool?.riskLevel),
  };
}

export function actionPart({ activity, name }: EventFacts): WireEvent["action"] {
  const { action, tool, mcp } = activity;
  return {
    type: action?.type ?? "execute",
    name: (action?.name ?? tool?.name ?? mcp?.toolName ?? name) || UNKNOWN,
    risk_level: wordOf(RISKS, action?.riskLevel) ?? wordOf(RISKS, tool?.riskLevel),
  };
}

export function resourcePart(facts: EventFacts): NonNullable<WireEvent["resource"]> {
  const { resource, mcp } = facts.activity;
  const uri = resource === undefined ? mcp?.resourceUri : undefined;
  return {
    type: resource?.type ?? (uri === undefined ? UNKNOWN : uri.startsWith("file:") ? "file" : "mcp_resource"),
    // Where a server keeps what is content: https://opentelemetry.io/docs/specs/semconv/gen-ai/mcp/
    external_id: resource?.id ?? (facts.captureContent ? uri : undefined),
    provider: resource?.provider,
    environment: resource?.environment,
  };
}

export function actionFields(facts: EventFacts): EventParts {
  return {
    tool: toolPart(facts),
    action: actionPart(facts),
    resource: resourcePart(facts),
    environment: facts.activity.resource?.environment,
    metadata: toolMetadata(facts),
  };
}

export function toolMetadata({ activity, durationMs }: EventFacts): Record<string, unknown> {
  return {
    ...activity.metadata,
    call_id: activity.tool?.callId,
    tool_type: activity.tool?.type,
    inferred: activity.action?.inferred,
    boundary: boundaryMark(activity),
    duration_ms: durationMs,
  };
}

/** What lies outside of what was declared. */
export function boundaryMark({ boundary }: Activity): Record<string, unknown> | undefined {
  if (boundary === undefined) return undefined;
  return {
    undeclared_tool: boundary.undeclaredTool,
    unknown_resource_type: boundary.unknownResourceType,
  };
}
