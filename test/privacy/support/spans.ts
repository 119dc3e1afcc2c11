/** One span of every kind of every convention, with what identifies it and no content. */
import type { HrTime, SpanLike } from "../../../src/model/span.ts";

type Attributes = Record<string, unknown>;

export interface SpanSample {
  /** The convention, and the kind of work. */
  readonly what: string;
  readonly name: string;
  readonly scope: string;
  readonly kind?: number;
  readonly attributes: Attributes;
}

const AI_SDK = "ai";
const OPENINFERENCE = "@arizeai/openinference-instrumentation-langchain";
const OPENAI_AGENTS = "@arizeai/openinference-instrumentation-openai-agents";
const TRACELOOP = "@traceloop/node-server-sdk";
const TRACELOOP_MCP = "@traceloop/instrumentation-mcp";
const LANGFUSE = "langfuse-sdk";
const MASTRA = "@mastra/otel-bridge";
const CLIENT = 2;

const sample = (
  what: string,
  name: string,
  scope: string,
  attributes: Attributes,
  kind?: number,
): SpanSample => ({ what, name, scope, attributes, ...(kind === undefined ? {} : { kind }) });

const own = (operation: string, more: Attributes = {}): SpanSample =>
  sample(`apie: ${operation}`, `${operation} x`, "apie-otel", {
    "agent.operation.name": operation,
    "agent.key": "support",
    ...more,
  });

const genAi = (operation: string, more: Attributes = {}): SpanSample =>
  sample(`otel-gen-ai: ${operation}`, `${operation} x`, "some-library", {
    "gen_ai.operation.name": operation,
    ...more,
  });

const mcp = (method: string, more: Attributes = {}): SpanSample =>
  sample(`otel-mcp: ${method}`, method, "some-mcp", { "mcp.method.name": method, ...more }, CLIENT);

const aiSdk = (operation: string, more: Attributes = {}): SpanSample =>
  sample(`ai-sdk: ${operation}`, operation, AI_SDK, { "ai.operationId": operation, ...more });

const openInference = (
  kind: string,
  name: string,
  scope = OPENINFERENCE,
  more: Attributes = {},
): SpanSample =>
  sample(`${scope === OPENAI_AGENTS ? "openai-agents" : "openinference"}: ${kind} ${name}`, name, scope, {
    "openinference.span.kind": kind,
    ...more,
  });

const traceloop = (kind: string): SpanSample =>
  sample(`traceloop: ${kind}`, `work.${kind}`, TRACELOOP, {
    "traceloop.span.kind": kind,
    "traceloop.entity.name": "work",
  });

const langfuse = (type: string): SpanSample =>
  sample(`langfuse: ${type}`, "work", LANGFUSE, { "langfuse.observation.type": type });

const mastra = (type: string, name: string): SpanSample =>
  sample(`mastra: ${type}`, name, MASTRA, { "mastra.span.type": type, "gen_ai.tool.name": "search" });

