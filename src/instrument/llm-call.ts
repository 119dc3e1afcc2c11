/** A model call in progress. */
import {
  ATTR_AGENT_LLM_COST_AMOUNT,
  ATTR_AGENT_LLM_COST_CURRENCY,
  ATTR_AGENT_LLM_USAGE_TOTAL_TOKENS,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_RESPONSE_FINISH_REASONS,
  ATTR_GEN_AI_RESPONSE_ID,
  ATTR_GEN_AI_RESPONSE_MODEL,
  ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_INPUT_TOKENS,
  ATTR_GEN_AI_USAGE_OUTPUT_TOKENS,
  ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS,
} from "../semconv/index.ts";
import { finiteNumber, wholeNumber } from "./attributes.ts";
import { type Given, members } from "./given.ts";
import type { ResponseInput, UsageInput } from "./inputs.ts";
import type { RunStats } from "./run.ts";
import type { Work } from "./work.ts";
import type { SpanWriter } from "./writer.ts";

/** What the callback of `withLlmCall` may add to its call, until the call, or the stream it gave, has ended. */
export interface LlmCall {
  /** Tokens of this call; the last one counts. */
  setUsage(usage: UsageInput): void;
  /** What the model answered, as far as it is known; later calls add to earlier ones. */
  setResponse(response: ResponseInput): void;
}

export class LiveLlmCall implements LlmCall {
  readonly #work: Work;
  readonly #writer: SpanWriter;
  readonly #stats: RunStats | undefined;
  #counted: Given<UsageInput> | undefined;

  constructor(work: Work, writer: SpanWriter, stats: RunStats | undefined) {
    this.#work = work;
    this.#writer = writer;
    this.#stats = stats;
  }

  setUsage(usage: UsageInput): void {
    const given = members(usage);
    this.#counted = given;
    this.#work.set({
      [ATTR_GEN_AI_USAGE_INPUT_TOKENS]: wholeNumber(given.inputTokens),
      [ATTR_GEN_AI_USAGE_OUTPUT_TOKENS]: wholeNumber(given.outputTokens),
      [ATTR_GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS]: wholeNumber(given.cacheReadTokens),
      [ATTR_GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS]: wholeNumber(given.cacheWriteTokens),
      [ATTR_GEN_AI_USAGE_REASONING_OUTPUT_TOKENS]: wholeNumber(given.reasoningTokens),
      [ATTR_AGENT_LLM_USAGE_TOTAL_TOKENS]: wholeNumber(given.totalTokens),
    });
  }

  setResponse(response: ResponseInput): void {
    const { text } = this.#writer;
    const given = members(response);
    const finish = text.text(given.finishReason);
    const cost = members(given.cost);
    const amount = finiteNumber(cost.amount);
    this.#work.set({
      [ATTR_GEN_AI_RESPONSE_MODEL]: text.text(given.model),
      [ATTR_GEN_AI_RESPONSE_ID]: text.text(given.id),
      [ATTR_GEN_AI_RESPONSE_FINISH_REASONS]: finish === undefined ? undefined : [finish],
      [ATTR_GEN_AI_OUTPUT_MESSAGES]: this.#writer.content(given.output, "output"),
      [ATTR_AGENT_LLM_COST_AMOUNT]: amount,
      [ATTR_AGENT_LLM_COST_CURRENCY]: amount === undefined ? undefined : (text.text(cost.currency) ?? "USD"),
    });
  }

  /** To be called once, at the end. */
  count(): void {
    if (this.#stats === undefined) return;
    this.#stats.llmCalls += 1;
    if (this.#counted !== undefined) this.#stats.addUsage(this.#counted);
  }
}
