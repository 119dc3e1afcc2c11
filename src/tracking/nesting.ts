/** What an agent span below another agent is: part of that run, or a run of its own. */
import type { Activity } from "../model/activity.ts";
import { ancestor, type SpanNode } from "./node.ts";
import type { RunState } from "./run.ts";

export type Nesting = "fold" | "child";

const isBoundary = (node: SpanNode): boolean =>
  node.kind === "tool" || node.kind === "handoff" || node.kind === "mcp";

/**
 * Under a run of our API a foreign agent is the same work seen by its library, unless our own code handed it over (tool or
 * hand-off span between) or its name is declared. Under a foreign run, another name is another agent.
 */
export function nestingOf(
  node: SpanNode,
  activity: Activity,
  run: RunState,
  isDeclared: (agentName: string) => boolean,
): Nesting {
  const name = activity.agent?.name;
  if (name !== undefined && isDeclared(name) && name !== run.agentName) return "child";
  if (run.origin === "api" || run.origin === "external") {
    const inRun = (candidate: SpanNode): boolean => candidate.rootOf === run;
    return ancestor(node, isBoundary, inRun) === undefined ? "fold" : "child";
  }
  if (name === undefined || run.agentName === undefined || run.nameIsAssumed) return "fold";
  return name === run.agentName ? "fold" : "child";
}
