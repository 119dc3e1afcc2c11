/**
 * OpenTelemetry GenAI, old and current spellings (github.com/open-telemetry/semantic-conventions-genai), as written by
 * `@opentelemetry/instrumentation-openai`, AI SDK 7, and everything else that follows it.
 */
import type { Activity, ActivityKind, ErrorFacts, StepFacts } from "../../model/activity.ts";
import type { Convention, SpanView } from "../../model/convention.ts";
import { failureOf } from "../failure.ts";
import { readModelCall } from "../model-call.ts";
import { entryOf, parseText } from "../read.ts";
import { MODEL_CALL, messages, readAgent, toolContent, toolOf } from "./facts.ts";

/** Only well-known values may decide what a span is; libraries invent others (`agent_step`, `model_chunk`, …). */
export const OPERATIONS: Readonly<Record<string, ActivityKind>> = {
  invoke_agent: "run",
  invoke_workflow: "run",
  handle_conversation_turn: "run",
  chat: "llm",
  text_completion: "llm",
  generate_content: "llm",
  embeddings: "embedding",
  retrieval: "retrieval",
  execute_tool: "tool",
  plan: "step",
  search_memory: "step",
  create_memory: "step",
  update_memory: "step",
  upsert_memory: "step",
  delete_memory: "step",
  create_memory_store: "step",
  delete_memory_store: "step",
  fetch_response: "none",
  create_agent: "none",
};

function stepOf(operation: string): StepFacts {
  const type = operation === "plan" ? "planning" : "memory";
  return { key: operation, name: operation, type };
}

type Facts = (view: SpanView, operation: string, error: ErrorFacts | undefined) => Activity;

const convention = "otel-gen-ai";

const modelCall =
  (kind: "llm" | "embedding"): Facts =>
  ({ attributes }, _operation, error) => ({
    kind,
    convention,
    llm: readModelCall(MODEL_CALL, attributes),
    error,
  });

/** What a span of each kind tells. */
const FACTS: Partial<Record<ActivityKind, Facts>> = {
  run: ({ attributes }, _operation, error) => ({
    kind: "run",
    convention,
    agent: readAgent(attributes),
    error,
  }),
  llm: modelCall("llm"),
  embedding: modelCall("embedding"),
  tool: (view, _operation, error) => ({ kind: "tool", convention, tool: toolOf(view), error }),
  step: (_view, operation, error) => ({ kind: "step", convention, step: stepOf(operation), error }),
  retrieval: ({ attributes }, _operation, error) => ({
    kind: "retrieval",
    convention,
    resource: { type: "knowledge_base", id: parseText(attributes["gen_ai.data_source.id"]) },
    action: { type: "read", name: "retrieval" },
    error,
  }),
};

export const otelGenAi: Convention = {
  name: convention,
  read(view) {
    const operation = view.attributes["gen_ai.operation.name"];
    if (typeof operation !== "string") return undefined;
    const kind = entryOf(OPERATIONS, operation);
    if (kind === undefined) return undefined;
    const error = view.phase === "end" ? failureOf(view.span) : undefined;
    return FACTS[kind]?.(view, operation, error) ?? { kind, convention, error };
  },
  content: ({ attributes }, { kind }) => (kind === "tool" ? toolContent(attributes) : messages(attributes)),
};