export const SPANS: readonly SpanSample[] = [
  own("session", { "agent.session.id": "s1" }),
  own("run", { "agent.run.id": "r1" }),
  own("workflow_step", { "agent.step.key": "one" }),
  own("reasoning"),
  own("plan"),
  own("llm_call", { "gen_ai.request.model": "m", "gen_ai.provider.name": "openai" }),
  own("tool_call", { "gen_ai.tool.name": "search" }),
  own("mcp_request", { "mcp.method.name": "tools/call", "gen_ai.tool.name": "search" }),
  own("mcp_request", { "mcp.method.name": "resources/read" }),
  own("handoff", { "agent.handoff.id": "h1", "agent.handoff.target.key": "billing" }),
  own("guardrail", { "agent.guardrail.name": "g" }),
  own("approval", { "agent.approval.id": "a1", "agent.approval.status": "approved" }),
  own("action", { "agent.action.type": "read", "agent.action.name": "look" }),
  own("resource_access", { "agent.resource.type": "work_item" }),
  own("event", { "agent.event.type": "custom" }),
  own("error", { "error.type": "TypeError" }),
  genAi("invoke_agent", { "gen_ai.agent.name": "Support" }),
  genAi("chat", { "gen_ai.request.model": "m", "gen_ai.provider.name": "openai" }),
  genAi("text_completion", { "gen_ai.request.model": "m", "gen_ai.system": "openai" }),
  genAi("generate_content", { "gen_ai.request.model": "m", "gen_ai.system": "gemini" }),
  genAi("embeddings", { "gen_ai.request.model": "m" }),
  genAi("retrieval"),
  genAi("execute_tool", { "gen_ai.tool.name": "search" }),
  genAi("plan"),
  genAi("search_memory"),
  genAi("create_agent"),
  mcp("tools/call", { "gen_ai.tool.name": "search" }),
  mcp("tools/list"),
  mcp("resources/read"),
  mcp("initialize"),
  aiSdk("ai.generateText", { "ai.telemetry.functionId": "support" }),
  aiSdk("ai.streamText"),
  aiSdk("ai.generateObject.doGenerate", { "ai.model.id": "m", "ai.model.provider": "openai.chat" }),
  aiSdk("ai.streamText.doStream", { "ai.model.id": "m", "ai.model.provider": "openai.chat" }),
  aiSdk("ai.toolCall", { "ai.toolCall.name": "search" }),
  aiSdk("ai.embedMany.doEmbed", { "ai.model.id": "m" }),
  aiSdk("ai.rerank.doRerank"),
  openInference("AGENT", "agent"),
  openInference("CHAIN", "chain"),
  openInference("CHAIN", "node"),
  openInference("LLM", "ChatOpenAI"),
  openInference("EMBEDDING", "embed"),
  openInference("TOOL", "search"),
  openInference("TOOL", "transfer_to_billing"),
  openInference("RETRIEVER", "retrieve"),
  openInference("RERANKER", "rerank"),
  openInference("GUARDRAIL", "guard", OPENINFERENCE, { "guardrail.triggered": true }),
  openInference("AGENT", "Support", OPENAI_AGENTS, { "graph.node.id": "Support" }),
  openInference("LLM", "response", OPENAI_AGENTS),
  openInference("TOOL", "search", OPENAI_AGENTS, { "tool.name": "search" }),
  openInference("TOOL", "handoff", OPENAI_AGENTS, { "tool.name": "handoff_to_Billing" }),
  openInference("TOOL", "mcp_tools", OPENAI_AGENTS, { "tool.name": "mcp_tools" }),
  openInference("GUARDRAIL", "guard", OPENAI_AGENTS, { "guardrail.triggered": true }),
  traceloop("workflow"),
  traceloop("agent"),
  traceloop("task"),
  traceloop("tool"),
  sample("traceloop: old chat", "openai.chat", "@traceloop/instrumentation-openai", {
    "llm.request.type": "chat",
    "gen_ai.request.model": "m",
    "gen_ai.system": "OpenAI",
  }),
  sample("traceloop: guardrail", "guard", TRACELOOP, {
    "gen_ai.guardrail.name": "g",
    "gen_ai.guardrail.status": "FAILED",
  }),
  sample("traceloop: mcp tool", "search.tool", TRACELOOP_MCP, { "traceloop.entity.name": "search" }),
  sample("traceloop: mcp list", "tools/list.mcp", TRACELOOP_MCP, {}),
  sample("traceloop: mcp resource", "resources/read.mcp", TRACELOOP_MCP, {}),
  langfuse("agent"),
  langfuse("generation"),
  langfuse("embedding"),
  langfuse("tool"),
  langfuse("chain"),
  langfuse("retriever"),
  langfuse("guardrail"),
  mastra("agent_run", "invoke_agent Support"),
  mastra("workflow_step", "step one"),
  mastra("model_generation", "chat m"),
  mastra("tool_call", "execute_tool search"),
  mastra("mcp_tool_call", "execute_tool search"),
  sample(
    "http",
    "GET",
    "@opentelemetry/instrumentation-http",
    {
      "http.request.method": "GET",
      "server.address": "api.example",
    },
    CLIENT,
  ),
  sample(
    "http by its address",
    "GET",
    "@opentelemetry/instrumentation-undici",
    {
      "http.request.method": "GET",
    },
    CLIENT,
  ),
  sample(
    "database",
    "SELECT",
    "@opentelemetry/instrumentation-pg",
    {
      "db.system.name": "postgresql",
      "db.namespace": "app",
    },
    CLIENT,
  ),
];

/** What else of a span may hold content: how it failed, what happened in it, what it is linked to. */
export interface SpanExtras {
  attributes?: Attributes;
  events?: readonly { name: string; attributes?: Attributes }[];
  links?: readonly { context: { traceId: string; spanId: string }; attributes?: Attributes }[];
  status?: { code: number; message?: string };
  resource?: Attributes;
}

const TIME: HrTime = [1_760_000_000, 0];
let made = 0;

/** The span at its end, in a trace of its own, with what is planted in it; at its start it has the same attributes. */
export function spanOf(sampled: SpanSample, extras: SpanExtras = {}, at: SpanPlace = place()): SpanLike {
  return {
    name: sampled.name,
    kind: sampled.kind ?? 0,
    spanContext: () => ({ traceId: at.traceId, spanId: at.spanId, traceFlags: 1 }),
    ...(at.parentId === undefined ? {} : { parentSpanContext: { traceId: at.traceId, spanId: at.parentId } }),
    startTime: TIME,
    endTime: [TIME[0], 5_000_000],
    ended: true,
    status: extras.status ?? { code: 0 },
    attributes: Object.freeze({ ...sampled.attributes, ...extras.attributes }),
    links: extras.links ?? [],
    events: extras.events ?? [],
    resource: { attributes: { "service.name": "test", ...extras.resource } },
    instrumentationScope: { name: sampled.scope },
  };
}

export interface SpanPlace {
  traceId: string;
  spanId: string;
  parentId?: string;
}

/** A place in a trace; without one, in a new trace. */
export function place(traceId?: string, parentId?: string): SpanPlace {
  made += 1;
  const id = made.toString(16);
  return {
    traceId: traceId ?? id.padStart(32, "a"),
    spanId: id.padStart(16, "b"),
    ...(parentId === undefined ? {} : { parentId }),
  };
}
