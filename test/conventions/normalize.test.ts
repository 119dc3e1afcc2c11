import { describe, expect, test } from "vitest";
import { finishReason, provider, usage } from "../../src/conventions/normalize.ts";

test.each([
  ["tool-calls", "tool_call"],
  ["tool_calls", "tool_call"],
  ["tool_use", "tool_call"],
  ["function_call", "tool_call"],
  ["content-filter", "content_filter"],
  ["end_turn", "stop"],
  ["stop_sequence", "stop"],
  ["max_tokens", "length"],
  ["stop", "stop"],
  ["SAFETY", "SAFETY"],
  ["constructor", "constructor"],
  [undefined, undefined],
])("the finish reason %s is %s", (given, expected) => {
  expect(finishReason(given)).toBe(expected);
});

test.each([
  ["openai", "openai"],
  ["OpenAI", "openai"],
  ["openai.chat", "openai"],
  ["anthropic.messages", "anthropic"],
  ["amazon-bedrock", "aws.bedrock"],
  ["bedrock", "aws.bedrock"],
  ["aws.bedrock", "aws.bedrock"],
  ["azure", "azure.ai.openai"],
  ["azure.chat", "azure.ai.openai"],
  ["azure-openai.responses", "azure.ai.openai"],
  ["azure.ai.inference", "azure.ai.inference"],
  ["az.ai.openai", "azure.ai.openai"],
  ["az.ai.inference", "azure.ai.inference"],
  ["google", "gcp.gemini"],
  ["google.generative-ai", "gcp.gemini"],
  ["google.vertex.chat", "gcp.vertex_ai"],
  ["google-vertex", "gcp.vertex_ai"],
  ["vertex_ai", "gcp.vertex_ai"],
  ["gcp.gemini", "gcp.gemini"],
  ["ibm.watsonx.ai", "ibm.watsonx.ai"],
  ["mistral.chat", "mistral_ai"],
  ["xai.responses", "x_ai"],
  ["moonshot", "moonshot_ai"],
  ["deepseek", "deepseek"],
  [".hidden", ".hidden"],
  ["constructor", "constructor"],
  // A framework that calls any model.
  ["langchain", undefined],
  [undefined, undefined],
])("the provider %s is %s", (given, expected) => {
  expect(provider(given)).toBe(expected);
});

describe("usage", () => {
  test("that includes cached tokens stays as it is", () => {
    const raw = { input: 100, cacheRead: 40, cacheWrite: 60, total: 120, output: 20 };
    expect(usage(raw)).toEqual(raw);
    expect(usage({ input: 5 })).toEqual({ input: 5 });
    expect(usage(undefined)).toBeUndefined();
  });

  test("that leaves them out gets them, and its total is no longer true", () => {
    expect(usage({ input: 10, cacheRead: 40, cacheWrite: 5, output: 2, total: 12 })).toEqual({
      input: 55,
      cacheRead: 40,
      cacheWrite: 5,
      output: 2,
      total: undefined,
    });
  });
});
