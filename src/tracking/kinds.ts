/** Which kinds of work are alike. */
import type { ActivityKind } from "../model/activity.ts";
import { ancestor, type SpanNode } from "./node.ts";

export const isModelCall = (kind: ActivityKind | undefined): boolean =>
  kind === "llm" || kind === "embedding";
export const isToolCall = (kind: ActivityKind | undefined): boolean => kind === "tool" || kind === "mcp";

/** An MCP request that is also the tool call: its convention says so, and no tool span is above it in the run. */
export function standsForTool(node: SpanNode): boolean {
  if (node.opening?.mcp?.alsoTool !== true) return false;
  const above = ancestor(
    node,
    (candidate) => candidate.kind === "tool",
    (candidate) => candidate.rootOf !== undefined,
  );
  return above === undefined;
}

/** Work that opens a run of its own where no agent is above it. Embeddings and retrieval alone are no agent's work. */
export const opensImplicitRun = (kind: ActivityKind): boolean => kind === "llm" || isToolCall(kind);
