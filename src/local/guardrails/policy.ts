/** A policy: which actions it is about, and what it says of them. */
import type { EvaluateBody } from "../wire/guardrails.ts";

export const DECISIONS = ["allow", "warn", "require_approval", "block"] as const;
export type Decision = (typeof DECISIONS)[number];

/** Conditions that all must hold; an empty list asks nothing. Texts may hold `*`, and case does not count. */
export interface PolicyMatch {
  /** Names of tools, also `provider/name`. */
  readonly tools: readonly string[];
  /** Types of actions, or their names. */
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly environments: readonly string[];
  readonly risk_levels: readonly string[];
  /** Keys of agents. */
  readonly agents: readonly string[];
  /** Only for tools the agent has not declared. */
  readonly undeclared_tool: boolean;
}

export interface Policy {
  readonly key: string;
  readonly name: string;
  readonly decision: Decision;
  readonly reason: string | null;
  readonly match: PolicyMatch;
}

/** What a policy looks at, read once for all of them. */
export interface Subject {
  readonly agentKey: string;
  readonly tool: string | undefined;
  readonly toolProvider: string | undefined;
  readonly actionType: string;
  readonly actionName: string | undefined;
  readonly resource: string;
  readonly environment: string | undefined;
  readonly risk: string | undefined;
  readonly isDeclaredTool: boolean;
}

export function subjectOf(
  { agent_key, action, resource, tool, risk_level }: EvaluateBody,
  isDeclaredTool: boolean,
): Subject {
  const ownRisk = action.riskLevel ?? action.risk_level;
  return {
    agentKey: agent_key,
    tool: tool?.name,
    toolProvider: tool?.provider ?? undefined,
    actionType: action.type,
    actionName: action.name ?? undefined,
    resource: resource.type,
    environment: resource.environment ?? undefined,
    risk: risk_level ?? (typeof ownRisk === "string" ? ownRisk : undefined) ?? tool?.riskLevel ?? undefined,
    isDeclaredTool,
  };
}

export function matches({ match }: Policy, subject: Subject): boolean {
  const { tool, toolProvider } = subject;
  const asProvided = tool === undefined || toolProvider === undefined ? undefined : `${toolProvider}/${tool}`;
  return (
    anyOf(match.tools, tool, asProvided) &&
    anyOf(match.actions, subject.actionType, subject.actionName) &&
    anyOf(match.resources, subject.resource) &&
    anyOf(match.environments, subject.environment) &&
    anyOf(match.risk_levels, subject.risk) &&
    anyOf(match.agents, subject.agentKey) &&
    !(match.undeclared_tool && (tool === undefined || subject.isDeclaredTool))
  );
}

function anyOf(patterns: readonly string[], ...values: (string | undefined)[]): boolean {
  if (patterns.length === 0) return true;
  return patterns.some((pattern) =>
    values.some((value) => value !== undefined && fits(pattern.toLowerCase(), value.toLowerCase())),
  );
}

/** `*` stands for any text. Told apart piece by piece: an expression made of a pattern could be made to take for ever. */
export function fits(pattern: string, text: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return pattern === text;
  const last = rest.pop() ?? "";
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length)
    return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const piece of rest) {
    const found = text.indexOf(piece, at);
    if (found === -1 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return at <= end;
}
