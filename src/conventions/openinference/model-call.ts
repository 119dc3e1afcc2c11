/** Model calls and embeddings of OpenInference. */
import type { ModelCallFacts, Usage } from "../../model/activity.ts";
import type { AttributesLike } from "../../model/span.ts";
import { type ModelCallFields, readModelCall, readUsage, type UsageFields } from "../model-call.ts";
import { finishReason, provider } from "../normalize.ts";
import { as, count, parseNumber, parseText, text } from "../read.ts";
import { providerOf } from "./metadata.ts";

const USAGE: UsageFields = {
  input: count("llm.token_count.prompt"),
  output: count("llm.token_count.completion"),
  total: count("llm.token_count.total"),
  cacheRead: count("llm.token_count.prompt_details.cache_read", "llm.token_count.prompt_details.cache_input"),
  cacheWrite: count("llm.token_count.prompt_details.cache_write"),
  reasoning: count("llm.token_count.completion_details.reasoning"),
};

/** Of parameters, which may be anything, a model's name is told and nothing that is none. They may hold every tool that was offered; what is asked for comes before them. */
const MAX_SEARCHED = 1_024;
const MODEL = /"model(?:_name)?"\s*:\s*"([\w./:@+-]{1,128})"/;
const STREAM = /"stream(?:ing)?"\s*:\s*(true|false)/;

const parameter =
  (pattern: RegExp) =>
  (value: unknown): string | undefined =>
    typeof value === "string" ? pattern.exec(value.slice(0, MAX_SEARCHED))?.[1] : undefined;

const modelAsked = parameter(MODEL);
const streamAsked = parameter(STREAM);

const PROVIDER = ["llm.provider", "llm.system"] as const;

const CALL: ModelCallFields = {
  provider: as((value) => provider(parseText(value)), ...PROVIDER),
  requestModel: text("llm.request.model_name"),
  responseModel: text("llm.response.model_name", "llm.model_name"),
  finishReason: as((value) => finishReason(parseText(value)), "llm.finish_reason"),
  stream: as((value) => {
    const asked = streamAsked(value);
    return asked === undefined ? undefined : asked === "true";
  }, "llm.invocation_parameters"),
  usage: USAGE,
};

const EMBEDDING: ModelCallFields = {
  provider: CALL.provider,
  requestModel: text("embedding.model_name", "llm.model_name"),
  usage: USAGE,
};

/** `llm.model_name` is the model asked for in some instrumentations and the one that answered in others. */
export function modelCall(attributes: AttributesLike, isAnswered: boolean): ModelCallFacts {
  const facts = readModelCall(CALL, attributes);
  facts.operation = "chat";
  facts.provider ??= provider(providerOf(attributes));
  facts.requestModel ??= modelAsked(attributes["llm.invocation_parameters"]) ?? facts.responseModel;
  if (!isAnswered) facts.responseModel = undefined;
  const cost = costOf(attributes);
  if (cost !== undefined) {
    facts.costAmount = cost;
    facts.costCurrency = "USD";
  }
  return facts;
}

export function embeddingCall(attributes: AttributesLike): ModelCallFacts {
  const facts = readModelCall(EMBEDDING, attributes);
  facts.operation = "embeddings";
  return facts;
}

/** Totals that an agent span tells of itself. */
export const usageOf = (attributes: AttributesLike): Usage | undefined => readUsage(USAGE, attributes);

/** US dollars. */
export const costOf = (attributes: AttributesLike): number | undefined =>
  parseNumber(attributes["llm.cost.total"]);
