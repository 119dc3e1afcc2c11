/** What a span of each OpenInference kind tells. */
import type { Activity, AgentFacts, ErrorFacts, ToolFacts } from "../../model/activity.ts";
import type { SpanView } from "../../model/convention.ts";
import type { AttributesLike } from "../../model/span.ts";
import { parseText, readField, text } from "../read.ts";
import { agnoStep, agnoWorkflow, isAgnoRun, silentFailure } from "./agno.ts";
import { jumpOf, mayBeHandoff } from "./handoff.ts";
import { graphNodeOf } from "./metadata.ts";
import { costOf, embeddingCall, modelCall, usageOf } from "./model-call.ts";

export type Facts = (
  view: SpanView,
  convention: string,
  error: ErrorFacts | undefined,
) => Activity | undefined;

const AGENT_NAME = text("agent.name", "graph.node.name", "graph.node.id");
const CALL_ID = text("tool.id", "tool_call.id");

export function agentOf({ attributes, name }: SpanView): AgentFacts {
  return { name: readField(AGENT_NAME, attributes) ?? parseText(name) };
}

function agentRun(view: SpanView, convention: string, error: ErrorFacts | undefined): Activity {
  const activity: Activity = { kind: "run", convention, agent: agentOf(view), error };
  const usage = usageOf(view.attributes);
  // Totals of an agent whose model calls may not be seen.
  if (usage !== undefined) activity.run = { usage, costUsd: costOf(view.attributes) };
  if (view.phase === "end" && isAgnoRun(view.attributes)) silentFailure(view.attributes, activity);
  return activity;
}

/** A node of a graph is a step; anything else is an agent's run where no run is above it, and plumbing below one. */
const chain: Facts = (view, convention, error) => {
  const { attributes, name } = view;
  const ofAgno = agnoStep(view, convention, error) ?? agnoWorkflow(view, convention, error);
  if (ofAgno !== undefined) return ofAgno;
  const node = graphNodeOf(attributes);
  if (node === undefined)
    return { kind: "run", convention, agent: { name: parseText(name), assumed: true }, error };
  if (node !== name || node.startsWith("__")) return { kind: "none", convention };
  return { kind: "step", convention, step: { key: node, name: node }, error };
};

function toolFacts(attributes: AttributesLike, name: string): ToolFacts {
  const facts: ToolFacts = { name };
  const callId = readField(CALL_ID, attributes);
  if (callId !== undefined) facts.callId = callId;
  // Claude's name for a tool of an MCP server.
  if (name.startsWith("mcp__")) facts.provider = "mcp";
  return facts;
}

const tool: Facts = (view, convention, error) => {
  const { attributes } = view;
  const name = parseText(attributes["tool.name"]) ?? parseText(view.name) ?? "unknown";
  if (mayBeHandoff(name)) {
    // Whether, whom and from whom is known when it has been called.
    if (view.phase === "start") return { kind: "none", convention };
    const handoff = jumpOf(attributes, name);
    if (handoff !== undefined) return { kind: "handoff", convention, handoff, error };
  }
  return { kind: "tool", convention, tool: toolFacts(attributes, name), error };
};

const retrieval =
  (name: string): Facts =>
  (_view, convention, error) => ({
    kind: "retrieval",
    convention,
    resource: { type: "knowledge_base" },
    action: { type: "read", name },
    error,
  });

export const guardrail: Facts = ({ attributes, name }, convention, error) => {
  const triggered = attributes["guardrail.triggered"];
  return {
    kind: "guardrail",
    convention,
    guardrail: {
      name: parseText(attributes["tool.name"]) ?? parseText(name),
      triggered: typeof triggered === "boolean" ? triggered : undefined,
      policyDecision: triggered === true ? "block" : "allow",
    },
    error,
  };
};

const ignored: Facts = (_view, convention) => ({ kind: "none", convention });

export const FACTS: Readonly<Record<string, Facts>> = {
  LLM: ({ attributes, phase }, convention, error) => ({
    kind: "llm",
    convention,
    llm: modelCall(attributes, phase === "end" && error === undefined),
    error,
  }),
  EMBEDDING: ({ attributes }, convention, error) => ({
    kind: "embedding",
    convention,
    llm: embeddingCall(attributes),
    error,
  }),
  AGENT: agentRun,
  CHAIN: chain,
  TOOL: tool,
  RETRIEVER: retrieval("retrieval"),
  RERANKER: retrieval("rerank"),
  GUARDRAIL: guardrail,
  EVALUATOR: ignored,
  PROMPT: ignored,
};
