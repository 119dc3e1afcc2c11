/**
 * OpenTelemetry GenAI, old and current spellings (github.com/open-telemetry/semantic-conventions-genai), as written by
 * `@opentelemetry/instrumentation-openai`, AI SDK 7, and everything else that follows it.
 */
import type {
  Activity,
  ActivityKind,
  AgentFacts,
  ErrorFacts,
  StepFacts,
  ToolFacts,
} from "../../model/activity.ts";
import type { Convention, SpanView } from "../convention.ts";
import { failureOf } from "../failure.ts";
import { type ModelCallFields, readModelCall, type UsageFields } from "../model-call.ts";
import { finishReason, provider } from "../normalize.ts";
import { as, count, entryOf, flag, parseNumber, parseText, parseTexts, reader, text } from "../read.ts";

/** Only well-known values may decide what a span is; libraries invent others (`agent_step`, `model_chunk`, …). */
const OPERATIONS: Readonly<Record<string, ActivityKind>> = {
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

const readAgent = reader<AgentFacts>({
  name: text("gen_ai.agent.name", "gen_ai.workflow.name"),
  version: text("gen_ai.agent.version"),
});

const USAGE: UsageFields = {
  input: count("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"),
  output: count("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"),
  total: count("gen_ai.usage.total_tokens", "llm.usage.total_tokens"),
  cacheRead: count("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens"),
  cacheWrite: count(
    "gen_ai.usage.cache_write.input_tokens",
    "gen_ai.usage.cache_creation.input_tokens",
    "gen_ai.usage.cache_creation_input_tokens",
  ),
  reasoning: count(
    "gen_ai.usage.reasoning.output_tokens",
    "gen_ai.usage.reasoning_tokens",
    // AI SDK 7
    "ai.usage.outputTokenDetails.reasoningTokens",
  ),
};

const secondsToMs = (value: unknown): number | undefined => {
  const seconds = parseNumber(value);
  return seconds === undefined ? undefined : seconds * 1_000;
};

const MODEL_CALL: ModelCallFields = {
  operation: text("gen_ai.operation.name"),
  provider: as((value) => provider(parseText(value)), "gen_ai.provider.name", "gen_ai.system"),
  requestModel: text("gen_ai.request.model"),
  responseModel: text("gen_ai.response.model"),
  responseId: text("gen_ai.response.id"),
  finishReason: as((value) => finishReason(parseTexts(value)?.[0]), "gen_ai.response.finish_reasons"),
  stream: flag("gen_ai.request.stream"),
  timeToFirstTokenMs: as(
    secondsToMs,
    "gen_ai.response.time_to_first_chunk",
    "gen_ai.client.operation.time_to_first_chunk",
  ),
  usage: USAGE,
};

const readTool = reader<ToolFacts>({
  name: text("gen_ai.tool.name"),
  type: text("gen_ai.tool.type"),
  callId: text("gen_ai.tool.call.id"),
});

function stepOf(operation: string): StepFacts {
  const type = operation === "plan" ? "planning" : "memory";
  return { key: operation, name: operation, type };
}

/** `execute_tool get_weather`: the name is in the span's name where no attribute has it. */
function toolOf({ attributes, name }: SpanView): ToolFacts {
  const facts = readTool(attributes);
  const fromName = name.startsWith("execute_tool ") ? name.slice("execute_tool ".length) : name;
  return { ...facts, name: facts?.name ?? (parseText(fromName) || "unknown") };
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
  content({ attributes }, { kind }) {
    if (kind === "tool") {
      return {
        input: attributes["gen_ai.tool.call.arguments"],
        output: attributes["gen_ai.tool.call.result"],
      };
    }
    return {
      instructions: attributes["gen_ai.system_instructions"],
      input: attributes["gen_ai.input.messages"] ?? attributes["gen_ai.prompt"],
      output: attributes["gen_ai.output.messages"] ?? attributes["gen_ai.completion"],
    };
  },
};
