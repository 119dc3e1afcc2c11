/**
 * Vercel AI SDK, telemetry of v4 to v6 (`ai.*`, https://ai-sdk.dev/docs/ai-sdk-core/telemetry). Version 7 writes OTel GenAI
 * instead, with session and user under `ai.settings.context.*`.
 */
import type {
  Activity,
  ActivityKind,
  AgentFacts,
  ErrorFacts,
  ModelCallFacts,
  ToolFacts,
} from "../../model/activity.ts";
import type { Convention, SpanView } from "../../model/convention.ts";
import type { AttributesLike } from "../../model/span.ts";
import { failureOf } from "../failure.ts";
import { type ModelCallFields, readModelCall, type UsageFields } from "../model-call.ts";
import { finishReason, provider } from "../normalize.ts";
import { as, count, entryOf, number, parseJson, parseText, parseTexts, reader, text } from "../read.ts";

export const OPERATIONS: Readonly<Record<string, ActivityKind>> = {
  "ai.generateText": "run",
  "ai.streamText": "run",
  "ai.generateObject": "run",
  "ai.streamObject": "run",
  "ai.generateText.doGenerate": "llm",
  "ai.streamText.doStream": "llm",
  "ai.generateObject.doGenerate": "llm",
  "ai.streamObject.doStream": "llm",
  "ai.toolCall": "tool",
  "ai.embed.doEmbed": "embedding",
  "ai.embedMany.doEmbed": "embedding",
  "ai.rerank.doRerank": "retrieval",
  "ai.embed": "none",
  "ai.embedMany": "none",
  "ai.rerank": "none",
};

const readAgent = reader<AgentFacts>({
  name: text("ai.telemetry.functionId", "ai.telemetry.metadata.agent", "resource.name"),
});

const USAGE: UsageFields = {
  input: count(
    "ai.usage.inputTokens",
    "ai.usage.promptTokens",
    "gen_ai.usage.input_tokens",
    "ai.usage.tokens",
  ),
  output: count("ai.usage.outputTokens", "ai.usage.completionTokens", "gen_ai.usage.output_tokens"),
  total: count("ai.usage.totalTokens"),
  cacheRead: count("ai.usage.inputTokenDetails.cacheReadTokens", "ai.usage.cachedInputTokens"),
  cacheWrite: count("ai.usage.inputTokenDetails.cacheWriteTokens"),
  reasoning: count("ai.usage.outputTokenDetails.reasoningTokens", "ai.usage.reasoningTokens"),
};

const MODEL_CALL: ModelCallFields = {
  // `openai.chat`: vendor and API of the vendor.
  provider: as((value) => provider(parseText(value)), "ai.model.provider", "gen_ai.system"),
  requestModel: text("ai.model.id", "gen_ai.request.model"),
  responseModel: text("ai.response.model", "gen_ai.response.model"),
  responseId: text("ai.response.id", "gen_ai.response.id"),
  finishReason: as(
    (value) => finishReason(parseTexts(value)?.[0]),
    "ai.response.finishReason",
    "gen_ai.response.finish_reasons",
  ),
  timeToFirstTokenMs: number("ai.response.msToFirstChunk", "ai.stream.msToFirstChunk"),
  usage: USAGE,
};

const readTool = reader<ToolFacts>({
  name: text("ai.toolCall.name"),
  callId: text("ai.toolCall.id"),
});

function modelCall(attributes: AttributesLike, operation: string, name: string): ModelCallFacts {
  const facts = readModelCall(MODEL_CALL, attributes);
  facts.operation = name;
  if (operation.endsWith(".doStream")) facts.stream = true;
  return facts;
}

type Facts = (view: SpanView, operation: string, error: ErrorFacts | undefined) => Activity;

const convention = "ai-sdk";

/** What a span of each kind tells. */
const FACTS: Partial<Record<ActivityKind, Facts>> = {
  run: ({ attributes }, _operation, error) => ({
    kind: "run",
    convention,
    agent: readAgent(attributes),
    error,
  }),
  llm: ({ attributes }, operation, error) => ({
    kind: "llm",
    convention,
    llm: modelCall(attributes, operation, "chat"),
    error,
  }),
  embedding: ({ attributes }, operation, error) => ({
    kind: "embedding",
    convention,
    llm: modelCall(attributes, operation, "embeddings"),
    error,
  }),
  tool: ({ attributes, name }, _operation, error) => ({
    kind: "tool",
    convention,
    tool: { ...readTool(attributes), name: parseText(attributes["ai.toolCall.name"]) ?? name },
    error,
  }),
  retrieval: (_view, _operation, error) => ({
    kind: "retrieval",
    convention,
    resource: { type: "knowledge_base" },
    action: { type: "read", name: "rerank" },
    error,
  }),
};

/** `ai.operationId`, or in early versions the first word of `operation.name` (`ai.generateText my-function`). */
function operationOf({ attributes }: SpanView): string | undefined {
  const id = attributes["ai.operationId"];
  if (typeof id === "string") return id;
  const name = attributes["operation.name"];
  return typeof name === "string" && name.startsWith("ai.") ? name.split(" ", 1)[0] : undefined;
}

/** A model may answer in words and call tools at once; steps that only call have an empty text. */
function answerOf(attributes: SpanView["attributes"]): unknown {
  const text = attributes["ai.response.text"] || attributes["ai.response.object"] || undefined;
  const toolCalls = attributes["ai.response.toolCalls"];
  if (text === undefined || toolCalls === undefined) return text ?? toolCalls;
  return { text, tool_calls: parseJson(toolCalls) ?? toolCalls };
}

export const aiSdk: Convention = {
  name: convention,
  read(view) {
    const operation = operationOf(view);
    const kind = operation === undefined ? undefined : entryOf(OPERATIONS, operation);
    if (operation === undefined || kind === undefined) return undefined;
    const error = view.phase === "end" ? failureOf(view.span) : undefined;
    return FACTS[kind]?.(view, operation, error) ?? { kind, convention, error };
  },
  content({ attributes }, { kind }) {
    if (kind === "tool")
      return { input: attributes["ai.toolCall.args"], output: attributes["ai.toolCall.result"] };
    return {
      input:
        attributes["ai.prompt.messages"] ??
        attributes["ai.prompt"] ??
        attributes["ai.values"] ??
        attributes["ai.value"],
      output: answerOf(attributes),
    };
  },
};
