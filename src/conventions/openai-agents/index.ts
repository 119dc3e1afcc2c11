/**
 * OpenAI Agents (`@openai/agents`) as OpenInference's instrumentation brings its own traces to OpenTelemetry: the trace,
 * the call of `run()`, the agent and each of its turns are spans, and only the agent is one. A trace that fails never ends.
 */
import type { Convention, SpanView } from "../../model/convention.ts";
import { contentOf } from "../openinference/content.ts";
import { agentOf, FACTS as COMMON, type Facts, guardrail } from "../openinference/facts.ts";
import { failure } from "../openinference/failure.ts";
import { agentHandoffOf } from "../openinference/handoff.ts";
import { factsFor } from "../openinference/index.ts";
import { parseJson, parseText, parseToolName } from "../read.ts";

const convention = "openai-agents";

export const SCOPES: readonly string[] = [
  "@arizeai/openinference-instrumentation-openai-agents",
  "openinference.instrumentation.openai_agents",
];

/** Names of spans of the library's own, for work that has no name. */
const HANDOFF = "handoff";
const MCP_TOOLS = "mcp_tools";

const ignored: Facts = () => ({ kind: "none", convention });

/** Which span is the agent is said at its end; before, that it lies in a span of the library: the trace does not. */
const agent: Facts = (view, _convention, error) => {
  const isAgent =
    view.attributes["graph.node.id"] !== undefined ||
    (view.phase === "start" && view.parentScope === view.scope);
  return isAgent ? { kind: "run", convention, agent: agentOf(view), error } : { kind: "none", convention };
};

const tool: Facts = (view, _convention, error) => {
  const { attributes, name, phase } = view;
  const toolName = parseText(attributes["tool.name"]);
  // Hand-offs are named by their target when they have been made.
  if (toolName === undefined && name === HANDOFF) return { kind: "none", convention };
  if (toolName?.startsWith("handoff_to_"))
    return { kind: "handoff", convention, handoff: agentHandoffOf(attributes), error };
  if (name !== MCP_TOOLS) return COMMON.TOOL?.(view, convention, error);
  const listed = phase === "end" ? parseJson(attributes["output.value"]) : undefined;
  const toolNames = Array.isArray(listed)
    ? listed.map(parseToolName).filter((name) => name !== undefined)
    : undefined;
  return { kind: "mcp", convention, mcp: { method: "tools/list", server: "mcp", toolNames }, error };
};

/** One that trips ends the run. */
const tripwire: Facts = (view, _convention, error) => {
  const activity = guardrail(view, convention, error);
  if (activity?.guardrail?.triggered === true) {
    activity.guardrail.effectiveDecision = "block";
    activity.guardrail.enforcementAction = "block";
  }
  return activity;
};

export const FACTS: Readonly<Record<string, Facts>> = {
  ...COMMON,
  AGENT: agent,
  CHAIN: ignored,
  TOOL: tool,
  GUARDRAIL: tripwire,
};

const isOurs = ({ scope }: SpanView): boolean => SCOPES.includes(scope);

export const openAiAgents: Convention = {
  name: convention,
  read(view) {
    if (view.attributes["openinference.span.kind"] === undefined || !isOurs(view)) return undefined;
    return factsFor(view, FACTS)?.(view, convention, failure(view));
  },
  content: ({ attributes }, { kind }) => contentOf(attributes, kind),
  mayTurnOut: isOurs,
};
