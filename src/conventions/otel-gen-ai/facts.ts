/** Where OTel GenAI keeps what: shared with the libraries that write its keys under a convention of their own. */
import type { AgentFacts, ContentFacts, ToolFacts } from "../../model/activity.ts";
import type { SpanView } from "../../model/convention.ts";
import type { AttributesLike } from "../../model/span.ts";
import type { ModelCallFields, UsageFields } from "../model-call.ts";
import { finishReason, provider } from "../normalize.ts";
import { as, count, flag, parseNumber, parseText, parseTexts, reader, text } from "../read.ts";

export const readAgent = reader<AgentFacts>({
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

export const MODEL_CALL: ModelCallFields = {
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

/** `execute_tool get_weather`: the name is in the span's name where no attribute has it. */
export function toolOf({ attributes, name }: SpanView): ToolFacts {
  const facts = readTool(attributes);
  const fromName = name.startsWith("execute_tool ") ? name.slice("execute_tool ".length) : name;
  return { ...facts, name: facts?.name ?? (parseText(fromName) || "unknown") };
}

export function toolContent(attributes: AttributesLike): ContentFacts {
  return {
    input: attributes["gen_ai.tool.call.arguments"],
    output: attributes["gen_ai.tool.call.result"],
  };
}

export function messages(attributes: AttributesLike): ContentFacts {
  return {
    instructions: attributes["gen_ai.system_instructions"],
    input: attributes["gen_ai.input.messages"] ?? attributes["gen_ai.prompt"],
    output: attributes["gen_ai.output.messages"] ?? attributes["gen_ai.completion"],
  };
}
