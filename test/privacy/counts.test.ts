/** Usage counts survive every rule, in every convention: numbers of tokens are no tokens. */
import { expect, test } from "vitest";
import { Redactor } from "../../src/events/index.ts";
import type { ApieOptions } from "../../src/index.ts";
import { SPANS, type SpanExtras, type SpanSample, spanOf } from "./support/spans.ts";
import { watch } from "./support/watch.ts";

/** How each convention counts 12 tokens in and 3 out, 4 of them from the cache. */
const COUNTS: readonly (readonly [what: string, counts: Record<string, unknown>])[] = [
  [
    "apie: llm_call",
    {
      "gen_ai.usage.input_tokens": 12,
      "gen_ai.usage.output_tokens": 3,
      "gen_ai.usage.cache_read.input_tokens": 4,
    },
  ],
  [
    "otel-gen-ai: chat",
    {
      "gen_ai.usage.input_tokens": 12,
      "gen_ai.usage.output_tokens": 3,
      "gen_ai.usage.cache_read.input_tokens": 4,
    },
  ],
  [
    "otel-gen-ai: text_completion",
    {
      "gen_ai.usage.prompt_tokens": 12,
      "gen_ai.usage.completion_tokens": 3,
      "gen_ai.usage.cache_read_input_tokens": 4,
    },
  ],
  [
    "ai-sdk: ai.generateObject.doGenerate",
    { "ai.usage.inputTokens": 12, "ai.usage.outputTokens": 3, "ai.usage.cachedInputTokens": 4 },
  ],
  [
    "ai-sdk: ai.streamText.doStream",
    {
      "ai.usage.promptTokens": 12,
      "ai.usage.completionTokens": 3,
      "ai.usage.inputTokenDetails.cacheReadTokens": 4,
    },
  ],
  [
    "openinference: LLM ChatOpenAI",
    {
      "llm.token_count.prompt": 12,
      "llm.token_count.completion": 3,
      "llm.token_count.prompt_details.cache_read": 4,
    },
  ],
  [
    "openai-agents: LLM response",
    {
      "llm.token_count.prompt": 12,
      "llm.token_count.completion": 3,
      "llm.token_count.prompt_details.cache_read": 4,
    },
  ],
  [
    "traceloop: old chat",
    {
      "gen_ai.usage.prompt_tokens": 12,
      "gen_ai.usage.completion_tokens": 3,
      "gen_ai.usage.cache_read_input_tokens": 4,
    },
  ],
  [
    "langfuse: generation",
    { "langfuse.observation.usage_details": '{"input":8,"output":3,"total":15,"input_cached_tokens":4}' },
  ],
  [
    "mastra: model_generation",
    {
      "gen_ai.usage.input_tokens": 12,
      "gen_ai.usage.output_tokens": 3,
      "gen_ai.usage.cache_read.input_tokens": 4,
    },
  ],
];

const RULES: readonly (readonly [string, ApieOptions])[] = [
  ["no rules of the user's", {}],
  ["redactKeys of the vendor's list", { redactKeys: ["token", "secret", "password", "api_key"] }],
  [
    "redactKeys of words in counts",
    { redactKeys: ["token", "tokens", "input", "output", "cache", "usage", "total"] },
  ],
  ["a pattern for tokens", { redactDenyPatterns: [/token/i] }],
  ["a pattern for digits", { redactDenyPatterns: [/\d/] }],
  ["a hook that throws", { redact: () => failing() }],
];

function failing(): never {
  throw new Error("mask");
}

test.each(RULES)("with %s", async (what, options) => {
  const watched = await watch(options);
  for (const [sampled, counts] of COUNTS) {
    const sample = SPANS.find((one) => one.what === sampled) as SpanSample;
    const extras: SpanExtras = { attributes: counts };
    watched.apie.spanProcessor.onEnd(spanOf(sample, extras));
  }
  await watched.flush();
  const answers = watched.server.eventsOf("agent.llm.completed");
  expect(answers).toHaveLength(COUNTS.length);
  // What a mask should have looked at is withheld whole; the run's own sums are not its business.
  if (what !== "a hook that throws")
    for (const { payload_summary } of answers)
      expect(payload_summary).toMatchObject({ usage: { input: 12, output: 3, total: 15, cache_read: 4 } });
  const ends = watched.server.to(/\/complete$/).map(({ body }) => (body as { metadata: object }).metadata);
  for (const metadata of ends)
    expect(metadata).toMatchObject({ usage: { input: 12, output: 3, cache_read: 4 } });
});

/** As applications call them, in metadata of their own. */
const NAMED = {
  input_tokens: 12,
  outputTokens: 3,
  totalTokens: 15,
  token_count: 15,
  max_tokens: "512",
  promptTokensDetails: { cached_tokens: 4, audioTokens: 0 },
  "gen_ai.usage.cache_read.input_tokens": 4,
};

test.each([
  { redactKeys: ["token"] },
  { redactKeys: ["tokens", "count"] },
  { redactDenyPatterns: [/token/i] },
  { redactKeys: ["secret"], redactDenyPatterns: ["/tokens$/"] },
])("counts in metadata survive %j", (options) => {
  const redactor = new Redactor(options);
  expect(redactor.value(NAMED, "metadata")).toEqual(NAMED);
  expect(redactor.value({ list: [NAMED] }, "metadata")).toEqual({ list: [NAMED] });
  // In a text, patterns match what they match; the numbers stay.
  const text = redactor.text(JSON.stringify(NAMED));
  if (options.redactDenyPatterns === undefined) expect(text).toBe(JSON.stringify(NAMED));
  expect(text.match(/:("?\d+)/g)).toEqual(JSON.stringify(NAMED).match(/:("?\d+)/g));
});

test("what those rules are meant for is replaced all the same", () => {
  const redactor = new Redactor({
    redactKeys: ["token", "secret", "customer"],
    redactDenyPatterns: [/acme-\d+/],
  });
  const data = {
    token: 7,
    page_token: "p",
    client_secret: "c",
    customer_token_count: 5,
    input_tokens: "not a number",
    "acme-12 tokens": 1,
    secretary: "Jane",
    tokenizer: "o200k",
  };
  expect(redactor.value(data, "metadata")).toEqual({
    token: "[REDACTED]",
    page_token: "[REDACTED]",
    client_secret: "[REDACTED]",
    customer_token_count: "[REDACTED]",
    input_tokens: "[REDACTED]",
    "[REDACTED] tokens": "[REDACTED]",
    secretary: "Jane",
    tokenizer: "o200k",
  });
});

test("a count that is named exactly is replaced", () => {
  const redactor = new Redactor({ redactKeys: ["max_tokens"] });
  expect(redactor.value({ maxTokens: 5, input_tokens: 5 }, "m")).toEqual({
    maxTokens: "[REDACTED]",
    input_tokens: 5,
  });
});
