/** What an event is, in the words and colours of the page. */
import type { EventLine } from "../data/event-line.ts";
import { count } from "../data/words.ts";

export type Category =
  | "model"
  | "tool"
  | "mcp"
  | "step"
  | "handoff"
  | "guard"
  | "resource"
  | "error"
  | "other";

export const CATEGORIES: readonly { readonly id: Category; readonly label: string }[] = [
  { id: "model", label: "Models" },
  { id: "tool", label: "Tools" },
  { id: "mcp", label: "MCP" },
  { id: "step", label: "Steps" },
  { id: "handoff", label: "Hand-offs" },
  { id: "guard", label: "Guardrails" },
  { id: "resource", label: "Resources" },
  { id: "error", label: "Errors" },
  { id: "other", label: "Other" },
];

const PREFIXES: readonly (readonly [string, Category])[] = [
  ["agent.llm.", "model"],
  ["agent.tool.", "tool"],
  ["agent.action.", "tool"],
  ["agent.mcp.", "mcp"],
  ["agent.workflow.", "step"],
  ["agent.handoff.", "handoff"],
  ["agent.guardrail.", "guard"],
  ["agent.approval.", "guard"],
  ["agent.resource.", "resource"],
  ["agent.error", "error"],
];

export const categoryOf = ({ type }: Pick<EventLine, "type">): Category =>
  PREFIXES.find(([prefix]) => type.startsWith(prefix))?.[1] ?? "other";

/** What must not be overlooked. */
export type Tone = "error" | "block" | "approval" | "warn";

const REFUSED: ReadonlySet<string> = new Set(["rejected", "denied", "cancelled", "expired", "timeout"]);

export const isRefusal = (status: string | undefined): boolean => status !== undefined && REFUSED.has(status);

export function toneOf(line: EventLine): Tone | undefined {
  const { type, decision, enforcement, approval_status } = line;
  if (type === "agent.error" || type.endsWith(".failed")) return "error";
  if (type === "agent.approval.requested") return "approval";
  if (type === "agent.approval.resolved") return isRefusal(approval_status) ? "block" : "approval";
  if (type !== "agent.guardrail.evaluated") return undefined;
  if (decision === "block" || enforcement === "block") return "block";
  if (decision === "require_approval") return "approval";
  return decision === "warn" ? "warn" : undefined;
}

export const shortType = (type: string): string => type.replace(/^agent\./, "");

const joined = (separator: string, ...parts: (string | undefined)[]): string | undefined =>
  parts.filter(Boolean).join(separator) || undefined;

/** What the event is about: the tool, the model, the step, the two of a hand-off. */
export function subjectOf(line: EventLine): string | undefined {
  switch (categoryOf(line)) {
    case "model":
      return line.model;
    case "mcp":
      return joined(" / ", line.mcp_server, line.tool);
    case "step":
      return line.step;
    case "handoff":
      return joined(" → ", line.source, line.target);
    default:
      return line.tool ?? joined(" ", line.action, line.resource) ?? line.model;
  }
}

export function tokensOf({ tokens_in, tokens_out }: EventLine): string | undefined {
  if (tokens_in === undefined && tokens_out === undefined) return undefined;
  return `${count(tokens_in ?? 0)} → ${count(tokens_out ?? 0)} tokens`;
}

/** How it went and what with, beside the subject. */
export function detailOf(line: EventLine): string {
  const resource = line.resource === "unknown" ? undefined : line.resource;
  const subject = subjectOf(line);
  const said = [
    line.action === undefined ? resource : joined(" ", line.action, resource),
    line.resource_id,
    line.approval_status === undefined ? undefined : joined(" by ", line.approval_status, line.resolved_by),
    line.decision,
    line.reason,
    line.outcome,
    tokensOf(line),
    line.error,
  ];
  return [...new Set(said.filter((part) => part !== undefined && part !== subject))].join(" · ");
}

/** All that is searched in, in lower case. */
export const searchTextOf = (line: EventLine): string =>
  `${line.type} ${line.agent_key} ${line.step ?? ""} ${subjectOf(line) ?? ""} ${detailOf(line)} ${line.event_id}`.toLowerCase();
