/** Where each convention says what a span is, and the values it knows there: the tables of the code itself. */
import { OPERATIONS as AI_SDK } from "../../src/conventions/ai-sdk/index.ts";
import { KINDS as APIE } from "../../src/conventions/apie/index.ts";
import { TYPES as LANGFUSE } from "../../src/conventions/langfuse/index.ts";
import { TYPES as MASTRA } from "../../src/conventions/mastra/index.ts";
import {
  FACTS as OPENAI_AGENTS,
  SCOPES as OPENAI_AGENTS_SCOPES,
} from "../../src/conventions/openai-agents/index.ts";
import { FACTS as OPENINFERENCE } from "../../src/conventions/openinference/facts.ts";
import { OPERATIONS as OTEL_GEN_AI } from "../../src/conventions/otel-gen-ai/index.ts";
import { METHODS } from "../../src/conventions/otel-mcp/index.ts";
import { KINDS as TRACELOOP } from "../../src/conventions/traceloop/index.ts";

export interface Probe {
  /** The attribute that decides. */
  attribute: string;
  values: readonly string[];
  /** What such a span bears beside it. */
  scope?: string | undefined;
  also?: Readonly<Record<string, unknown>>;
}

/** By name of the convention. */
export const PROBES: Readonly<Record<string, Probe>> = {
  apie: { attribute: "agent.operation.name", values: Object.keys(APIE) },
  "otel-gen-ai": { attribute: "gen_ai.operation.name", values: Object.keys(OTEL_GEN_AI) },
  "otel-mcp": { attribute: "mcp.method.name", values: [...METHODS] },
  "ai-sdk": { attribute: "ai.operationId", values: Object.keys(AI_SDK) },
  openinference: { attribute: "openinference.span.kind", values: Object.keys(OPENINFERENCE) },
  "openai-agents": {
    attribute: "openinference.span.kind",
    values: Object.keys(OPENAI_AGENTS),
    scope: OPENAI_AGENTS_SCOPES[0],
    also: { "graph.node.id": "agent" },
  },
  traceloop: { attribute: "traceloop.span.kind", values: Object.keys(TRACELOOP) },
  langfuse: { attribute: "langfuse.observation.type", values: Object.keys(LANGFUSE) },
  mastra: { attribute: "mastra.span.type", values: Object.keys(MASTRA) },
};
